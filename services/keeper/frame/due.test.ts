import { assert, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { settleableFrame, type FrameClock } from "./due.ts";

const CLOCK: FrameClock = {
  stableSlot: 100,
  slotsPerFrame: 16,
  lastRefSlot: 0,
  minSlotsPerFrame: 8,
  genesisTime: 1_000,
  secondsPerSlot: 12,
  lastFrameTime: 0,
};

/** RewardDistribution, _acceptFrame: whether the contract would take a frame's last slot, at a time long after it. */
function accepts(refSlot: number, clock: FrameClock): boolean {
  const { slotsPerFrame, lastRefSlot, minSlotsPerFrame, genesisTime, secondsPerSlot, lastFrameTime } = clock;
  if ((refSlot + 1) % slotsPerFrame !== 0) return false;
  const slotTime = genesisTime + refSlot * secondsPerSlot;
  return !(
    refSlot <= lastRefSlot ||
    slotTime < lastFrameTime ||
    (lastRefSlot !== 0 && refSlot < lastRefSlot + minSlotsPerFrame)
  );
}

describe("the frame that is due", () => {
  it("is the newest whole one that is stable", () => {
    expect(settleableFrame(CLOCK)).toBe(95);
    expect(settleableFrame({ ...CLOCK, stableSlot: 95 })).toBe(95);
    expect(settleableFrame({ ...CLOCK, stableSlot: 94 })).toBe(79);
  });

  it("is none before the first, twice, or before the pool's last frame", () => {
    expect(settleableFrame({ ...CLOCK, stableSlot: -3 })).toBeUndefined();
    expect(settleableFrame({ ...CLOCK, stableSlot: 14 })).toBeUndefined();
    expect(settleableFrame({ ...CLOCK, lastRefSlot: 95 })).toBeUndefined();
    expect(settleableFrame({ ...CLOCK, lastRefSlot: 90 })).toBeUndefined();
    expect(settleableFrame({ ...CLOCK, lastRefSlot: 87 })).toBe(95);
    expect(settleableFrame({ ...CLOCK, lastFrameTime: 1_000 + 95 * 12 })).toBe(95);
    expect(settleableFrame({ ...CLOCK, lastFrameTime: 1_000 + 95 * 12 + 1 })).toBeUndefined();
  });

  it("is one that the contract takes, and the newest such", () => {
    const clocks = record({
      stableSlot: integer({ min: -10, max: 400 }),
      slotsPerFrame: integer({ min: 1, max: 40 }),
      lastRefSlot: integer({ min: 0, max: 400 }),
      minSlotsPerFrame: integer({ min: 1, max: 40 }),
      genesisTime: integer({ min: 0, max: 1_000 }),
      secondsPerSlot: integer({ min: 1, max: 12 }),
      lastFrameTime: integer({ min: 0, max: 4_000 }),
    });
    assert(
      property(clocks, (clock) => {
        const acceptable = Array.from({ length: Math.max(0, clock.stableSlot) }, (_, index) => index + 1).filter(
          (slot) => accepts(slot, clock),
        );
        expect(settleableFrame(clock)).toBe(acceptable.at(-1));
      }),
      { numRuns: 500 },
    );
  });
});
