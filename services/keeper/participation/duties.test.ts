import { assert, array, boolean, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Hex } from "viem";
import type { Attestation, BeaconBlock } from "../beacon/block.ts";
import type { ChainParameters } from "../beacon/reader.ts";
import { hasBit, setBits } from "./bits.ts";
import { attesters, ourDuties } from "./duties.ts";
import { evaluateEpoch } from "./evaluate.ts";
import { FLAG, participationFlags } from "./flags.ts";

/** Bits as SSZ writes a bitvector; as a bitlist with a last bit that marks its length. */
function bits(values: readonly boolean[], isList = false): Hex {
  const all = isList ? [...values, true] : values;
  const bytes = new Uint8Array(Math.ceil(all.length / 8));
  all.forEach((value, index) => {
    if (value) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7));
  });
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

describe("bits", () => {
  it("are read as they were written", () => {
    assert(
      property(array(boolean(), { maxLength: 200 }), (values) => {
        const hex = bits(values);
        expect(setBits(hex)).toEqual(values.flatMap((value, index) => (value ? [index] : [])));
        expect(values.map((_, index) => hasBit(hex, index))).toEqual(values);
        expect(hasBit(hex, hex.length * 8)).toBe(false);
      }),
    );
    expect(hasBit("0x", 0)).toBe(false);
  });
});

describe("participation flags", () => {
  /** integer_squareroot(SLOTS_PER_EPOCH) is 5 on public networks: altair/beacon-chain.md and deneb/beacon-chain.md. */
  it.each([
    [1, true, true, false, 7],
    [1, true, false, false, 3],
    [1, false, true, false, 1],
    [2, true, true, false, 3],
    [5, true, true, false, 3],
    [6, true, true, false, 2],
    [32, true, true, false, 2],
    [33, true, true, false, 0],
    [6, false, false, false, 0],
    // EIP-7045: the target is timely however late it comes.
    [33, true, true, true, 2],
    [63, true, false, true, 2],
    [63, false, true, true, 0],
    [6, false, true, true, 0],
    [1, true, true, true, 7],
  ])("delay %d, target %s, head %s, Deneb %s: %d", (delay, correctTarget, correctHead, isDeneb, flags) => {
    expect(participationFlags({ delay, correctTarget, correctHead }, 32, isDeneb)).toBe(flags);
  });

  it("have the bits of the specification", () => {
    expect(FLAG).toEqual({ source: 1 << 0, target: 1 << 1, head: 1 << 2 });
  });
});

const root = (name: number): Hex => `0x${name.toString(16).padStart(64, "0")}`;
const ANCHOR = { slot: 0, root: root(0) };

function attestation(changes: Partial<Attestation>): Attestation {
  return {
    aggregationBits: "0x",
    committeeBits: undefined,
    slot: 0,
    index: 0,
    headRoot: root(0),
    sourceEpoch: 0,
    targetEpoch: 0,
    targetRoot: root(0),
    ...changes,
  };
}

describe("attesters", () => {
  const committees = [
    { slot: 8, index: 0, validators: [10, 11, 12] },
    { slot: 8, index: 1, validators: [20, 21] },
    { slot: 8, index: 2, validators: [30, 31, 32, 33] },
    { slot: 9, index: 0, validators: [40] },
  ];
  const duties = ourDuties(1, ANCHOR, committees, (index) => index !== 31);

  it("are the members of one committee before Electra", () => {
    const said = attestation({ slot: 8, index: 1, aggregationBits: bits([false, true], true) });
    expect(attesters(duties, said)).toEqual([21]);
    expect(attesters(duties, { ...said, slot: 10 })).toEqual([]);
    expect(attesters(duties, { ...said, index: 7 })).toEqual([]);
  });

  it("are those of all committees that committee_bits name since Electra (EIP-7549)", () => {
    // Committees 0 and 2 in this order, one bitlist for both: 3 members and 4.
    const said = attestation({
      slot: 8,
      committeeBits: bits([true, false, true]),
      aggregationBits: bits([false, true, false, true, true, false, true], true),
    });
    expect(attesters(duties, said)).toEqual([11, 30, 33]);
    // Committee 1 alone: its bits begin at 0.
    const alone = { ...said, committeeBits: bits([false, true]), aggregationBits: bits([true, false], true) };
    expect(attesters(duties, alone)).toEqual([20]);
  });

  it("do not depend on how attestations are packed", () => {
    assert(
      property(array(boolean(), { minLength: 9, maxLength: 9 }), (takesPart) => {
        const all = ourDuties(1, ANCHOR, committees, () => true);
        const part = (from: number, to: number): Hex => bits(takesPart.slice(from, to), true);
        const packed = attesters(
          all,
          attestation({ slot: 8, committeeBits: bits([true, true, true]), aggregationBits: part(0, 9) }),
        );
        const single = [
          [0, 0, 3],
          [1, 3, 5],
          [2, 5, 9],
        ].flatMap(([index = 0, from = 0, to = 0]) =>
          attesters(all, attestation({ slot: 8, index, aggregationBits: part(from, to) })),
        );
        expect(packed).toEqual(single);
      }),
    );
  });
});

