import { keccak256, type Address, type Hex, type PublicClient } from "viem";
import { REGISTRY_ABI, KEY_STATE } from "./abi.ts";

/** Blocks of one request for events: what public endpoints allow. */
const BLOCKS_PER_REQUEST = 10_000n;

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

/** The protocol's keys as the registry's events tell of them, block by block. Kept in memory and read again after a restart. */
export class KeyIndex {
  readonly #client: PublicClient;
  readonly #registry: Address;
  #next: bigint;
  readonly #taken = new Map<Hex, Omit<TakenKey, "state">>();
  readonly #moves: Move[] = [];
  /** Callers follow one after the other: at the same time they would ask for the same events, and keep them twice. */
  #turn: Promise<unknown> = Promise.resolve();

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
  async at(block: bigint): Promise<TakenKey[]> {
    const turn = this.#turn.then(() => this.#follow(block));
    this.#turn = turn.catch(() => undefined);
    await turn;
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

  async #follow(block: bigint): Promise<void> {
    while (this.#next <= block) {
      const end = this.#next + BLOCKS_PER_REQUEST - 1n;
      const toBlock = end < block ? end : block;
      const logs = await this.#client.getContractEvents({
        address: this.#registry,
        abi: REGISTRY_ABI,
        fromBlock: this.#next,
        toBlock,
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
        }
      }
      this.#next = toBlock + 1n;
    }
  }
}
