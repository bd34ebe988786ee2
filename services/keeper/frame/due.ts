/** What decides which frame is due. */
export interface FrameClock {
  /** Newest slot of which a report may speak: nothing up to it changes any more. */
  readonly stableSlot: number;
  readonly slotsPerFrame: number;
  /** Last slot of the last settled frame; 0 before the first. */
  readonly lastRefSlot: number;
  /** Slots below which two reports cannot follow each other. */
  readonly minSlotsPerFrame: number;
  /** Unix seconds. */
  readonly genesisTime: number;
  readonly secondsPerSlot: number;
  /** Unix seconds at which the pool last processed a frame. */
  readonly lastFrameTime: number;
}

/**
 * Last slot of the newest frame that can be settled now; undefined when none can (RewardDistribution, _acceptFrame).
 * A frame whose last slot lies before the pool's last frame is never settled: ether that left the vaults since would count twice.
 */
export function settleableFrame(clock: FrameClock): number | undefined {
  const refSlot = Math.floor((clock.stableSlot + 1) / clock.slotsPerFrame) * clock.slotsPerFrame - 1;
  const slotTime = clock.genesisTime + refSlot * clock.secondsPerSlot;
  const isDue =
    refSlot > 0 &&
    refSlot > clock.lastRefSlot &&
    (clock.lastRefSlot === 0 || refSlot >= clock.lastRefSlot + clock.minSlotsPerFrame) &&
    slotTime >= clock.lastFrameTime;
  return isDue ? refSlot : undefined;
}
