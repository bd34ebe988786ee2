import { penaltyDue, type PenaltyTerms } from "../../../lib/penalty.ts";
import type { Counts } from "./count.ts";

/** IServiceLevel.DowntimeReport. */
export interface DowntimeReport {
  readonly operatorId: number;
  readonly window: number;
  readonly assignedEpochs: bigint;
  readonly missedEpochs: bigint;
}

/** A window that an operator did not keep. */
export interface Breach {
  readonly report: DowntimeReport;
  /** Wei that the window costs altogether. */
  readonly due: bigint;
}

/** Which operators' windows cost something, by rising operator. */
export function breachesOf(
  window: number,
  totals: ReadonlyMap<number, Counts>,
  windowEpochs: bigint,
  bondPerKey: bigint,
  terms: PenaltyTerms,
): Breach[] {
  return [...totals]
    .sort(([left], [right]) => left - right)
    .flatMap(([operatorId, { assigned, missed }]) => {
      const report = { operatorId, window, assignedEpochs: BigInt(assigned), missedEpochs: BigInt(missed) };
      const due = penaltyDue(report.missedEpochs, report.assignedEpochs, windowEpochs, bondPerKey, terms);
      return due > 0n ? [{ report, due }] : [];
    });
}
