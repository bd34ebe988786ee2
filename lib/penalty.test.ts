import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FIRST_TERMS, WINDOW_EPOCHS, allowance, penaltyDue, uptimePpm } from "./penalty.ts";

/** Also checked by contracts/test/fuzz/Penalty.t.sol; worked out epoch by epoch, by neither implementation. */
const vectors = JSON.parse(
  readFileSync(new URL("../contracts/test/fixtures/penalty-vectors.json", import.meta.url), "utf8"),
) as Record<string, (number | string)[]>;

const BOND = 15n * 10n ** 17n;

/** A column's value in a row. */
function at(column: string, row: number): bigint {
  const value = vectors[column]?.[row];
  if (value === undefined) throw new Error(`no ${column} in row ${row}`);
  return BigInt(value);
}

/** The whole price of a window by the first terms. */
function due(missed: bigint, assigned: bigint): bigint {
  return penaltyDue(missed, assigned, WINDOW_EPOCHS, BOND, FIRST_TERMS);
}

describe("penalty", () => {
  it("is what the shared vectors say", () => {
    const rows = vectors["due"]?.length ?? 0;
    expect(rows).toBeGreaterThan(30);
    for (let row = 0; row < rows; row++) {
      const terms = {
        allowedDowntimeBps: at("allowedDowntimeBps", row),
        perMissedEpoch: at("perMissedEpoch", row),
        maxPenaltyBps: at("maxPenaltyBps", row),
      };
      const [missed, assigned] = [at("missed", row), at("assigned", row)];
      expect(penaltyDue(missed, assigned, at("windowEpochs", row), at("bondPerKey", row), terms), `row ${row}`).toBe(
        at("due", row),
      );
      expect(uptimePpm(missed, assigned), `row ${row}`).toBe(at("uptimePpm", row));
    }
  });

  it("allows 20 epochs of a validator's window, and of less than that", () => {
    expect(allowance(WINDOW_EPOCHS, WINDOW_EPOCHS, 30n)).toBe(20n);
    expect(allowance(1n, WINDOW_EPOCHS, 30n)).toBe(20n);
    expect(allowance(1_000n * WINDOW_EPOCHS, WINDOW_EPOCHS, 30n)).toBe(20_250n);
  });

  it("never falls with another miss, and rises by three units at most", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10_000_000 }), fc.nat({ max: 10_000_000 }), (missed, assigned) => {
        const step = due(BigInt(missed) + 1n, BigInt(assigned)) - due(BigInt(missed), BigInt(assigned));
        expect(step >= 0n && step <= 3n * FIRST_TERMS.perMissedEpoch).toBe(true);
      }),
    );
  });

  it("ends at the cap", () => {
    expect(due(100n * WINDOW_EPOCHS, 100n * WINDOW_EPOCHS)).toBe(10n * BOND);
  });
});
