/** What missed validator-epochs cost: the twin of contracts/src/libraries/Penalty.sol, which says why. */

/** Epochs of a window on public networks: 30 days. */
export const WINDOW_EPOCHS = 6_750n;

const BASIS_POINTS = 10_000n;
const FIRST_BAND_BPS = 100n;
const SECOND_BAND_BPS = 500n;

/** The terms of a window. */
export interface PenaltyTerms {
  /** Basis points of the validator-epochs that may be missed. */
  readonly allowedDowntimeBps: bigint;
  /** Wei of a missed epoch in the first band. */
  readonly perMissedEpoch: bigint;
  /** The most that a window costs, in basis points of the bond asked for. */
  readonly maxPenaltyBps: bigint;
}

/** What ServiceLevel starts with. */
export const FIRST_TERMS: PenaltyTerms = {
  allowedDowntimeBps: 30n,
  perMissedEpoch: 35_000n * 10n ** 9n,
  maxPenaltyBps: 1_000n,
};

/** Validator-epochs that may be missed. */
export function allowance(assigned: bigint, windowEpochs: bigint, allowedDowntimeBps: bigint): bigint {
  return share(basis(assigned, windowEpochs), allowedDowntimeBps);
}

/** Wei that a window costs altogether. */
export function penaltyDue(
  missed: bigint,
  assigned: bigint,
  windowEpochs: bigint,
  bondPerKey: bigint,
  terms: PenaltyTerms,
): bigint {
  const counted = min(missed, assigned);
  const shared = basis(assigned, windowEpochs);
  const free = share(shared, terms.allowedDowntimeBps);
  if (counted <= free) return 0n;
  const units =
    counted -
    free +
    saturatingSub(counted, share(shared, FIRST_BAND_BPS)) +
    saturatingSub(counted, share(shared, SECOND_BAND_BPS));
  const cap = (assigned * bondPerKey * terms.maxPenaltyBps) / (windowEpochs * BASIS_POINTS);
  return min(units * terms.perMissedEpoch, cap);
}

/** Uptime in parts per million, rounded down. */
export function uptimePpm(missed: bigint, assigned: bigint): bigint {
  return (saturatingSub(assigned, missed) * 1_000_000n) / assigned;
}

/** What allowance and bands are shares of: one validator's whole window at least. */
function basis(assigned: bigint, windowEpochs: bigint): bigint {
  return assigned > windowEpochs ? assigned : windowEpochs;
}

function share(of: bigint, bps: bigint): bigint {
  return (of * bps) / BASIS_POINTS;
}

function min(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function saturatingSub(left: bigint, right: bigint): bigint {
  return left > right ? left - right : 0n;
}
