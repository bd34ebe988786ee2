import { array, assert, integer, property, tuple } from "fast-check";
import { describe, expect, it } from "vitest";
import { FIRST_TERMS, penaltyDue, WINDOW_EPOCHS } from "../../../lib/penalty.ts";
import { breachesOf } from "./breaches.ts";

const BOND = 1_500_000_000_000_000_000n;

describe("breaches", () => {
  it("are the windows that cost something, by rising operator", () => {
    const totals = new Map([
      [9, { assigned: 6_750, missed: 21 }],
      [2, { assigned: 6_750, missed: 20 }],
      [1, { assigned: 13_500, missed: 6_750 }],
      [5, { assigned: 0, missed: 0 }],
    ]);
    expect(breachesOf(3, totals, WINDOW_EPOCHS, BOND, FIRST_TERMS)).toEqual([
      {
        report: { operatorId: 1, window: 3, assignedEpochs: 13_500n, missedEpochs: 6_750n },
        due: penaltyDue(6_750n, 13_500n, WINDOW_EPOCHS, BOND, FIRST_TERMS),
      },
      { report: { operatorId: 9, window: 3, assignedEpochs: 6_750n, missedEpochs: 21n }, due: 35_000n * 10n ** 9n },
    ]);
  });

  it("never name an operator within its allowance, and always one beyond it", () => {
    assert(
      property(
        array(tuple(integer({ min: 1, max: 100_000 }), integer({ min: 0, max: 3_000 })), { maxLength: 5 }),
        (drawn) => {
          const totals = new Map(
            drawn.map(([assigned, missed], index) => [index + 1, { assigned, missed: Math.min(missed, assigned) }]),
          );
          const named = breachesOf(0, totals, WINDOW_EPOCHS, BOND, FIRST_TERMS).map(({ report }) => report.operatorId);
          const beyond = [...totals].flatMap(([operatorId, { assigned, missed }]) =>
            missed > Math.floor((Math.max(assigned, 6_750) * 30) / 10_000) ? [operatorId] : [],
          );
          expect(named).toEqual(beyond);
        },
      ),
    );
  });
});
