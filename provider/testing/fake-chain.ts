import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  decodeFunctionData,
  encodeFunctionResult,
  getCreate2Address,
  keccak256,
  parseTransaction,
  recoverTransactionAddress,
  toHex,
  type Abi,
  type Address,
  type Hex,
  type TransactionSerialized,
} from "viem";
import { DETERMINISTIC_DEPLOYER } from "../chain/artifact.ts";

/** A contract as two functions: what a call returns, and what a transaction does. Either may throw a {@link FakeRevert}. */
export interface FakeContract {
  readonly abi: Abi;
  call?(name: string, args: readonly unknown[]): unknown;
  execute?(name: string, args: readonly unknown[], valueWei: bigint): void;
}

/** What a node answers instead of a result. */
export class RpcFault extends Error {
  readonly code: number;
  readonly data: Hex | undefined;

  constructor(message: string, code = -32_000, data?: Hex) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** A contract that refuses, with its encoded error. */
export class FakeRevert extends RpcFault {
  constructor(data: Hex) {
    super("execution reverted", 3, data);
  }
}

/** A transaction as the fake node received it. */
export interface ReceivedTransaction {
  readonly hash: Hex;
  readonly from: Address;
  readonly to: Address;
  readonly nonce: number;
  readonly value: bigint;
  readonly data: Hex;
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** An execution client in this process, for tests: JSON-RPC over loopback, a pool, blocks on demand, contracts as functions. */
export class FakeChain {
  readonly received: ReceivedTransaction[] = [];
  readonly mined: ReceivedTransaction[] = [];
  readonly contracts = new Map<string, FakeContract>();
  readonly code = new Map<string, Hex>();
  readonly storage = new Map<string, Hex>();
  chainId = 1337;
  balance = 10n ** 21n;
  gasEstimate = 50_000n;
  /** Whether a transaction is in a block as soon as it is sent. */
  automine = true;
  /** What the node has lost: the index from a transaction to its receipt, or the receipts too. */
  lost: "nothing" | "index" | "receipts" = "nothing";
  /** Runtime code that init code leaves behind. */
  runtimeOf: (initCode: Hex) => Hex = (initCode) => initCode;
  /** Runs before a raw transaction is looked at; may throw a fault, or drop the connection by returning "hang up". */
  onSend: (transaction: ReceivedTransaction) => unknown = () => undefined;
  #server: Server | undefined;
  readonly #pool = new Map<string, ReceivedTransaction>();
  readonly #reverted = new Set<Hex>();

  /** Starts the server. */
  async start(): Promise<this> {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((body) => {
        if (body === undefined) request.socket.destroy();
        else response.setHeader("content-type", "application/json").end(body);
      });
    }).listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.code.set(DETERMINISTIC_DEPLOYER.toLowerCase(), "0x60");
    return this;
  }

  /** Stops the server and its connections. */
  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  /** How a resource reaches this chain. */
  get connection(): { rpcUrl: string; chainId: number } {
    return { rpcUrl: this.url, chainId: this.chainId };
  }

  /** Puts what the pool holds into a block. */
  mine(): void {
    for (const transaction of [...this.#pool.values()].sort((left, right) => left.nonce - right.nonce))
      this.#execute(transaction);
    this.#pool.clear();
  }

  async #answer(request: IncomingMessage): Promise<string | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const {
      id,
      method,
      params = [],
    } = JSON.parse(Buffer.concat(chunks).toString()) as {
      id: number;
      method: string;
      params: never[];
    };
    try {
      const result = await this.#run(method, params);
      return result === "hang up" ? undefined : JSON.stringify({ jsonrpc: "2.0", id, result });
    } catch (error) {
      const { code, data } = error instanceof RpcFault ? error : new RpcFault("", -32_603);
      return JSON.stringify({ jsonrpc: "2.0", id, error: { code, message: (error as Error).message, data } });
    }
  }

  async #run(method: string, params: readonly unknown[]): Promise<unknown> {
    const [first, second] = params as [Hex, Hex];
    switch (method) {
      case "eth_chainId":
        return toHex(this.chainId);
      case "eth_getTransactionCount":
        return toHex(this.#count(first, second === ("pending" as Hex)));
      case "eth_getBalance":
        return toHex(this.balance);
      case "eth_blockNumber":
        return toHex(this.mined.length);
      case "eth_getBlockByNumber":
        return this.#block(/^0x/.test(first) ? Number(first) : this.mined.length);
      case "eth_getBlockReceipts":
        if (this.lost === "receipts") return [];
        return [this.#receipt(this.mined[Number(first) - 1]?.hash ?? "0x")];
      case "eth_estimateGas":
        this.#dryRun(params[0] as Record<string, Hex>);
        return toHex(this.gasEstimate);
      case "eth_call":
        return this.#call(params[0] as Record<string, Hex>);
      case "eth_getCode":
        return this.code.get(first.toLowerCase()) ?? "0x";
      case "eth_getStorageAt":
        return this.storage.get(first.toLowerCase()) ?? toHex(0, { size: 32 });
      case "eth_getTransactionReceipt":
        return this.lost === "nothing" ? this.#receipt(first) : null;
      case "eth_sendRawTransaction":
        return await this.#send(first);
      default:
        throw new RpcFault(`the method ${method} does not exist`, -32_601);
    }
  }

  /** Each transaction has a block of its own. */
  #block(number: number): unknown {
    const transaction = this.mined[number - 1];
    return {
      number: toHex(number),
      timestamp: toHex(Math.floor(Date.now() / 1_000)),
      baseFeePerGas: toHex(7),
      transactions: transaction ? [transaction.hash] : [],
    };
  }

