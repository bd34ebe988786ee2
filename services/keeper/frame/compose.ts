import { VALIDATOR_WEI } from "../protocol/economics.ts";

/** IRewardDistribution.Report: the totals of a frame, in wei, as of the state after its last slot. */
export interface FrameReport {
  readonly refSlot: bigint;
  readonly beaconBalance: bigint;
  readonly creditedValidators: number;
  readonly slashedValidators: number;
  readonly withdrawalVaultBalance: bigint;
  readonly executionVaultBalance: bigint;
  readonly finalizeUpTo: number;
}

/** IOperatorRegistry.OperatorUpdate: what is new of an operator. */
export interface OperatorUpdate {
  readonly operatorId: number;
  readonly exitedKeys: number;
  readonly stuckKeys: number;
  /** Wei. */
  readonly loss: bigint;
}

/** A frame's report as members agree on it. */
export interface ReportedFrame {
  readonly report: FrameReport;
  readonly updates: readonly OperatorUpdate[];
}

/** A validator whose second deposit was made, as a state has it. */
export interface CompletedValidator {
  readonly operatorId: number;
  /** Wei. */
  readonly balance: bigint;
  /** Whether both of its deposits are in the balance. */
  readonly credited: boolean;
  /** Withdrawable: until then it can be slashed for what it signed, and its bond must stand for that. */
  readonly exited: boolean;
  /** On its way out, or out. */
  readonly leaving: boolean;
  readonly slashed: boolean;
  /** Wei that have been paid out since it could be withdrawn; 0 before. */
  readonly paidOut: bigint;
}

/** What the registry has of an operator before the report. */
export interface OperatorBefore {
  readonly exitedKeys: number;
  readonly stuckKeys: number;
  /** Exits asked for so long ago that they must have begun. */
  readonly overdueExits: number;
  /** Wei laid to it by all reports so far. */
  readonly chargedLoss: bigint;
}

/** Updates of one report (OperatorRegistry.MAX_UPDATES_PER_REPORT). */
const MAX_UPDATES = 128;

/** What the members say of a frame, from validators as its last state has them and from what the registry knew. Pure. */
export function composeReport(
  frame: Pick<FrameReport, "refSlot" | "withdrawalVaultBalance" | "executionVaultBalance" | "finalizeUpTo">,
  validators: readonly CompletedValidator[],
  before: ReadonlyMap<number, OperatorBefore>,
): ReportedFrame {
  const credited = validators.filter((validator) => validator.credited);
  const updates = [...new Set(credited.map(({ operatorId }) => operatorId))]
    .sort((left, right) => left - right)
    .flatMap((operatorId) => {
      const own = credited.filter((validator) => validator.operatorId === operatorId);
      const known = before.get(operatorId) ?? { exitedKeys: 0, stuckKeys: 0, overdueExits: 0, chargedLoss: 0n };
      // A balance never takes an exit back, but a report must not say so either.
      const exitedKeys = Math.max(known.exitedKeys, own.filter(({ exited }) => exited).length);
      const overdue = known.overdueExits - own.filter(({ leaving }) => leaving).length;
      const stuckKeys = Math.min(Math.max(0, overdue), own.length - exitedKeys);
      const loss = saturating(own.reduce((sum, validator) => sum + lossOf(validator), 0n) - known.chargedLoss);
      const isNew = exitedKeys > known.exitedKeys || stuckKeys !== known.stuckKeys || loss > 0n;
      return isNew ? [{ operatorId, exitedKeys, stuckKeys, loss }] : [];
    })
    // The others wait for the next report.
    .slice(0, MAX_UPDATES);
  return {
    report: {
      ...frame,
      beaconBalance: credited.reduce((sum, { balance }) => sum + balance, 0n),
      creditedValidators: credited.length,
      slashedValidators: credited.filter(({ slashed }) => slashed).length,
    },
    updates,
  };
}

/** Wei that a slashed validator has lost of its deposits. Its fault alone: losses of the others are the pool's. */
function lossOf({ slashed, balance, paidOut }: CompletedValidator): bigint {
  return slashed ? saturating(VALIDATOR_WEI - balance - paidOut) : 0n;
}

function saturating(value: bigint): bigint {
  return value > 0n ? value : 0n;
}
