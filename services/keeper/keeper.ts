import { keccak256, stringToHex, type Hex } from "viem";
import { slotAt } from "../../provider/beacon/api.ts";
import { Committee } from "./protocol/committee.ts";
import { Fleet } from "./protocol/fleet.ts";
import type { Protocol } from "./protocol/protocol.ts";
import type { Logger } from "./runtime/log.ts";
import type { KeeperMetrics } from "./runtime/metrics.ts";
import type { KeeperSettings } from "./runtime/settings.ts";
import type { Transactions } from "./runtime/transactions.ts";

/** What a keeper's loops share. None of it has to survive the process. */
export interface Keeper {
  readonly settings: KeeperSettings;
  readonly protocol: Protocol;
  readonly clock: ChainClock;
  readonly committee: Committee;
  readonly fleet: Fleet;
  readonly turns: Turns;
  readonly metrics: KeeperMetrics;
  readonly log: Logger;
  /** The member's own transactions, and those of roles that this keeper has. */
  readonly accounts: Readonly<Partial<Record<Exclude<keyof KeeperSettings["accounts"], "member">, Transactions>>> & {
    readonly member: Transactions;
  };
}

/** What does not change any more, and what time it is on the chain. */
export class ChainClock {
  readonly #protocol: Pick<Protocol, "beacon">;
  readonly #settled: KeeperSettings["settled"];

  constructor(protocol: Pick<Protocol, "beacon">, settled: KeeperSettings["settled"]) {
    this.#protocol = protocol;
    this.#settled = settled;
  }

  /** Newest slot that does not change any more; negative while there is none. */
  async stableSlot(): Promise<number> {
    const { beacon } = this.#protocol;
    const { slotsPerEpoch } = await beacon.parameters();
    // The finalised checkpoint is the newest block up to the first slot of its epoch.
    if (this.#settled === "finalized") return (await beacon.finalizedEpoch()) * slotsPerEpoch;
    return (await beacon.head()).slot - this.#settled;
  }

  /**
   * A slot until which another one cannot have been taken for settled yet. The last slot of epoch e is final in epoch e + 3 at the earliest
   * (phase0/beacon-chain.md, weigh_justification_and_finalization).
   */
  async unsettledUntil(slot: number): Promise<number> {
    const { slotsPerEpoch } = await this.#protocol.beacon.parameters();
    return slot + (this.#settled === "finalized" ? 2 * slotsPerEpoch : Math.max(0, this.#settled - 1));
  }

  /** Number of the execution block of the newest slot that does not change any more. */
  async stableBlock(): Promise<bigint> {
    const { beacon } = this.#protocol;
    const slot = await this.stableSlot();
    if (slot <= 0) return 0n;
    const header = await beacon.lastHeader(slot);
    if (header.slot === 0) return 0n;
    return (await beacon.blockOf(header)).payload.blockNumber;
  }

  /** The slot of this moment by this machine's clock. */
  async slot(): Promise<number> {
    return slotAt(await this.#protocol.beacon.parameters(), Date.now() / 1_000);
  }
}

/**
 * Who goes first where anyone may act. Members are ordered anew for each occasion; each waits for those before it, so that usually one
 * transaction is sent and not one by each. An order only: when the first ones are silent, the next one acts.
 */
export class Turns {
  readonly #member: Hex;
  readonly #committee: Committee;
  readonly #turnMs: number;
  readonly #seen = new Map<string, number>();

  constructor(member: Hex, committee: Committee, turnMs: number) {
    this.#member = member;
    this.#committee = committee;
    this.#turnMs = turnMs;
  }

  /** Whether this member is the first one. @param occasion as of {@link isMine} */
  async leads(occasion: string): Promise<boolean> {
    return (await this.#place(occasion)) === 0;
  }

  /** Whether it is this member's turn. @param occasion what is to be done; the same for all members */
  async isMine(occasion: string): Promise<boolean> {
    const since = this.#seen.get(occasion) ?? Date.now();
    this.#seen.set(occasion, since);
    if (this.#seen.size > 1_000) this.#seen.delete(this.#seen.keys().next().value ?? "");
    return Date.now() - since >= (await this.#place(occasion)) * this.#turnMs;
  }

  async #place(occasion: string): Promise<number> {
    const members = await this.#committee.members();
    const order = members
      .map((member) => member.toLowerCase())
      .sort((left, right) => (drawn(occasion, left) < drawn(occasion, right) ? -1 : 1));
    return Math.max(0, order.indexOf(this.#member.toLowerCase()));
  }
}

function drawn(occasion: string, member: string): Hex {
  return keccak256(stringToHex(`${occasion} ${member}`));
}
