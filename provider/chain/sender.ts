import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BaseError,
  keccak256,
  RpcRequestError,
  type Abi,
  type Address,
  type Hex,
  type LocalAccount,
  type PublicClient,
} from "viem";
import { holdLock, releaseLock } from "../../lib/lock.ts";
import { accountFile, loadAccount, type SenderReference } from "./account.ts";
import { connectChain, type ChainConnection } from "./client.ts";
import { AccountBusyError, InsufficientFundsError, TransactionRejectedError, TransactionStuckError } from "./errors.ts";
import { bumpedFees, currentFees, type Fees } from "./fees.ts";
import { inclusionByHash, inclusionInBlocks, type Inclusion } from "./inclusion.ts";
import { TransactionJournal, type JournalEntry } from "./journal.ts";
import { revertReason } from "./revert.ts";

/** EIP-7825: no transaction may use more gas than this. */
export const MAX_TRANSACTION_GAS = 2n ** 24n;
/** Head room over the node's estimate, in percent: state may change between the estimate and the block. */
const GAS_HEADROOM_PERCENT = 125n;

/** How patient a sender is. */
export interface Patience {
  /** How long a transaction may wait before it is sent again with higher fees, in milliseconds. */
  readonly replaceAfterMs: number;
  /** How often it is replaced before giving up. */
  readonly maxReplacements: number;
  /** How long to wait for a receipt, in milliseconds, before looking for the transaction in the blocks themselves. */
  readonly searchAfterMs: number;
  /** How long another process may hold the account, in milliseconds: a keeper does for the time of a transaction. */
  readonly busyForMs: number;
}

const PATIENCE: Patience = { replaceAfterMs: 60_000, maxReplacements: 4, searchAfterMs: 15_000, busyForMs: 60_000 };

/** What clients say of a transaction that they, or the chain, have already. */
const PRESENT = /(?<!un)known|already (in|exist|import)|duplicate/i;
/** What they say when another transaction has its nonce. */
const NONCE_TAKEN = /nonce|underpriced|replac/i;

export interface TransactionRequest {
  /** What the transaction is for, in words, for errors and the journal. */
  readonly purpose: string;
  readonly to: Address;
  readonly data?: Hex;
  /** Wei sent along. */
  readonly value?: bigint;
  /** Where the names of the target's errors are found. */
  readonly abi?: Abi;
  /** Gas beside the usual headroom: what it may need more when others' transactions come before it. */
  readonly spareGas?: bigint;
}

const senders = new Map<string, Promise<TransactionSender>>();
/** What waits for an account inside this process. */
const queues = new Map<string, Promise<unknown>>();

/**
 * The one sender of an account on a chain in this process. On first use it takes the account's lock and waits for whatever an
 * earlier run sent but did not see confirmed; only then may a caller read the chain and decide whether to send.
 * @throws {@link AccountBusyError} when another living process holds the account
 */
export function openSender(chain: ChainConnection, reference: SenderReference): Promise<TransactionSender> {
  // One account has one sender, by whatever endpoint and however its file is written: two would take each other's nonces.
  const key = `${chain.chainId} ${accountFile(reference)}`;
  let sender = senders.get(key);
  if (!sender) {
    sender = TransactionSender.open(chain, reference);
    senders.set(key, sender);
    sender.catch(() => senders.delete(key));
  }
  return sender;
}

/**
 * Uses an account for a while and gives it back: for programs that run for long beside others that use the same account. Callers in this
 * process take turns. Not to be mixed with {@link openSender} for the same account.
 * @throws {@link AccountBusyError} when another living process holds the account
 */
export async function withSender<Result>(
  chain: ChainConnection,
  reference: SenderReference,
  use: (sender: TransactionSender) => Promise<Result>,
  patience: Partial<Patience> = {},
): Promise<Result> {
  const file = accountFile(reference);
  const turn = (queues.get(file) ?? Promise.resolve()).then(async () => {
    const sender = await TransactionSender.open(chain, reference, patience);
    try {
      return await use(sender);
    } finally {
      await releaseLock(lockFile(reference));
    }
  });
  queues.set(
    file,
    turn.catch(() => undefined),
  );
  return await turn;
}

function lockFile(reference: SenderReference): string {
  return `${accountFile(reference)}.lock`;
}

