import { describe, expect, it } from "vitest";
import { compareLayouts, erc7201Slot } from "./layout.ts";

const first = { label: "a", slot: 0, offset: 0, type: "uint96" };
const second = { label: "b", slot: 0, offset: 12, type: "uint96" };

describe("storage layouts", () => {
  it("derives the slot of ERC-7201's own example", () => {
    expect(erc7201Slot("example.main")).toBe("0x183a6125c38840424c4a85fa12bab2ab606c4b6d0e7cc73c0c06ba5300eab500");
  });

  it("lets members be appended, to be recorded", () => {
    expect(compareLayouts({ n: [first] }, { n: [first, second] })).toEqual({ faults: [], additions: ["n.b"] });
    expect(compareLayouts({}, { n: [first] }).additions).toEqual(["n"]);
  });

  it.each([
    ["moves", { n: [{ ...first, slot: 1 }] }],
    ["changes its type", { n: [{ ...first, type: "uint64" }] }],
    ["vanishes", { n: [] }],
    ["goes with its namespace", {}],
  ])("refuses that a member %s", (_, current) => {
    expect(compareLayouts({ n: [first] }, current).faults).toHaveLength(1);
  });
});
