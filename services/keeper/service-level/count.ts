import type { Address } from "viem";
import type { EpochParticipation } from "../participation/evaluate.ts";
import type { BeaconBlock } from "../beacon/block.ts";

/** One of the protocol's validators, as far as its service level depends on it. */
export interface ServedValidator {
  readonly index: number;
  readonly operatorId: number;
  /** Unix seconds at which the pool's ether followed for its key. */
  readonly depositedAt: number;
  /** Infinity when none is set, as the next. */
  readonly activationEpoch: number;
  readonly exitEpoch: number;
}

/** An operator's validator-epochs: on duty, and missed. */
export interface Counts {
  readonly assigned: number;
  readonly missed: number;
}

/** What an epoch's counts depend on beside participation. */
export interface CountContext {
  readonly validators: ReadonlyMap<number, ServedValidator>;
  /** Epochs of the blocks that began exits or carried slashings, by validator. */
  readonly departures: ReadonlyMap<number, number>;
  /** Unix seconds at which the epoch began. */
  readonly epochStart: number;
  readonly maxSeedLookahead: number;
}

/**
 * Operators' validator-epochs in one epoch (docs/SLA_ENFORCEMENT.md, What is measured). Not counted: an epoch in which the chain does
 * not finalise, and validators that were not the protocol's or not active yet, were slashed, or were on their way out by the end of the
 * epoch after.
 */
export function countEpoch(
  { epoch, finalizing, validators }: EpochParticipation,
  context: CountContext,
): Map<number, Counts> {
  const counts = new Map<number, Counts>();
  if (!finalizing) return counts;
  for (const [index, { flags }] of validators) {
    const validator = context.validators.get(index);
    if (!validator || !isServing(validator, epoch, context)) continue;
    const { assigned, missed } = counts.get(validator.operatorId) ?? { assigned: 0, missed: 0 };
    counts.set(validator.operatorId, { assigned: assigned + 1, missed: missed + (flags === 0 ? 1 : 0) });
  }
  return counts;
}

/** Whether a validator's attestations of an epoch count. */
export function isServing(
  { index, depositedAt, activationEpoch, exitEpoch }: ServedValidator,
  epoch: number,
  { departures, epochStart, maxSeedLookahead }: CountContext,
): boolean {
  if (depositedAt > epochStart || activationEpoch > epoch || exitEpoch <= epoch) return false;
  // What no block began (an ejection), or one before what was looked at, began at the latest when the exit queue was empty
  // (phase0/beacon-chain.md, compute_activation_exit_epoch).
  const departed = departures.get(index) ?? exitEpoch - 1 - maxSeedLookahead;
  return departed > epoch + 1;
}

/**
 * Exits and slashings that blocks carried: the first of each validator.
 * @param indexOf of a public key that a request names
 * @param vault the validators' withdrawal address: who else asks is not heard
 */
export function departuresIn(
  blocks: readonly BeaconBlock[],
  slotsPerEpoch: number,
  indexOf: (publicKey: `0x${string}`) => number | undefined,
  hasLeft: (index: number) => boolean,
  vault: Address,
): Map<number, number> {
  const departures = new Map<number, number>();
  for (const { slot, exited, slashed, exitRequests } of blocks) {
    // The chain drops requests of others than the withdrawal address, and for validators that cannot exit yet: only those that did leave
    // are believed.
    const requested = exitRequests
      .filter(({ source }) => source.toLowerCase() === vault.toLowerCase())
      .map(({ publicKey }) => indexOf(publicKey))
      .filter((index) => index !== undefined && hasLeft(index));
    for (const index of [...exited, ...slashed, ...requested])
      if (index !== undefined && !departures.has(index)) departures.set(index, Math.floor(slot / slotsPerEpoch));
  }
  return departures;
}

/** Sums of counts. */
export function addCounts(into: Map<number, Counts>, more: ReadonlyMap<number, Counts>): void {
  for (const [operatorId, { assigned, missed }] of more) {
    const sum = into.get(operatorId) ?? { assigned: 0, missed: 0 };
    into.set(operatorId, { assigned: sum.assigned + assigned, missed: sum.missed + missed });
  }
}

/** Uptime as a ratio; 1 without duties. */
export function uptimeOf({ assigned, missed }: Counts): number {
  return assigned === 0 ? 1 : 1 - missed / assigned;
}