  #count(account: Hex, pending: boolean): number {
    const own = [...this.mined, ...(pending ? this.#pool.values() : [])].filter(
      ({ from }) => from.toLowerCase() === account.toLowerCase(),
    );
    return own.length;
  }

  #call({ to = "0x", data = "0x" }: Record<string, Hex>): Hex {
    const contract = this.contracts.get(to.toLowerCase());
    if (!contract?.call) return "0x";
    const { functionName, args } = decodeFunctionData({ abi: contract.abi, data });
    const result = contract.call(functionName, args ?? []);
    return encodeFunctionResult({ abi: contract.abi, functionName, result } as never);
  }

  /** Lets a contract say that it would refuse, without doing anything: contracts keep their state in `execute` alone. */
  #dryRun({ to = "0x", data = "0x" }: Record<string, Hex>): void {
    const contract = this.contracts.get(to.toLowerCase());
    if (!contract?.call || data === "0x") return;
    const { functionName, args } = decodeFunctionData({ abi: contract.abi, data });
    contract.call(`estimate:${functionName}`, args ?? []);
  }

  async #send(raw: Hex): Promise<unknown> {
    const parsed = parseTransaction(raw);
    const transaction: ReceivedTransaction = {
      hash: keccak256(raw),
      from: await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerialized }),
      to: parsed.to ?? "0x",
      nonce: parsed.nonce ?? 0,
      value: parsed.value ?? 0n,
      data: parsed.data ?? "0x",
      gas: parsed.gas ?? 0n,
      maxFeePerGas: parsed.maxFeePerGas ?? 0n,
      maxPriorityFeePerGas: parsed.maxPriorityFeePerGas ?? 0n,
    };
    this.received.push(transaction);
    const early: unknown = this.onSend(transaction);
    const slot = `${transaction.from} ${transaction.nonce}`;
    const sibling = this.#pool.get(slot);
    if (sibling?.hash === transaction.hash) throw new RpcFault("already known");
    if (transaction.nonce < this.#count(transaction.from, false)) throw new RpcFault("nonce too low");
    if (sibling && transaction.maxFeePerGas * 10n < sibling.maxFeePerGas * 11n)
      throw new RpcFault("replacement transaction underpriced");
    this.#pool.set(slot, transaction);
    if (this.automine) this.mine();
    return early ?? transaction.hash;
  }

  #execute(transaction: ReceivedTransaction): void {
    this.mined.push(transaction);
    const { to, data, value, hash } = transaction;
    if (to.toLowerCase() === DETERMINISTIC_DEPLOYER.toLowerCase()) {
      const salt: Hex = `0x${data.slice(2, 66)}`;
      const initCode: Hex = `0x${data.slice(66)}`;
      const address = getCreate2Address({ from: DETERMINISTIC_DEPLOYER, salt, bytecode: initCode });
      this.code.set(address.toLowerCase(), this.runtimeOf(initCode));
    }
    const contract = this.contracts.get(to.toLowerCase());
    if (!contract?.execute) return;
    try {
      const { functionName, args } = decodeFunctionData({ abi: contract.abi, data });
      contract.execute(functionName, args ?? [], value);
    } catch {
      this.#reverted.add(hash);
    }
  }

  #receipt(hash: Hex): unknown {
    const index = this.mined.findIndex((transaction) => transaction.hash === hash);
    const transaction = this.mined[index];
    if (!transaction) return null;
    return {
      transactionHash: hash,
      blockNumber: toHex(index + 1),
      blockHash: toHex(index + 1, { size: 32 }),
      transactionIndex: "0x0",
      from: transaction.from,
      to: transaction.to,
      status: this.#reverted.has(hash) ? "0x0" : "0x1",
      gasUsed: toHex(21_000),
      cumulativeGasUsed: toHex(21_000),
      effectiveGasPrice: toHex(7),
      logs: [],
      logsBloom: toHex(0, { size: 256 }),
      type: "0x2",
    };
  }
}
