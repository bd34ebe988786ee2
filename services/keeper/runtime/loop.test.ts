import { pino } from "pino";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { EthstakeError } from "../../../lib/errors.ts";
import { LoopRunner, type Loop } from "./loop.ts";
import { KeeperMetrics } from "./metrics.ts";

const pauses = vi.hoisted(() => [] as number[]);
vi.mock("node:timers/promises", () => ({
  setTimeout: (ms: number, _: unknown, { signal }: { signal: AbortSignal }) => {
    pauses.push(ms);
    vi.setSystemTime(Date.now() + ms);
    return signal.aborted ? Promise.reject(new Error("aborted")) : Promise.resolve();
  },
}));

class Fault extends EthstakeError {
  readonly code = "FAULT";
}

let metrics: KeeperMetrics;
let lines: string[];
let stop: AbortController;
let runner: LoopRunner;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(1_000_000);
  pauses.length = 0;
  [metrics, lines, stop] = [new KeeperMetrics(), [], new AbortController()];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  runner = new LoopRunner({ slot: 100, epoch: 3_200 }, metrics, log);
});

/** A loop that does these things in turn, and then stops the keeper. */
function script(steps: readonly (() => "idle" | "acted" | "waiting")[], pace: Loop["pace"] = "slot"): Loop {
  const rest = [...steps];
  return {
    name: "scripted",
    pace,
    run: () => {
      const step = rest.shift();
      if (rest.length === 0) stop.abort();
      return Promise.resolve().then(() => step?.() ?? "idle");
    },
  };
}

const fail = (): never => {
  throw new Fault("it does not answer", {});
};

describe("the runner", () => {
  it("looks once an interval, and doubles the pause after failures up to eight of them", async () => {
    await runner.run(
      [script([() => "idle", fail, fail, fail, fail, fail, () => "acted", fail, () => "waiting"])],
      stop.signal,
    );
    expect(pauses).toEqual([100, 200, 400, 800, 800, 800, 100, 200, 100]);
  });

  it("keeps to each loop's pace", async () => {
    await runner.run([script([() => "idle", () => "idle"], "epoch")], stop.signal);
    expect(pauses).toEqual([3_200, 3_200]);
  });

  it("counts outcomes, notes the last success, and logs what failed", async () => {
    const unexpected = (): never => {
      throw new TypeError("a defect");
    };
    await runner.run([script([() => "idle", () => "acted", fail, unexpected])], stop.signal);
    const { values } = await metrics.runs.get();
    expect(values.map(({ labels, value }) => [labels.outcome, value])).toEqual([
      ["idle", 1],
      ["acted", 1],
      ["failed", 2],
    ]);
    expect((await metrics.lastSuccess.get()).values[0]?.value).toBe(1_000.1);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { loop: "scripted", code: "FAULT", error: "it does not answer" },
      { loop: "scripted", code: "UNEXPECTED", error: "a defect" },
    ]);
  });

  it("lets the others go on when one fails", async () => {
    let ran = 0;
    const failing: Loop = { name: "failing", pace: "slot", run: () => Promise.reject(new Error("always")) };
    const working: Loop = {
      name: "working",
      pace: "slot",
      run: () => {
        if (++ran === 50) stop.abort();
        return Promise.resolve("idle");
      },
    };
    await runner.run([failing, working], stop.signal);
    expect(ran).toBe(50);
    expect((await metrics.runs.get()).values.find(({ labels }) => labels.loop === "failing")?.value).toBeGreaterThan(
      10,
    );
  });

  it("calls a loop stale that has not succeeded for twenty intervals, from its start on", async () => {
    const loop = script([fail, () => "idle", fail]);
    expect(runner.stale([loop])).toEqual([]);
    vi.setSystemTime(1_000_000 + 2_001);
    expect(runner.stale([loop])).toEqual([{ loop: "scripted", seconds: 2 }]);
    await runner.run([loop], stop.signal);
    expect(runner.stale([loop])).toEqual([]);
    vi.setSystemTime(Date.now() + 2_001);
    expect(runner.stale([loop])).toHaveLength(1);
    expect(runner.stale([{ ...loop, pace: "epoch" }])).toEqual([]);
  });
});
