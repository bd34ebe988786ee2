import { keccak256, type Address, type Hex, type PublicClient } from "viem";
import { REGISTRY_ABI, KEY_STATE } from "./abi.ts";
import { blockRanges } from "./block-ranges.ts";

/** A key that was pre-deposited for. */
export interface TakenKey {
  readonly operatorId: number;
  /** The operator's index of it. */
  readonly index: number;
  readonly publicKey: Hex;
  /** IOperatorRegistry.KeyState. */
  readonly state: number;
  /** Block and transaction in which it came to that state. */
  readonly since: { readonly block: bigint; readonly transaction: Hex };
}

interface Move {
  readonly hash: Hex;
  readonly state: number;
  readonly block: bigint;
  readonly transaction: Hex;
}

/** A request for exits. */
export interface ExitRequest {
  /** Exits that the operator was asked for since the beginning. */
  readonly requestedExits: number;
  readonly block: bigint;
}

/** What was asked of a bond. */
interface Charge {
  readonly by: Address;
  /** Wei. */
  readonly asked: bigint;
  readonly block: bigint;
}

/** What the registry's events tell, block by block: keys, requests for exits, charges. Kept in memory and read again after a restart. */
export class RegistryIndex {
  readonly #client: PublicClient;
  readonly #registry: Address;
  #next: bigint;
  readonly #taken = new Map<Hex, Omit<TakenKey, "state">>();
  readonly #moves: Move[] = [];
  readonly #exitRequests = new Map<number, ExitRequest[]>();
  readonly #charges = new Map<number, Charge[]>();
  /** Loops ask at the same time: events are read by one of them after the other, or they would be noted out of order. */
  #following: Promise<void> = Promise.resolve();

  /** @param fromBlock block of the registry's deployment, or before */
  constructor(client: PublicClient, registry: Address, fromBlock: bigint) {
    this.#client = client;
    this.#registry = registry;
    this.#next = fromBlock;
  }

  /**
   * Keys as of a block. Blocks up to it must not change any more: events of others are not asked for twice.
   * @returns in the order in which they were taken
   */
  async keysAt(block: bigint): Promise<TakenKey[]> {
    await this.#followed(block);
    const latest = new Map<Hex, Move>();
    for (const move of this.#moves) if (move.block <= block) latest.set(move.hash, move);
    return [...this.#taken].flatMap(([hash, key]) => {
      if (key.since.block > block) return [];
      const move = latest.get(hash);
      return [
        move
          ? { ...key, state: move.state, since: { block: move.block, transaction: move.transaction } }
          : { ...key, state: KEY_STATE.taken },
      ];
    });
  }

  /** Requests for exits of an operator up to a block, which must not change any more, in their order. */
  async exitRequests(operatorId: number, block: bigint): Promise<ExitRequest[]> {
    await this.#followed(block);
    return (this.#exitRequests.get(operatorId) ?? []).filter((request) => request.block <= block);
  }

  /** Wei that a contract had asked of an operator's bond by a block, which must not change any more. */
  async askedOfBond(operatorId: number, by: Address, block: bigint): Promise<bigint> {
    await this.#followed(block);
    return (this.#charges.get(operatorId) ?? [])
      .filter((charge) => charge.block <= block && charge.by.toLowerCase() === by.toLowerCase())
      .reduce((sum, { asked }) => sum + asked, 0n);
  }

  /** One caller after the other reads. */
  async #followed(block: bigint): Promise<void> {
    const turn = this.#following.then(() => this.#follow(block));
    this.#following = turn.catch(() => undefined);
    await turn;
  }

  async #follow(block: bigint): Promise<void> {
    if (this.#next > block) return;
    // A client that is behind, or another one behind the same address, would answer with what it has, and the rest be missing for good.
    const head = await this.#client.getBlockNumber({ cacheTime: 0 });
    if (head < block) throw new Error(`the execution client is at block ${head}, and block ${block} is asked about`);
    for (const range of blockRanges(this.#next, block)) {
      const logs = await this.#client.getContractEvents({
        address: this.#registry,
        abi: REGISTRY_ABI,
        ...range,
        strict: true,
      });
      for (const log of logs) {
        const since = { block: log.blockNumber, transaction: log.transactionHash };
        if (log.eventName === "KeyTaken") {
          const { operatorId, index, pubkey } = log.args;
          const publicKey = pubkey.toLowerCase() as Hex;
          this.#taken.set(keccak256(publicKey), {
            operatorId: Number(operatorId),
            index: Number(index),
            publicKey,
            since,
          });
        } else if (log.eventName === "KeyStateChanged") {
          this.#moves.push({ hash: log.args.pubkeyHash, state: log.args.state, ...since });
        } else if (log.eventName === "ExitsRequested") {
          const { operatorId, requestedExits } = log.args;
          const request = { requestedExits: Number(requestedExits), block: log.blockNumber };
          append(this.#exitRequests, Number(operatorId), request);
        } else {
          const { operatorId, by, asked } = log.args;
          append(this.#charges, Number(operatorId), { by, asked, block: log.blockNumber });
        }
      }
      this.#next = range.toBlock + 1n;
    }
  }
}

function append<Value>(lists: Map<number, Value[]>, key: number, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
