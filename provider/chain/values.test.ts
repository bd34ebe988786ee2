import fc from "fast-check";
import { decodeAbiParameters, encodeAbiParameters, parseAbiParameters } from "viem";
import { describe, expect, it } from "vitest";
import { fromAbiValue, toAbiValue } from "./values.ts";

const roundTrip = (types: string, value: unknown): unknown => {
  const parameters = parseAbiParameters(types) as readonly [{ type: string }];
  const encoded = encodeAbiParameters(parameters, [toAbiValue(parameters[0], value)]);
  return fromAbiValue(decodeAbiParameters(parameters, encoded)[0]);
};

describe("toAbiValue and fromAbiValue", () => {
  it("are inverse on decimal integers of any size", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
        expect(roundTrip("uint256", value.toString())).toBe(value.toString());
      }),
    );
    expect(roundTrip("int128", "-5")).toBe("-5");
    expect(roundTrip("uint256", 7)).toBe("7");
  });

  it("reach into arrays and structs, by name and in order", () => {
    expect(roundTrip("uint256[][]", [["1", "2"], []])).toEqual([["1", "2"], []]);
    expect(
      roundTrip("(uint256 limit, bool open, uint64[2] pair)", { limit: "9", open: true, pair: ["1", "2"] }),
    ).toEqual({
      limit: "9",
      open: true,
      pair: ["1", "2"],
    });
    expect(roundTrip("(uint256, bool)", ["9", "false"])).toEqual(["9", false]);
    expect(roundTrip("(uint256 a)[]", [{ a: "1" }])).toEqual([{ a: "1" }]);
  });

  it("give addresses their checksum, and leave other values alone", () => {
    expect(fromAbiValue("0x00000000219ab540356cbb839cbe05303d7705fa")).toBe(
      "0x00000000219ab540356cBB839Cbe05303d7705Fa",
    );
    expect(fromAbiValue(["0x01", true, { a: 1n }])).toEqual(["0x01", true, { a: "1" }]);
    expect(roundTrip("bool", "true")).toBe(true);
  });
});
