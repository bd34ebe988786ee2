import type { Hex } from "viem";
import type { Attestation, BeaconBlock } from "../beacon/block.ts";
import type { ChainParameters } from "../beacon/reader.ts";
import { attesters, type EpochDuties } from "./duties.ts";
import { participationFlags } from "./flags.ts";

/** MIN_EPOCHS_TO_INACTIVITY_PENALTY (phase0/beacon-chain.md, Time parameters): beyond it the chain counts as not finalising. */
const MIN_EPOCHS_TO_INACTIVITY_PENALTY = 4;
/** Epochs whose blocks are looked at for one epoch: before it for finality, and the one after, in which attestations still come. */
export const EPOCHS_BEFORE = MIN_EPOCHS_TO_INACTIVITY_PENALTY;
export const EPOCHS_AFTER = 1;

/** What one validator did in one epoch. */
export interface ValidatorEpoch {
  /** Participation flags (flags.ts); 0 when it was not there at all: a missed epoch. */
  readonly flags: number;
  /** Slots from its attestation to the first block with it; undefined when there is none. */
  readonly inclusionDistance: number | undefined;
  /** Whether attestations of it with different data are on the chain: it can be slashed for them. */
  readonly contradicts: boolean;
}

/** What our validators did in an epoch. */
export interface EpochParticipation {
  readonly epoch: number;
  /** Whether the chain finalised then. While it does not, nobody can tell an absent validator from one on another fork. */
  readonly finalizing: boolean;
  /** By validator index: each that had a duty. */
  readonly validators: ReadonlyMap<number, ValidatorEpoch>;
}

/** Blocks of a chain with their roots, in the order of their slots. */
export interface ChainSegment {
  /** Root of the newest block before the first of these; undefined before genesis. */
  readonly rootBefore: Hex | undefined;
  readonly blocks: readonly BeaconBlock[];
}

/**
 * What our validators did in an epoch, from canonical blocks alone: whoever has the same blocks gets the same answer, today or in a
 * month. The flags are those that the beacon state gives for it.
 * @param segment blocks from {@link EPOCHS_BEFORE} epochs before it to the end of the {@link EPOCHS_AFTER} after it
 */
export function evaluateEpoch(
  epoch: number,
  duties: EpochDuties,
  segment: ChainSegment,
  { slotsPerEpoch, denebForkEpoch }: ChainParameters,
): EpochParticipation {
  const rootAt = rootsOf(segment);
  const targetRoot = rootAt(epoch * slotsPerEpoch);
  const seen = new Map<number, { flags: number; distance: number | undefined; data: string; contradicts: boolean }>();
  for (const { seats } of duties.slots.values())
    for (const committee of seats.values())
      for (const { index } of committee)
        seen.set(index, { flags: 0, distance: undefined, data: "", contradicts: false });

  for (const block of segment.blocks) {
    const isDeneb = Math.floor(block.slot / slotsPerEpoch) >= denebForkEpoch;
    for (const attestation of block.attestations) {
      if (attestation.targetEpoch !== epoch) continue;
      const delay = block.slot - attestation.slot;
      const flags = participationFlags(
        {
          delay,
          correctTarget: attestation.targetRoot === targetRoot,
          correctHead: attestation.headRoot === rootAt(attestation.slot),
        },
        slotsPerEpoch,
        isDeneb,
      );
      const data = dataOf(attestation);
      for (const index of attesters(duties, attestation)) {
        const entry = seen.get(index);
        if (!entry) continue;
        entry.flags |= flags;
        entry.distance = Math.min(entry.distance ?? Infinity, delay);
        if (entry.data !== "" && entry.data !== data) entry.contradicts = true;
        entry.data = data;
      }
    }
  }
  return {
    epoch,
    finalizing: isFinalizing(epoch + 1, segment.blocks),
    validators: new Map(
      [...seen].map(([index, { flags, distance, contradicts }]) => [
        index,
        { flags, inclusionDistance: distance, contradicts },
      ]),
    ),
  };
}

/**
 * Whether the chain was finalising in an epoch: a checkpoint of at most four epochs before was final then. What was justified when is
 * told by the sources of attestations; what was final follows by the four rules of weigh_justification_and_finalization
 * (phase0/beacon-chain.md). An epoch that was justified without ever becoming a source is not known to be: that can only exempt.
 */
export function isFinalizing(epoch: number, blocks: readonly BeaconBlock[]): boolean {
  /** The current justified checkpoint's epoch, by epoch. */
  const current = new Map<number, number>();
  for (const { attestations } of blocks)
    for (const { targetEpoch, sourceEpoch } of attestations) current.set(targetEpoch, sourceEpoch);
  const justified = new Set(current.values());
  const all = (from: number, to: number): boolean => {
    for (let at = from; at <= to; at++) if (!justified.has(at)) return false;
    return true;
  };
  const oldest = epoch - MIN_EPOCHS_TO_INACTIVITY_PENALTY;
  // Nothing is old enough yet.
  if (oldest <= 0) return true;
  for (let ended = oldest + 1; ended < epoch; ended++) {
    const before = current.get(ended - 1);
    const now = current.get(ended);
    if (before !== undefined && before >= oldest) {
      if (before + 3 === ended && all(before, ended - 1)) return true;
      if (before + 2 === ended && all(before, ended - 1)) return true;
    }
    if (now !== undefined && now >= oldest) {
      if (now + 2 === ended && all(now, ended)) return true;
      if (now + 1 === ended && all(now, ended)) return true;
    }
  }
  return false;
}

/** The root of the newest block at or before a slot. */
export function rootsOf({ rootBefore, blocks }: ChainSegment): (slot: number) => Hex | undefined {
  return (slot) => {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((blocks[middle]?.slot ?? Infinity) <= slot) low = middle + 1;
      else high = middle;
    }
    // A block's root stands in the one after it.
    return low === 0 ? rootBefore : blocks[low]?.parentRoot;
  };
}

function dataOf({ slot, headRoot, sourceEpoch, targetRoot }: Attestation): string {
  return `${slot} ${headRoot} ${sourceEpoch} ${targetRoot}`;
}