describe("an epoch after Altair's rules", () => {
  const SLOTS = 32;
  const duties = ourDuties(1, ANCHOR, [{ slot: 32, index: 0, validators: [1, 2] }], () => true);
  const block = (slot: number, attestations: readonly Attestation[] = []): BeaconBlock => ({
    slot,
    // A block's root is its slot; one a slot.
    parentRoot: root(slot - 1),
    stateRoot: root(0),
    proposerIndex: 0,
    attestations,
    slashed: [],
    exited: [],
    exitRequests: [],
    payload: { blockNumber: 0n, feeRecipient: `0x${"00".repeat(20)}`, timestamp: 0, withdrawals: [] },
  });
  const late = attestation({
    slot: 32,
    aggregationBits: bits([true, false], true),
    headRoot: root(32),
    targetEpoch: 1,
    targetRoot: root(32),
  });
  const evaluate = (includedAt: number, denebForkEpoch: number) => {
    const blocks = Array.from({ length: 96 }, (_, index) => index + 1).map((slot) =>
      block(slot, slot === includedAt ? [late] : []),
    );
    const parameters = { slotsPerEpoch: SLOTS, denebForkEpoch } as ChainParameters;
    return evaluateEpoch(1, duties, { rootBefore: root(0), blocks }, parameters).validators;
  };

  it("takes a late target from the fork on, by the block that carries it", () => {
    expect(evaluate(64, Infinity).get(1)).toMatchObject({ flags: 2, inclusionDistance: 32 });
    expect(evaluate(80, Infinity).get(1)).toMatchObject({ flags: 0, inclusionDistance: 48 });
    // The fork between the attestation's epoch and its block's.
    expect(evaluate(80, 2).get(1)).toMatchObject({ flags: 2 });
    expect(evaluate(80, 3).get(1)).toMatchObject({ flags: 0 });
    expect(evaluate(33, 0).get(1)).toMatchObject({ flags: 7 });
    expect(evaluate(33, 0).get(2)).toEqual({ flags: 0, inclusionDistance: undefined, contradicts: false });
  });

  it("counts who is in one of several committees of an attestation", () => {
    assert(
      property(integer({ min: 0, max: 3 }), (absent) => {
        const committees = [0, 1, 2, 3].map((index) => ({ slot: 32, index, validators: [index * 2, index * 2 + 1] }));
        const all = ourDuties(1, ANCHOR, committees, () => true);
        const named = [0, 1, 2, 3].map((index) => index !== absent);
        const said = { ...late, committeeBits: bits(named), aggregationBits: bits(Array<boolean>(6).fill(true), true) };
        const blocks = [block(32), block(33, [said]), block(34)];
        const parameters = { slotsPerEpoch: SLOTS, denebForkEpoch: 0 } as ChainParameters;
        const { validators } = evaluateEpoch(1, all, { rootBefore: root(31), blocks }, parameters);
        for (const [index, { flags }] of validators) expect(flags).toBe(Math.floor(index / 2) === absent ? 0 : 7);
      }),
    );
  });
});
