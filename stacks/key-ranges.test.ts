import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignKeyRanges } from "./key-ranges.ts";

describe("assignKeyRanges", () => {
  it("puts one range after the other", () => {
    expect(
      assignKeyRanges([
        { node: "a", count: 2 },
        { node: "b", count: 3 },
      ]),
    ).toEqual([
      { node: "a", startIndex: 0, count: 2 },
      { node: "b", startIndex: 2, count: 3 },
    ]);
  });

  it("gives every index to exactly one range", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ node: fc.string(), count: fc.integer({ min: 1, max: 50 }) })), (ranges) => {
        const indices = assignKeyRanges(ranges).flatMap(({ startIndex, count }) =>
          Array.from({ length: count }, (_, offset) => startIndex + offset),
        );
        expect(new Set(indices).size).toBe(indices.length);
        expect(indices).toEqual(indices.map((_, position) => position));
      }),
    );
  });

  it("keeps the ranges that were there when one is added at the end", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ node: fc.string(), count: fc.nat(50) })), fc.nat(50), (ranges, count) => {
        expect(assignKeyRanges([...ranges, { node: "new", count }]).slice(0, -1)).toEqual(assignKeyRanges(ranges));
      }),
    );
  });
});
