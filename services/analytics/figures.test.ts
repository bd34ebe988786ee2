import { describe, expect, it } from "vitest";
import { FLAG } from "../keeper/participation/flags.ts";
import { uint64Of } from "../keeper/protocol/deposit-events.ts";
import { figuresOf, NO_TALLY, rewardsOf, sumTallies, withEpoch, type Earnings } from "./figures.ts";

const ALL = FLAG.source | FLAG.target | FLAG.head;
const MAINNET = { secondsPerEpoch: 384 };
const EARNED: Earnings = {
  startBalance: 32_000_000_000n,
  endBalance: 32_010_000_000n,
  withdrawn: 5_000_000n,
  deposited: 1_000_000n,
  effectiveBalance: 32_000_000_000n,
  epochs: 225,
};

describe("figures", () => {
  it("are none without anything to count", () => {
    expect(figuresOf(NO_TALLY, [], MAINNET)).toEqual({
      attestationRate: undefined,
      effectiveness: undefined,
      inclusionDistance: undefined,
      proposalRate: undefined,
      rewardsGwei: undefined,
      apr: undefined,
    });
  });

  it("count flags by their weights, and distances of what was included", () => {
    const tally = [
      { flags: ALL, inclusionDistance: 1, contradicts: false },
      { flags: FLAG.source | FLAG.target, inclusionDistance: 3, contradicts: false },
      { flags: 0, inclusionDistance: undefined, contradicts: true },
    ].reduce(withEpoch, NO_TALLY);
    expect(tally).toMatchObject({ assigned: 3, missed: 1, contradictions: 1 });
    const { attestationRate, effectiveness, inclusionDistance } = figuresOf(tally, [], MAINNET);
    expect(attestationRate).toBeCloseTo(2 / 3, 12);
    expect(effectiveness).toBeCloseTo((54 + 40) / (3 * 54), 12);
    expect(inclusionDistance).toBe(2);
  });

  it("take proposals by what was known of duties", () => {
    expect(figuresOf({ ...NO_TALLY, proposed: 3 }, [], MAINNET).proposalRate).toBeUndefined();
    expect(
      figuresOf({ ...NO_TALLY, proposed: 3, proposalDuties: 4, missedProposals: 1 }, [], MAINNET).proposalRate,
    ).toBe(0.75);
  });

  it("are balance change, withdrawals and deposits, as a year's share", () => {
    expect(rewardsOf(EARNED)).toBe(14_000_000n);
    // 0.014 of 32 ether in a day of 225 epochs, 365.25 times a year.
    expect(figuresOf(NO_TALLY, [EARNED], MAINNET).apr).toBeCloseTo((0.014 / 32) * 365.25, 9);
    expect(rewardsOf({ ...EARNED, endBalance: 31_000_000_000n })).toBeLessThan(0n);
  });

  it("of an operator weigh validators by their time, and are not known when one is not", () => {
    const half = { ...EARNED, epochs: 112.5 };
    const both = figuresOf(NO_TALLY, [EARNED, half], MAINNET);
    expect(both.rewardsGwei).toBe(28_000_000n);
    expect(both.apr).toBeCloseTo((0.028 / (32 * 1.5)) * 365.25, 9);
    expect(figuresOf(NO_TALLY, [EARNED, undefined], MAINNET)).toMatchObject({ rewardsGwei: undefined, apr: undefined });
  });

  it("add up", () => {
    const one = { ...NO_TALLY, assigned: 2, missed: 1 };
    expect(sumTallies([one, one])).toEqual({ ...NO_TALLY, assigned: 4, missed: 2 });
  });

  it("read the deposit contract's amounts", () => {
    expect(uint64Of("0x0040597307000000")).toBe(32_000_000_000n);
  });
});
