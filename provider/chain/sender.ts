import { join } from "node:path";
import {
  keccak256,
  TransactionReceiptNotFoundError,
  type Abi,
  type Address,
  type Hex,
  type PrivateKeyAccount,
  type PublicClient,
  type TransactionReceipt,
} from "viem";
import { EthstakeError } from "../../lib/errors.ts";
import { holdLock } from "../../lib/lock.ts";
import { projectPath } from "../../lib/paths.ts";
import { loadAccount, type SenderReference } from "./account.ts";
import { connectChain, type ChainConnection } from "./client.ts";
import { AccountBusyError, InsufficientFundsError, TransactionRejectedError, TransactionStuckError } from "./errors.ts";
import { bumpedFees, currentFees, type Fees } from "./fees.ts";
import { TransactionJournal, type JournalEntry } from "./journal.ts";
import { revertReason } from "./revert.ts";

/** EIP-7825: no transaction may use more gas than this. */
export const MAX_TRANSACTION_GAS = 2n ** 24n;
/** Head room over the node's estimate, in percent: state may change between the estimate and the block. */
const GAS_HEADROOM_PERCENT = 125n;
/** How long a transaction may wait before it is sent again with higher fees, in milliseconds. */
const REPLACE_AFTER_MS = 60_000;
/** How often it is replaced before giving up. */
const MAX_REPLACEMENTS = 4;

export interface TransactionRequest {
  /** What the transaction is for, in words, for errors and the journal. */
  readonly purpose: string;
  readonly to: Address;
  readonly data?: Hex;
  /** Wei sent along. */
  readonly value?: bigint;
  /** Where the names of the target's errors are found. */
  readonly abi?: Abi;
}

const senders = new Map<string, Promise<TransactionSender>>();

/**
 * The one sender of an account on a chain in this process. On first use it takes the account's lock and waits for whatever an
 * earlier run sent but did not see confirmed; only then may a caller read the chain and decide whether to send.
 * @throws {@link AccountBusyError} when another living process holds the account
 */
export function openSender(chain: ChainConnection, reference: SenderReference): Promise<TransactionSender> {
  const key = `${chain.chainId} ${chain.rpcUrl} ${reference.keyFile}`;
  let sender = senders.get(key);
  if (!sender) {
    sender = TransactionSender.open(chain, reference);
    senders.set(key, sender);
    sender.catch(() => senders.delete(key));
  }
  return sender;
}