/** Signs and sends one account's transactions in nonce order, each written to a journal first. */
export class TransactionSender {
  readonly account: LocalAccount;
  readonly #client: PublicClient;
  readonly #chainId: number;
  readonly #journal: TransactionJournal;
  readonly #patience: Patience;
  #nextNonce = 0;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(
    client: PublicClient,
    chainId: number,
    account: LocalAccount,
    journal: TransactionJournal,
    patience: Patience,
  ) {
    this.#client = client;
    this.#chainId = chainId;
    this.account = account;
    this.#journal = journal;
    this.#patience = patience;
  }

  /** See {@link openSender}, which makes sure that there is only one. */
  static async open(
    chain: ChainConnection,
    reference: SenderReference,
    changes: Partial<Patience> = {},
  ): Promise<TransactionSender> {
    const patience = { ...PATIENCE, ...changes };
    const file = accountFile(reference);
    const [client, account] = await Promise.all([connectChain(chain), loadAccount(reference)]);
    const journal = new TransactionJournal(join(`${file}.transactions`, String(chain.chainId)));
    const holder = await holdLock(lockFile(reference), patience.busyForMs);
    if (holder !== undefined) throw new AccountBusyError(account.address, holder);
    const sender = new TransactionSender(client, chain.chainId, account, journal, patience);
    try {
      await sender.#settle();
    } catch (error) {
      await releaseLock(lockFile(reference));
      throw error;
    }
    return sender;
  }

  /**
   * Sends a transaction and waits until it is in a block.
   * @throws {@link InsufficientFundsError}, {@link TransactionRejectedError}, {@link TransactionStuckError}
   */
  async send(request: TransactionRequest): Promise<Inclusion> {
    const turn = this.#queue.then(() => this.#broadcast(request));
    this.#queue = turn.catch(() => undefined);
    return await this.#confirm(request, await turn);
  }

  /**
   * Sends again whatever the journal holds that the chain has not taken yet, and waits for it. Going on without it would be deciding
   * on a chain that is about to change: what an open transaction does would be done twice.
   */
  async #settle(): Promise<void> {
    const mined = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "latest" });
    const alive: JournalEntry[] = [];
    for (const entry of await this.#journal.from(mined)) {
      const { outcome, error } = await this.#submit(entry);
      if (outcome === "unclear") throw error;
      if (outcome !== "refused") alive.push(entry);
    }
    const waitMs = this.#patience.replaceAfterMs * this.#patience.maxReplacements;
    const head = await this.#client.getBlockNumber({ cacheTime: 0 });
    for (const entry of alive) {
      if (await this.#awaitInclusion(entry, head, waitMs)) continue;
      // A transaction of another hand may have had its nonce.
      const count = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "latest" });
      if (count <= entry.nonce) throw new TransactionStuckError(entry.purpose, entry.hashes, waitMs / 1000);
    }
    const pending = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "pending" });
    this.#nextNonce = Math.max(pending, mined, (alive.at(-1)?.nonce ?? -1) + 1);
  }

  async #broadcast(request: TransactionRequest): Promise<Broadcast> {
    const { purpose, to, data, value = 0n, spareGas = 0n } = request;
    const fees = await currentFees(this.#client);
    const head = await this.#client.getBlockNumber({ cacheTime: 0 });
    const balance = await this.#client.getBalance({ address: this.account.address });
    if (balance < value)
      throw new InsufficientFundsError(this.account.address, balance, value + fees.maxFeePerGas * 21_000n);
    const estimate = await this.#client
      .estimateGas({ account: this.account.address, to, value, ...(data ? { data } : {}) })
      .catch((cause: unknown) => {
        throw new TransactionRejectedError(purpose, revertReason(cause, request.abi), undefined, cause);
      });
    if (estimate > MAX_TRANSACTION_GAS) {
      throw new TransactionRejectedError(
        purpose,
        `it needs ${estimate} gas and a transaction may use ${MAX_TRANSACTION_GAS} (EIP-7825)`,
      );
    }
    const gas = minimum((estimate * GAS_HEADROOM_PERCENT) / 100n + spareGas, MAX_TRANSACTION_GAS);
    const needed = value + gas * fees.maxFeePerGas;
    if (balance < needed) throw new InsufficientFundsError(this.account.address, balance, needed);
    const entry = await this.#sign(request, this.#nextNonce, fees, gas, []);
    this.#nextNonce += 1;
    const { outcome, error } = await this.#submit(entry);
    // Unclear counts as sent: the client may have it although its answer was lost, and waiting finds out.
    if (outcome === "taken" || outcome === "unclear") return { entry, fees, gas, head };
    // An answer that was lost and asked for again says "nonce too low" of a transaction that is in a block by then.
    if (outcome === "conflict" && (await this.#awaitInclusion(entry, head, 0))) return { entry, fees, gas, head };
    // Refused for good: a later run must not send it in the place of what the program says then.
    await this.#journal.discard(entry);
    // Some clients leave the pool out of their count: below this nonce are transactions that are still under way.
    const pending = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "pending" });
    this.#nextNonce = Math.max(pending, outcome === "conflict" ? entry.nonce + 1 : entry.nonce);
    throw new TransactionRejectedError(purpose, revertReason(error, request.abi), entry.hashes[0], error);
  }

  async #confirm(
    request: TransactionRequest,
    { entry: first, fees: firstFees, gas, head }: Broadcast,
  ): Promise<Inclusion> {
    const { replaceAfterMs, maxReplacements } = this.#patience;
    let entry = first;
    let fees = firstFees;
    for (let replacement = 0; ; replacement++) {
      const inclusion = await this.#awaitInclusion(entry, head, replaceAfterMs);
      if (inclusion) return this.#accepted(request, inclusion);
      if (replacement === maxReplacements) {
        throw new TransactionStuckError(request.purpose, entry.hashes, (replaceAfterMs / 1000) * (maxReplacements + 1));
      }
      fees = bumpedFees(fees, await currentFees(this.#client));
      entry = await this.#sign(request, entry.nonce, fees, gas, entry.hashes);
      await this.#submit(entry);
    }
  }

  async #accepted(request: TransactionRequest, inclusion: Inclusion): Promise<Inclusion> {
    if (inclusion.status === "success") return inclusion;
    // The estimate passed but the block did not: running the call on that block tells why. Without a receipt it is run on the state
    // that the block began with, and tells whether.
    const unclear = inclusion.status === undefined;
    const reason = await this.#client
      .call({
        account: this.account.address,
        to: request.to,
        value: request.value ?? 0n,
        blockNumber: inclusion.blockNumber - (unclear ? 1n : 0n),
        ...(request.data ? { data: request.data } : {}),
      })
      .then(
        () => (unclear ? undefined : "it reverted in its block"),
        (cause: unknown) => revertReason(cause, request.abi),
      );
    if (reason === undefined) return inclusion;
    throw new TransactionRejectedError(request.purpose, reason, inclusion.transactionHash);
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

  /**
   * Hands an entry to the client.
   * @returns `taken`: it has it; `conflict`: the chain or the pool has another one of that nonce (perhaps an earlier version of this
   * one); `refused`: it will never take it; `unclear`: no answer came
   */
  async #submit(
    entry: JournalEntry,
  ): Promise<{ outcome: "taken" | "conflict" | "refused" | "unclear"; error?: unknown }> {
    try {
      await this.#client.sendRawTransaction({ serializedTransaction: entry.raw });
      return { outcome: "taken" };
    } catch (error) {
      const answered = error instanceof BaseError && error.walk((inner) => inner instanceof RpcRequestError) !== null;
      if (!answered) return { outcome: "unclear", error };
      const reason = revertReason(error, undefined);
      if (PRESENT.test(reason)) return { outcome: "taken", error };
      return { outcome: NONCE_TAKEN.test(reason) ? "conflict" : "refused", error };
    }
  }

  /**
   * Where any of an entry's transactions is; undefined when none is in a block within the time.
   * @param head the chain's head before it was sent
   */
  async #awaitInclusion(entry: JournalEntry, head: bigint, timeoutMs: number): Promise<Inclusion | undefined> {
    const began = Date.now();
    let searchAt = began + this.#patience.searchAfterMs;
    for (let delay = 100; ; delay = Math.min(delay * 1.5, 1_000)) {
      const inclusion = await inclusionByHash(this.#client, entry.hashes);
      if (inclusion) return inclusion;
      if (Date.now() >= searchAt) {
        searchAt = Date.now() + this.#patience.searchAfterMs;
        const found = await this.#search(entry, head).catch(() => undefined);
        if (found) return found;
      }
      if (Date.now() - began >= timeoutMs) return undefined;
      await sleep(delay);
    }
  }

  /** Looks through the blocks when the chain has taken the nonce and the client knows of no receipt. */
  async #search(entry: JournalEntry, head: bigint): Promise<Inclusion | undefined> {
    const count = await this.#client.getTransactionCount({ address: this.account.address, blockTag: "latest" });
    return count > entry.nonce ? await inclusionInBlocks(this.#client, entry.hashes, head) : undefined;
  }
}

/** A transaction that was handed to the client. */
interface Broadcast {
  readonly entry: JournalEntry;
  readonly fees: Fees;
  readonly gas: bigint;
  /** The chain's head before it was sent. */
  readonly head: bigint;
}

function minimum(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
