import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  decodeFunctionData,
  encodeFunctionResult,
  encodeEventTopics,
  encodeAbiParameters,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  toHex,
  type Abi,
  type AbiEvent,
  type Address,
  type Hex,
  type TransactionSerialized,
} from "viem";

/** A contract in memory. What it refuses it throws. */
export interface MemoryContract {
  readonly abi: Abi;
  /** Answers a call as of a block. */
  read(name: string, args: readonly unknown[], block: number): unknown;
  /** Does a transaction. */
  write?(name: string, args: readonly unknown[], from: Address): void;
}

interface StoredLog {
  readonly block: number;
  readonly transaction: Hex;
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** A transaction that is in a block. */
export interface MinedTransaction {
  readonly hash: Hex;
  readonly from: Address;
  readonly to: Address;
  readonly block: number;
  readonly nonce: number;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly reverted: boolean;
}

/** A client may be held up before a request is looked at, and before its answer leaves. Who never comes back was killed. */
export type Gate = (client: string, when: "before" | "after", method: string) => Promise<void>;

/**
 * An execution client in this process, for tests: JSON-RPC with logs and with reads of old blocks, one block a slot, transactions in the
 * head's block as soon as they are sent. Each caller has a URL of its own, so that one of them can be cut off.
 */
export class FakeExecution {
  readonly contracts = new Map<string, MemoryContract>();
  readonly mined: MinedTransaction[] = [];
  readonly chainId = 1337;
  readonly genesisTime: number;
  head = 0;
  gate: Gate = () => Promise.resolve();
  /** Wei of an account as of a block. */
  balanceAt: (account: Address, block: number) => bigint = () => 10n ** 21n;
  readonly #logs: StoredLog[] = [];
  #server: Server | undefined;
  #transaction: Hex = toHex(0, { size: 32 });

