import { assert, bigInt, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { blockRanges, blockRangesBack } from "./block-ranges.ts";

describe("ranges of blocks", () => {
  it("cover each block once, in order, in parts of 5,000 at most; and the same from the other end", () => {
    const block = bigInt({ min: 0n, max: 40_000n });
    assert(
      property(block, block, (first, length) => {
        const last = first + length - 1n;
        for (const [ranges, back] of [
          [[...blockRanges(first, last)], false],
          [[...blockRangesBack(first, last)].reverse(), true],
        ] as const) {
          expect(ranges.length).toBe(Number((length + 4_999n) / 5_000n));
          let next = first;
          for (const { fromBlock, toBlock } of ranges) {
            expect(fromBlock).toBe(next);
            expect(toBlock - fromBlock < 5_000n).toBe(true);
            next = toBlock + 1n;
          }
          expect(next).toBe(last + 1n);
          // Whole parts are at the end that is asked for first.
          const whole = back ? ranges.at(-1) : ranges[0];
          if (length >= 5_000n && whole) expect(whole.toBlock - whole.fromBlock).toBe(4_999n);
        }
      }),
    );
  });
});
