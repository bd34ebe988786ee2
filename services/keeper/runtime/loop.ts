import { setTimeout as sleep } from "node:timers/promises";
import { describeError, type Logger } from "./log.ts";
import type { KeeperMetrics } from "./metrics.ts";

/** How a run of a loop ended. */
export type Outcome =
  /** There was nothing to do. */
  | "idle"
  /** It did something. */
  | "acted"
  /** Somebody else has to do something first. */
  | "waiting";

/** One of the keeper's tasks: looks at the chain, and does what is to be done now. Running it once more never does harm. */
export interface Loop {
  readonly name: string;
  /** How often it looks: once an interval (a slot), or once an epoch. */
  readonly pace: "slot" | "epoch";
  run(): Promise<Outcome>;
}

/** Milliseconds between two looks, by pace. */
export type Intervals = Readonly<Record<Loop["pace"], number>>;

/** Failures double the pause, up to so many times the interval. */
const MAX_BACKOFF = 8;
/** A loop that has not succeeded for so many intervals is not healthy. */
const HEALTHY_INTERVALS = 20;

/** Runs loops beside each other until it is told to stop. A loop that fails is tried again, later and later; the others go on. */
export class LoopRunner {
  readonly #intervals: Intervals;
  readonly #metrics: KeeperMetrics;
  readonly #log: Logger;
  readonly #lastSuccess = new Map<string, number>();
  readonly #startedAt = Date.now();

  constructor(intervals: Intervals, metrics: KeeperMetrics, log: Logger) {
    this.#intervals = intervals;
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Returns when all loops have ended their run after the signal. */
  async run(loops: readonly Loop[], signal: AbortSignal): Promise<void> {
    await Promise.all(loops.map((loop) => this.#repeat(loop, signal)));
  }

  /** Loops without a success for too long, with the seconds since; a keeper that only just started is given time. */
  stale(loops: readonly Loop[]): { loop: string; seconds: number }[] {
    return loops.flatMap(({ name, pace }) => {
      const age = Date.now() - (this.#lastSuccess.get(name) ?? this.#startedAt);
      return age > this.#intervals[pace] * HEALTHY_INTERVALS ? [{ loop: name, seconds: Math.round(age / 1_000) }] : [];
    });
  }

  async #repeat(loop: Loop, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      failures = (await this.#once(loop)) ? 0 : failures + 1;
      const pause = this.#intervals[loop.pace] * (failures === 0 ? 1 : Math.min(2 ** failures, MAX_BACKOFF));
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #once(loop: Loop): Promise<boolean> {
    const { name } = loop;
    const end = this.#metrics.duration.startTimer({ loop: name });
    try {
      const outcome = await loop.run();
      this.#metrics.runs.inc({ loop: name, outcome });
      this.#metrics.lastSuccess.set({ loop: name }, Date.now() / 1_000);
      this.#lastSuccess.set(name, Date.now());
      return true;
    } catch (error) {
      this.#metrics.runs.inc({ loop: name, outcome: "failed" });
      this.#log.error({ loop: name, ...describeError(error) }, "a loop failed and is tried again");
      return false;
    } finally {
      end();
    }
  }
}
