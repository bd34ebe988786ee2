import { assert, array, boolean, constantFrom, integer, property, record, tuple, uniqueArray } from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { SpecChain as Chain } from "../testing/spec-chain.ts";
import type { ChainParameters } from "../beacon/reader.ts";
import { ourDuties } from "./duties.ts";
import { evaluateEpoch, EPOCHS_BEFORE, type EpochParticipation } from "./evaluate.ts";

// Lodestar chooses its preset when it is loaded.
vi.hoisted(() => (process.env["LODESTAR_PRESET"] = "minimal"));
const { SpecChain, SLOTS_PER_EPOCH } = await import("../testing/spec-chain.ts");

const VALIDATORS = 48;
const EPOCHS = 7;
const CAPELLA = { slotsPerEpoch: 8, denebForkEpoch: Infinity } as ChainParameters;

/** How a run of the chain goes, slot by slot. */
const scriptOf = array(
  record({
    hasBlock: constantFrom(true, true, true, true, true, false),
    delay: constantFrom(1, 1, 1, 1, 2, 3, 5, 8, 9),
    wrongTarget: constantFrom(false, false, false, false, true),
    wrongHead: constantFrom(false, false, false, true),
    /** Who is absent, modulo 7. */
    absent: uniqueArray(integer({ min: 0, max: 6 }), { maxLength: 3 }),
    /** Says it once more, otherwise. */
    again: tuple(boolean(), integer({ min: 1, max: 8 })),
  }),
  { minLength: EPOCHS * SLOTS_PER_EPOCH, maxLength: EPOCHS * SLOTS_PER_EPOCH },
);

/** Runs a chain and compares each epoch, when the state is done with it, with what its blocks say. */
function compare(chain: Chain, step: (slot: number) => void, ours: (index: number) => boolean): EpochParticipation[] {
  const epochs: EpochParticipation[] = [];
  for (let slot = 1; slot < EPOCHS * SLOTS_PER_EPOCH; slot++) {
    step(slot);
    if (slot % SLOTS_PER_EPOCH !== SLOTS_PER_EPOCH - 1 || slot < 2 * SLOTS_PER_EPOCH) continue;
    const epoch = Math.floor(slot / SLOTS_PER_EPOCH) - 1;
    const first = Math.max(0, epoch - EPOCHS_BEFORE) * SLOTS_PER_EPOCH;
    const blocks = chain.blocks.filter((block) => block.slot >= first);
    const duties = ourDuties(epoch, { slot: 0, root: "0x" }, chain.committees(epoch), ours);
    const evaluated = evaluateEpoch(epoch, duties, { rootBefore: blocks[0]?.parentRoot, blocks }, CAPELLA);
    const expected = chain.previousParticipation().flatMap((flags, index) => (ours(index) ? [[index, flags]] : []));
    const actual = [...evaluated.validators].map(([index, { flags }]) => [index, flags]);
    expect(actual.sort(([left = 0], [right = 0]) => left - right)).toEqual(expected);
    if (evaluated.finalizing)
      expect(chain.state.finalizedCheckpoint.epoch).toBeGreaterThanOrEqual(epoch + 1 - EPOCHS_BEFORE);
    epochs.push(evaluated);
  }
  return epochs;
}

describe("an epoch's participation, beside the specification's state", () => {
  it("is the state's under random absence, inclusion, skipped slots and wrong votes", () => {
    const seen = new Set<number>();
    assert(
      property(scriptOf, (script) => {
        const chain = new SpecChain(VALIDATORS);
        const epochs = compare(
          chain,
          (slot) => {
            const said = script[slot];
            if (!said) throw new Error("the script is too short");
            const { hasBlock, delay, wrongTarget, wrongHead, absent, again } = said;
            const takesPart = (position: number): boolean => !absent.includes(position % 7);
            chain.step(hasBlock, () => [
              { delay, wrongTarget, wrongHead, takesPart },
              ...(again[0] ? [{ delay: again[1], wrongTarget: !wrongTarget, wrongHead: false, takesPart }] : []),
            ]);
          },
          (index) => index % 3 !== 1,
        );
        for (const { validators } of epochs) for (const { flags } of validators.values()) seen.add(flags);
      }),
      { numRuns: 25 },
    );
    // Else the comparison would have been of nothing but zeros.
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 7].sort());
  });

  it("finalises while all take part, and tells distances and contradictions", () => {
    const chain = new SpecChain(VALIDATORS);
    const epochs = compare(
      chain,
      () => chain.step(true, () => [{ delay: 2, wrongTarget: false, wrongHead: false, takesPart: () => true }]),
      () => true,
    );
    for (const { finalizing, validators } of epochs) {
      expect(finalizing).toBe(true);
      for (const validator of validators.values())
        expect(validator).toEqual({ flags: 3, inclusionDistance: 2, contradicts: false });
    }
    const said = { wrongTarget: false, takesPart: () => true };
    const both = new SpecChain(VALIDATORS);
    const [contradicted] = compare(
      both,
      () =>
        both.step(true, () => [
          { ...said, delay: 1, wrongHead: false },
          { ...said, delay: 3, wrongHead: true },
        ]),
      () => true,
    );
    for (const validator of contradicted?.validators.values() ?? [])
      expect(validator).toEqual({ flags: 7, inclusionDistance: 1, contradicts: true });
  });

  it("does not finalise once too few take part", () => {
    const chain = new SpecChain(VALIDATORS);
    const epochs = compare(
      chain,
      () =>
        chain.step(true, () => [{ delay: 1, wrongTarget: false, wrongHead: false, takesPart: (at) => at % 2 === 0 }]),
      () => true,
    );
    expect(epochs.map(({ epoch, finalizing }) => [epoch, finalizing])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, false],
      [5, false],
    ]);
  });
});
