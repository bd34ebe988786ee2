import type { Hex } from "viem";
import type { Committee } from "../beacon/reader.ts";
import type { Attestation } from "../beacon/block.ts";
import { hasBit, setBits } from "./bits.ts";

/** Where a validator of ours sits. */
interface Seat {
  readonly index: number;
  /** Within its committee. */
  readonly position: number;
}

interface SlotDuties {
  /** Length of each committee of the slot. */
  readonly lengths: readonly number[];
  readonly seats: ReadonlyMap<number, readonly Seat[]>;
}

/** Which of our validators attest when in an epoch. */
export interface EpochDuties {
  readonly epoch: number;
  /** The block whose state said so: while it is on the chain, so are these duties. */
  readonly anchor: { readonly slot: number; readonly root: Hex };
  readonly slots: ReadonlyMap<number, SlotDuties>;
}

/** What of an epoch's committees concerns our validators. @param isOurs by validator index */
export function ourDuties(
  epoch: number,
  anchor: EpochDuties["anchor"],
  committees: readonly Committee[],
  isOurs: (index: number) => boolean,
): EpochDuties {
  const slots = new Map<number, { lengths: number[]; seats: Map<number, Seat[]> }>();
  for (const { slot, index: committee, validators } of committees) {
    const duties = slots.get(slot) ?? { lengths: [], seats: new Map<number, Seat[]>() };
    slots.set(slot, duties);
    duties.lengths[committee] = validators.length;
    const seats = validators.flatMap((index, position) => (isOurs(index) ? [{ index, position }] : []));
    if (seats.length > 0) duties.seats.set(committee, seats);
  }
  return { epoch, anchor, slots };
}

/** Our validators that an attestation speaks for. */
export function attesters({ slots }: EpochDuties, attestation: Attestation): number[] {
  const duties = slots.get(attestation.slot);
  if (!duties) return [];
  const { aggregationBits, committeeBits } = attestation;
  // Since Electra one attestation carries several committees, their bits one after the other (EIP-7549).
  const committees = committeeBits === undefined ? [attestation.index] : setBits(committeeBits);
  const found: number[] = [];
  let offset = 0;
  for (const committee of committees) {
    for (const { index, position } of duties.seats.get(committee) ?? [])
      if (hasBit(aggregationBits, offset + position)) found.push(index);
    offset += duties.lengths[committee] ?? 0;
  }
  return found;
}
