/** Seconds of an epoch on public networks. */
const PUBLIC_EPOCH_SECONDS = 384;

/**
 * How fast a network is. Rules are written for public networks; on a devnet an epoch takes seconds, and what depends on epochs shrinks
 * with it.
 */
export interface Timing {
  readonly epochSeconds: number;
  readonly scrapeSeconds: number;
  /** A duration that counts epochs: uptime, reports, withdrawal queues. Given for public networks, e.g. `1h`. */
  readonly chain: (duration: string) => string;
  /** The same in seconds, for comparisons with ages. */
  readonly chainSeconds: (duration: string) => number;
  /** How long a fault of a client or keeper must hold. Shrinks like {@link Timing.chain}, but never below two scrapes. */
  readonly hold: (duration: string) => string;
  /** Range of a rate: at least four scrapes, else a single missed scrape leaves nothing. */
  readonly range: (duration: string) => string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of a Prometheus duration of one unit. */
export function secondsOf(duration: string): number {
  const match = /^(\d+)([smhd])$/.exec(duration);
  const unit = UNITS[match?.[2] ?? ""];
  if (match === null || unit === undefined) throw new TypeError(`${duration} is no duration of one unit`);
  return Number(match[1]) * unit;
}

/** A Prometheus duration, in the largest unit that divides it. */
export function durationOf(seconds: number): string {
  const [unit] = Object.entries(UNITS)
    .reverse()
    .find(([, size]) => seconds % size === 0) ?? ["s"];
  return `${seconds / (UNITS[unit] ?? 1)}${unit}`;
}

/** Timing of a network with these epochs. */
export function timingOf(epochSeconds: number, scrapeSeconds: number): Timing {
  if (!(epochSeconds > 0) || !(scrapeSeconds > 0)) throw new RangeError("epochs and scrapes take time");
  const scale = Math.min(1, epochSeconds / PUBLIC_EPOCH_SECONDS);
  const scaled = (duration: string): number => Math.ceil(secondsOf(duration) * scale);
  return {
    epochSeconds,
    scrapeSeconds,
    // An epoch is the grain of everything that the chain says, so no window is shorter than two.
    chain: (duration) => durationOf(Math.max(scaled(duration), Math.ceil(2 * epochSeconds), 4 * scrapeSeconds)),
    chainSeconds: (duration) => scaled(duration),
    hold: (duration) => durationOf(Math.min(secondsOf(duration), Math.max(scaled(duration), 2 * scrapeSeconds))),
    range: (duration) => durationOf(Math.max(scaled(duration), 4 * scrapeSeconds)),
  };
}

/** Mainnet, Sepolia and Hoodi, scraped every 15 seconds. */
export const PUBLIC: Timing = timingOf(PUBLIC_EPOCH_SECONDS, 15);