/** Signs and sends one account's transactions in nonce order, each written to a journal first. */
export class TransactionSender {
  readonly account: PrivateKeyAccount;
  readonly #client: PublicClient;
  readonly #chainId: number;
  readonly #journal: TransactionJournal;
  #nextNonce = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(client: PublicClient, chainId: number, account: PrivateKeyAccount, journal: TransactionJournal) {
    this.#client = client;
    this.#chainId = chainId;
    this.account = account;
    this.#journal = journal;
  }

  static async open(chain: ChainConnection, reference: SenderReference): Promise<TransactionSender> {
    const keyFile = projectPath(reference.keyFile);
    const [client, account] = await Promise.all([connectChain(chain), loadAccount(reference)]);
    const journal = new TransactionJournal(join(`${keyFile}.transactions`, String(chain.chainId)));
    const holder = await holdLock(`${keyFile}.lock`);
    if (holder !== undefined) throw new AccountBusyError(account.address, holder);
    const sender = new TransactionSender(client, chain.chainId, account, journal);
    await sender.#settle();
    return sender;
  }

  /**
   * Sends a transaction and waits until it is in a block.
   * @throws {@link InsufficientFundsError}, {@link TransactionRejectedError}, {@link TransactionStuckError}
   */
  async send(request: TransactionRequest): Promise<TransactionReceipt> {
    const turn = this.#queue.then(() => this.#broadcast(request));
    this.#queue = turn.catch(() => undefined);
    const { entry, fees, gas } = await turn;
    return await this.#confirm(request, entry, fees, gas);
  }

  /** Sends again whatever the journal holds that the chain has not taken yet, and waits for it. */
  async #settle(): Promise<void> {
    const mined = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "latest" });
    const open = await this.#journal.from(mined);
    const alive: JournalEntry[] = [];
    for (const entry of open) if (await this.#rebroadcast(entry)) alive.push(entry);
    for (const entry of alive) await this.#awaitReceipt(entry, REPLACE_AFTER_MS * MAX_REPLACEMENTS);
    const pending = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "pending" });
    this.#nextNonce = Math.max(pending, mined, (alive.at(-1)?.nonce ?? -1) + 1);
  }

  async #broadcast(request: TransactionRequest): Promise<{ entry: JournalEntry; fees: Fees; gas: bigint }> {
    const { purpose, to, data, value = 0n } = request;
    const fees = await currentFees(this.#client);
    const balance = await this.#client.getBalance({ address: this.account.address });
    if (balance < value)
      throw new InsufficientFundsError(this.account.address, balance, value + fees.maxFeePerGas * 21_000n);
    const estimate = await this.#client
      .estimateGas({ account: this.account.address, to, value, ...(data ? { data } : {}) })
      .catch((cause: unknown) => {
        throw new TransactionRejectedError(purpose, revertReason(cause, request.abi), undefined, cause);
      });
    const gas = minimum((estimate * GAS_HEADROOM_PERCENT) / 100n, MAX_TRANSACTION_GAS);
    const needed = value + gas * fees.maxFeePerGas;
    if (balance < needed) throw new InsufficientFundsError(this.account.address, balance, needed);
    const entry = await this.#sign(request, this.#nextNonce, fees, gas, []);
    this.#nextNonce += 1;
    await this.#client.sendRawTransaction({ serializedTransaction: entry.raw }).catch((cause: unknown) => {
      this.#nextNonce = entry.nonce;
      throw new TransactionRejectedError(purpose, revertReason(cause, request.abi), entry.hashes[0], cause);
    });
    return { entry, fees, gas };
  }

  async #confirm(
    request: TransactionRequest,
    first: JournalEntry,
    firstFees: Fees,
    gas: bigint,
  ): Promise<TransactionReceipt> {
    let entry = first;
    let fees = firstFees;
    for (let replacement = 0; ; replacement++) {
      const receipt = await this.#awaitReceipt(entry, REPLACE_AFTER_MS);
      if (receipt) return this.#accepted(request, receipt);
      if (replacement === MAX_REPLACEMENTS) {
        throw new TransactionStuckError(
          request.purpose,
          entry.hashes,
          (REPLACE_AFTER_MS / 1000) * (MAX_REPLACEMENTS + 1),
        );
      }
      fees = bumpedFees(fees, await currentFees(this.#client));
      entry = await this.#sign(request, entry.nonce, fees, gas, entry.hashes);
      await this.#rebroadcast(entry);
    }
  }

  async #accepted(request: TransactionRequest, receipt: TransactionReceipt): Promise<TransactionReceipt> {
    if (receipt.status === "success") return receipt;
    // The estimate passed but the block did not: running the call on that block tells why.
    const reason = await this.#client
      .call({
        account: this.account.address,
        to: request.to,
        value: request.value ?? 0n,
        blockNumber: receipt.blockNumber,
        ...(request.data ? { data: request.data } : {}),
      })
      .then(
        () => "it reverted in its block",
        (cause: unknown) => revertReason(cause, request.abi),
      );
    throw new TransactionRejectedError(request.purpose, reason, receipt.transactionHash);
  }

  async #sign(
    { purpose, to, data, value = 0n }: TransactionRequest,
    nonce: number,
    fees: Fees,
    gas: bigint,
    earlier: readonly Hex[],
  ): Promise<JournalEntry> {
    const raw = await this.account.signTransaction({
      type: "eip1559",
      chainId: this.#chainId,
      nonce,
      to,
      value,
      gas,
      ...fees,
      ...(data ? { data } : {}),
    });
    const entry = { nonce, purpose, raw, hashes: [...earlier, keccak256(raw)] };
    await this.#journal.write(entry);
    return entry;
  }

  /** Hands an entry to the client again. @returns whether the chain may still take it (or has) */
  async #rebroadcast(entry: JournalEntry): Promise<boolean> {
    try {
      await this.#client.sendRawTransaction({ serializedTransaction: entry.raw });
      return true;
    } catch (error) {
      // These say that the chain, or the pool, has it or a sibling of it already; anything else, that it never will.
      return /known|exist|nonce|underpriced|replac|duplicate/i.test(revertReason(error, undefined));
    }
  }

  /** The receipt of any of an entry's transactions; undefined when none is in a block within the time. */
  async #awaitReceipt(entry: JournalEntry, timeoutMs: number): Promise<TransactionReceipt | undefined> {
    const deadline = Date.now() + timeoutMs;
    for (let delay = 100; ; delay = Math.min(delay * 1.5, 1_000)) {
      for (const hash of entry.hashes) {
        const receipt = await this.#client.getTransactionReceipt({ hash }).catch((error: unknown) => {
          if (error instanceof TransactionReceiptNotFoundError || !(error instanceof EthstakeError)) return undefined;
          throw error;
        });
        if (receipt) return receipt;
      }
      if (Date.now() >= deadline) return undefined;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

function minimum(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