  constructor(genesisTime: number) {
    this.genesisTime = genesisTime;
  }

  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((body) => response.setHeader("content-type", "application/json").end(body));
    }).listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** @param client names who asks */
  urlFor(client: string): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}/${client}`;
  }

  /** Records an event of a contract in the head's block. */
  emit(
    address: Address,
    abi: Abi,
    eventName: string,
    args: Readonly<Record<string, unknown>>,
    block = this.head,
  ): void {
    const event = abi.find((item): item is AbiEvent => item.type === "event" && item.name === eventName);
    if (!event) throw new Error(`no event ${eventName}`);
    const topics = encodeEventTopics({ abi: [event], eventName, args } as never) as Hex[];
    const plain = event.inputs.filter(({ indexed }) => indexed !== true);
    const data = encodeAbiParameters(
      plain,
      plain.map(({ name }) => args[name ?? ""]),
    );
    this.#logs.push({ block, transaction: this.#transaction, address, topics, data });
  }

  async #answer(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const {
      id,
      method,
      params = [],
    } = JSON.parse(Buffer.concat(chunks).toString()) as {
      id: number;
      method: string;
      params?: never[];
    };
    const client = (request.url ?? "").slice(1);
    await this.gate(client, "before", method);
    let body: object;
    try {
      body = { result: await this.#run(method, params) };
    } catch (error) {
      body = { error: { code: 3, message: `execution reverted: ${(error as Error).message}`, data: "0x" } };
    }
    await this.gate(client, "after", method);
    return JSON.stringify({ jsonrpc: "2.0", id, ...body });
  }

  async #run(method: string, params: readonly unknown[]): Promise<unknown> {
    const [first, second] = params as [Hex, Hex];
    switch (method) {
      case "eth_chainId":
        return toHex(this.chainId);
      case "eth_blockNumber":
        return toHex(this.head);
      case "eth_getBlockByNumber":
        return this.#block(this.#number(first));
      case "eth_getBalance":
        return toHex(this.balanceAt(first, this.#number(second)));
      case "eth_getTransactionCount":
        return toHex(this.#count(first));
      case "eth_maxPriorityFeePerGas":
      case "eth_gasPrice":
        return toHex(10 ** 9);
      case "eth_call":
        return this.#call(params[0] as Record<string, Hex>, this.#number(second));
      case "eth_estimateGas":
        return this.#estimate(params[0] as Record<string, Hex>);
      case "eth_getLogs":
        return this.#find(params[0] as LogFilter);
      case "eth_getTransactionReceipt":
        return this.#receipt(first);
      case "eth_sendRawTransaction":
        return await this.#send(first);
      default:
        throw new Error(`the method ${method} does not exist`);
    }
  }

  #number(tag: string | undefined): number {
    return tag?.startsWith("0x") ? Number(tag) : this.head;
  }

  #block(number: number): unknown {
    return number > this.head
      ? null
      : {
          number: toHex(number),
          hash: toHex(number, { size: 32 }),
          timestamp: toHex(this.genesisTime + number * 12),
          baseFeePerGas: toHex(7),
          transactions: this.mined.filter(({ block }) => block === number).map(({ hash }) => hash),
        };
  }

  #count(account: Address): number {
    return this.mined.filter(({ from }) => from.toLowerCase() === account.toLowerCase()).length;
  }

  #contract(to: Hex): MemoryContract {
    const contract = this.contracts.get(to.toLowerCase());
    if (!contract) throw new Error(`no contract at ${to}`);
    return contract;
  }

  #call({ to = "0x", data = "0x" }: Record<string, Hex>, block: number): Hex {
    const contract = this.#contract(to);
    const { functionName, args } = decodeFunctionData({ abi: contract.abi, data });
    const result = contract.read(functionName, args ?? [], block);
    return encodeFunctionResult({ abi: contract.abi, functionName, result } as never);
  }

  /** As clients do: a call that would be refused has no estimate. */
  #estimate({ to = "0x", data = "0x" }: Record<string, Hex>): Hex {
    const contract = this.#contract(to);
    const { functionName, args } = decodeFunctionData({ abi: contract.abi, data });
    contract.read(`check:${functionName}`, args ?? [], this.head);
    return toHex(100_000);
  }

  #find({ address, topics = [], fromBlock, toBlock }: LogFilter): unknown[] {
    const [from, to] = [fromBlock ? this.#number(fromBlock) : 0, this.#number(toBlock)];
    return this.#logs.flatMap((log, index) =>
      log.block >= from &&
      log.block <= to &&
      log.address.toLowerCase() === address.toLowerCase() &&
      topics.every((topic, at) => topic === null || [topic].flat().includes(log.topics[at] ?? "0x"))
        ? [
            {
              address: log.address,
              topics: log.topics,
              data: log.data,
              blockNumber: toHex(log.block),
              transactionHash: log.transaction,
              transactionIndex: "0x0",
              blockHash: toHex(log.block, { size: 32 }),
              logIndex: toHex(index),
              removed: false,
            },
          ]
        : [],
    );
  }

  async #send(raw: Hex): Promise<Hex> {
    const hash = keccak256(raw);
    const from = await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerialized });
    const { to, data = "0x", nonce = 0 } = parseTransaction(raw);
    if (this.mined.some((transaction) => transaction.hash === hash)) throw new Error("already known");
    if (nonce !== this.#count(from)) throw new Error(nonce < this.#count(from) ? "nonce too low" : "nonce too high");
    const contract = this.#contract(to ?? "0x");
    const { functionName: name, args = [] } = decodeFunctionData({ abi: contract.abi, data });
    this.#transaction = hash;
    let reverted = false;
    try {
      contract.read(`check:${name}`, args, this.head);
      contract.write?.(name, args, from);
    } catch {
      reverted = true;
    }
    this.mined.push({ hash, from, to: to ?? "0x", block: this.head, nonce, name, args, reverted });
    return hash;
  }

  #receipt(hash: Hex): unknown {
    const transaction = this.mined.find((each) => each.hash === hash);
    if (!transaction) return null;
    return {
      transactionHash: hash,
      blockNumber: toHex(transaction.block),
      blockHash: toHex(transaction.block, { size: 32 }),
      transactionIndex: "0x0",
      from: transaction.from,
      to: transaction.to,
      status: transaction.reverted ? "0x0" : "0x1",
      gasUsed: toHex(21_000),
      cumulativeGasUsed: toHex(21_000),
      effectiveGasPrice: toHex(7),
      logs: [],
      logsBloom: toHex(0, { size: 256 }),
      type: "0x2",
    };
  }
}

interface LogFilter {
  readonly address: Address;
  readonly topics?: readonly (Hex | readonly Hex[] | null)[];
  readonly fromBlock?: string;
  readonly toBlock?: string;
}
