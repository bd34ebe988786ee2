import fc from "fast-check";
import { parseGwei, type PublicClient } from "viem";
import { describe, expect, it } from "vitest";
import { bumpedFees, currentFees } from "./fees.ts";

const clientAt = (baseFeePerGas: bigint | null): PublicClient =>
  ({ getBlock: () => Promise.resolve({ baseFeePerGas }) }) as unknown as PublicClient;

describe("currentFees", () => {
  it("hold while the base fee doubles", async () => {
    const { maxFeePerGas, maxPriorityFeePerGas } = await currentFees(clientAt(parseGwei("30")));
    expect(maxPriorityFeePerGas).toBe(parseGwei("1"));
    expect(maxFeePerGas - maxPriorityFeePerGas).toBe(parseGwei("60"));
    expect((await currentFees(clientAt(null))).maxFeePerGas).toBe(parseGwei("1"));
  });
});

describe("bumpedFees", () => {
  const fees = fc.record({
    maxFeePerGas: fc.bigInt({ min: 1n, max: 10n ** 15n }),
    maxPriorityFeePerGas: fc.bigInt({ min: 1n, max: 10n ** 12n }),
  });

  it("raises both fees by a tenth at least, which is what clients ask of a replacement, and never falls below the current ones", () => {
    fc.assert(
      fc.property(fees, fees, (last, current) => {
        const bumped = bumpedFees(last, current);
        for (const fee of ["maxFeePerGas", "maxPriorityFeePerGas"] as const) {
          expect(bumped[fee] * 10n).toBeGreaterThanOrEqual(last[fee] * 11n);
          expect(bumped[fee]).toBeGreaterThanOrEqual(current[fee]);
        }
      }),
    );
  });
});
