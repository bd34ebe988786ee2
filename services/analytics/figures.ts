/** What validators and operators did and earned, from tallies. Pure; the formulas are in docs/ANALYTICS.md. */
import { FLAG } from "../keeper/participation/flags.ts";
import type { ValidatorEpoch } from "../keeper/participation/evaluate.ts";

/** Weights of source, target and head (altair/beacon-chain.md, Incentivization weights). */
const WEIGHT = { source: 14, target: 26, head: 14 } as const;
const WEIGHTS = WEIGHT.source + WEIGHT.target + WEIGHT.head;
const SECONDS_PER_YEAR = 31_557_600;

/** Sums over epochs; of one validator, or of many. */
export interface Tally {
  /** Epochs in which it had to attest and the chain finalised. */
  readonly assigned: number;
  /** Those without any participation flag. */
  readonly missed: number;
  readonly source: number;
  readonly target: number;
  readonly head: number;
  /** Slots to inclusion, summed over the attestations that were included. */
  readonly distance: number;
  readonly included: number;
  /** Blocks of it. */
  readonly proposed: number;
  /** Slots that it had to propose in, as far as the beacon node still knows. */
  readonly proposalDuties: number;
  /** Those of them that stayed empty. */
  readonly missedProposals: number;
  /** Blocks of it that paid somebody else than the ExecutionRewardsVault. */
  readonly strayedBlocks: number;
  /** Epochs with contradicting attestations on the chain. */
  readonly contradictions: number;
}

export const NO_TALLY: Tally = {
  assigned: 0,
  missed: 0,
  source: 0,
  target: 0,
  head: 0,
  distance: 0,
  included: 0,
  proposed: 0,
  proposalDuties: 0,
  missedProposals: 0,
  strayedBlocks: 0,
  contradictions: 0,
};

/** A tally with one more epoch's attestation; epochs in which the chain does not finalise say nothing. */
export function withEpoch(tally: Tally, { flags, inclusionDistance, contradicts }: ValidatorEpoch): Tally {
  return {
    ...tally,
    assigned: tally.assigned + 1,
    missed: tally.missed + (flags === 0 ? 1 : 0),
    source: tally.source + (flags & FLAG.source ? 1 : 0),
    target: tally.target + (flags & FLAG.target ? 1 : 0),
    head: tally.head + (flags & FLAG.head ? 1 : 0),
    distance: tally.distance + (inclusionDistance ?? 0),
    included: tally.included + (inclusionDistance === undefined ? 0 : 1),
    contradictions: tally.contradictions + (contradicts ? 1 : 0),
  };
}

/** Tallies together. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const keys = Object.keys(NO_TALLY) as (keyof Tally)[];
  return Object.fromEntries(
    keys.map((key) => [key, tallies.reduce((sum, tally) => sum + tally[key], 0)]),
  ) as unknown as Tally;
}

/** What a validator earned from one state to another; amounts in gwei. */
export interface Earnings {
  readonly startBalance: bigint;
  readonly endBalance: bigint;
  /** Paid out by the chain in between, exits included. */
  readonly withdrawn: bigint;
  /** Deposited in between. */
  readonly deposited: bigint;
  readonly effectiveBalance: bigint;
  /** Epochs in between; parts count. */
  readonly epochs: number;
}

/** What an operator's or a validator's figures are; shares from 0 to 1, undefined without anything to count. */
export interface Figures {
  readonly attestationRate: number | undefined;
  readonly effectiveness: number | undefined;
  /** Slots; 1 is the best. */
  readonly inclusionDistance: number | undefined;
  readonly proposalRate: number | undefined;
  /** Of the consensus layer; undefined where a balance is not known. */
  readonly rewardsGwei: bigint | undefined;
  /** Simple rate of a year, without compounding. */
  readonly apr: number | undefined;
}

/** Gwei that were earned; negative when more was lost. */
export function rewardsOf({ startBalance, endBalance, withdrawn, deposited }: Earnings): bigint {
  return endBalance - startBalance + withdrawn - deposited;
}

/**
 * Figures of a tally and of the earnings that belong to it: one validator's, or all of an operator's. An operator's APR is that of its ether:
 * rewards of all by the balance-epochs of all.
 * @param earnings undefined where one of them is not known
 */
export function figuresOf(
  tally: Tally,
  earnings: readonly (Earnings | undefined)[],
  { secondsPerEpoch }: { readonly secondsPerEpoch: number },
): Figures {
  const { assigned, missed, source, target, head, distance, included, proposalDuties, missedProposals } = tally;
  const known = earnings.filter((each) => each !== undefined);
  const isComplete = known.length === earnings.length && known.length > 0;
  const rewards = known.reduce((sum, each) => sum + rewardsOf(each), 0n);
  const balanceEpochs = known.reduce((sum, { effectiveBalance, epochs }) => sum + Number(effectiveBalance) * epochs, 0);
  return {
    attestationRate: ratio(assigned - missed, assigned),
    effectiveness: ratio(WEIGHT.source * source + WEIGHT.target * target + WEIGHT.head * head, WEIGHTS * assigned),
    inclusionDistance: ratio(distance, included),
    proposalRate: ratio(proposalDuties - missedProposals, proposalDuties),
    rewardsGwei: isComplete ? rewards : undefined,
    apr: isComplete ? ratio(Number(rewards) * (SECONDS_PER_YEAR / secondsPerEpoch), balanceEpochs) : undefined,
  };
}

function ratio(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined;
}
