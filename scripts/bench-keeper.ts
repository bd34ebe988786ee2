/**
 * Benchmark of the keeper's reading of a beacon node: a pass over all of the protocol's validators, as a frame's totals take it, and the
 * evaluation of an epoch in a network of a million; beside `fetch` and `JSON.parse` of the same answers. Each is measured in a process of
 * its own, and the simulated node is another. `node lib/run.cjs scripts/bench-keeper.ts [--sizes 1000,10000,100000]`
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { RUNNER } from "../lib/paths.ts";
import { runCommand } from "../lib/command.ts";
import { BeaconClient } from "../provider/beacon/api.ts";
import { BeaconReader, type ValidatorRecord } from "../services/keeper/beacon/reader.ts";
import { composeReport } from "../services/keeper/frame/compose.ts";
import { ParticipationTracker } from "../services/keeper/participation/tracker.ts";
import { ABSENT_ONE_IN, balanceOf, BenchBeacon, publicKeyOf, rootOf, SLOTS_PER_EPOCH } from "./bench-beacon.ts";

const SIZES = "1000,10000,100000";
/** A pass over all validators has to end within a slot (issue D, point 6), and within this much memory. */
const LIMIT_MS = 12_000;
const LIMIT_MIB = 512;
const VALIDATORS_PER_REQUEST = 4_000;
const STATE = rootOf(9 * SLOTS_PER_EPOCH);
const WEI_PER_GWEI = 10n ** 9n;
/** Epochs that are evaluated: the first one reads all blocks around it, the next one those of one more epoch. */
const [COLD, EPOCH] = [5, 6];
/** The shortest of so many times counts: what else the machine does only adds. */
const TIMES = 3;

const TASKS = ["totals", "totals, plain", "epoch", "epoch, plain", "nothing"] as const;
type Task = (typeof TASKS)[number];

/** What a task came to. */
interface Measured {
  readonly ms: number;
  /** Of its processor alone: the same on a machine that does other work. Ratios are of these. */
  readonly cpuMs: number;
  /** Peak of its process. */
  readonly mib: number;
  /** Of what it found: the same as the baseline's, or the measurement is of nothing. */
  readonly sum: string;
}

/** What is measured; it gives what it found. */
const work: Record<Task, (url: string, size: number) => Promise<Omit<Measured, "mib">>> = {
  totals: async (url, size) => {
    const reader = new BeaconReader(new BeaconClient(url));
    const keys = keysOf(size);
    return await timed(async () => {
      // As frame/read.ts does.
      const records = new Map<string, ValidatorRecord>();
      for await (const part of reader.validators(STATE, keys))
        for (const record of part) records.set(record.publicKey, record);
      const validators = keys.map((key) => ({
        operatorId: 1,
        balance: (records.get(key)?.balanceGwei ?? 0n) * WEI_PER_GWEI,
        credited: records.has(key),
        exited: (records.get(key)?.withdrawableEpoch ?? Infinity) <= 9,
        leaving: records.get(key)?.exitEpoch !== Infinity,
        slashed: records.get(key)?.slashed ?? false,
        paidOut: 0n,
      }));
      const frame = { refSlot: 1n, withdrawalVaultBalance: 0n, executionVaultBalance: 0n, finalizeUpTo: 0 };
      return (composeReport(frame, validators, new Map()).report.beaconBalance / WEI_PER_GWEI).toString();
    });
  },
  "totals, plain": async (url, size) => {
    const keys = keysOf(size);
    return await timed(async () => {
      let sum = 0n;
      for (let start = 0; start < keys.length; start += VALIDATORS_PER_REQUEST) {
        const body = JSON.stringify({ ids: keys.slice(start, start + VALIDATORS_PER_REQUEST) });
        const answer = await plain(`${url}/eth/v1/beacon/states/${STATE}/validators`, body);
        for (const { balance } of (answer as { data: { balance: string }[] }).data) sum += BigInt(balance);
      }
      return sum.toString();
    });
  },
  epoch: async (url, size) => {
    const tracker = new ParticipationTracker(new BeaconReader(new BeaconClient(url)));
    const isOurs = (index: number): boolean => index < size;
    await tracker.evaluate(COLD, isOurs);
    let epoch = COLD;
    return await timed(async () => {
      const validators = (await tracker.evaluate(++epoch, isOurs))?.validators ?? new Map<number, { flags: number }>();
      const missed = [...validators.values()].filter(({ flags }) => flags === 0).length;
      return `${validators.size} validators, ${missed} missed`;
    });
  },
  "epoch, plain": async (url) =>
    await timed(async () => {
      const { data } = (await plain(`${url}/eth/v1/beacon/states/${STATE}/committees?epoch=${EPOCH}`)) as { data: [] };
      for (let slot = (EPOCH + 1) * SLOTS_PER_EPOCH; slot < (EPOCH + 2) * SLOTS_PER_EPOCH; slot++)
        await plain(`${url}/eth/v2/beacon/blocks/${slot}`);
      return `${data.length} committees`;
    }),
  // What the process itself takes.
  nothing: async () => await timed(async () => await Promise.resolve("")),
};

function keysOf(size: number): `0x${string}`[] {
  return Array.from({ length: size }, (_, index) => publicKeyOf(index));
}

async function plain(url: string, body?: string): Promise<unknown> {
  const options = body === undefined ? {} : { method: "POST", body };
  return JSON.parse(await (await fetch(url, options)).text()) as unknown;
}

async function timed(act: () => Promise<string>): Promise<Omit<Measured, "mib">> {
  let ms = Infinity;
  let cpuMs = Infinity;
  let sum = "";
  for (let time = 0; time < TIMES; time++) {
    const begun = performance.now();
    const used = process.cpuUsage();
    sum = await act();
    const { user, system } = process.cpuUsage(used);
    ms = Math.min(ms, performance.now() - begun);
    cpuMs = Math.min(cpuMs, (user + system) / 1_000);
  }
  return { ms, cpuMs, sum };
}

/** Measures a task in a process of its own. */
async function measure(task: Task, url: string, size: number): Promise<Measured> {
  const child = start(["--task", task, "--url", url, "--size", String(size)]);
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${task} of ${size} validators failed`);
  return JSON.parse(stdout) as Measured;
}

function start(args: readonly string[]) {
  const file = fileURLToPath(import.meta.url);
  return spawn(process.execPath, [RUNNER, file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Measures all tasks of a size against a simulated node. */
async function measureSize(size: number): Promise<Record<Task, Measured>> {
  const node = start(["--serve", String(size)]);
  try {
    const [url] = (await once(createInterface(node.stdout), "line")) as [string];
    const results: Partial<Record<Task, Measured>> = {};
    for (const task of TASKS) results[task] = await measure(task, url, size);
    return results as Record<Task, Measured>;
  } finally {
    node.kill("SIGKILL");
  }
}

/** What is wrong with a size's results; empty when nothing is. */
function faults(size: number, results: Record<Task, Measured>): string[] {
  const expected = Array.from({ length: size }, (_, index) => balanceOf(index)).reduce((sum, each) => sum + each, 0n);
  const found: string[] = [];
  for (const task of ["totals", "totals, plain"] as const)
    if (results[task].sum !== expected.toString()) found.push(`${task} of ${size}: ${results[task].sum}`);
  const epoch = `${size} validators, ${Math.ceil(size / ABSENT_ONE_IN)} missed`;
  if (results.epoch.sum !== epoch) found.push(`epoch of ${size}: ${results.epoch.sum}, not ${epoch}`);
  for (const task of ["totals", "epoch"] as const) {
    const { ms, mib } = results[task];
    if (ms > LIMIT_MS) found.push(`${task} of ${size} took ${ms.toFixed(0)} ms, more than a slot`);
    if (mib > LIMIT_MIB) found.push(`${task} of ${size} took ${mib.toFixed(0)} MiB, more than ${LIMIT_MIB}`);
  }
  return found;
}

function line(task: "totals" | "epoch", size: number, results: Record<Task, Measured>, grown: number): string {
  const own = results[task];
  const base = results[`${task}, plain`];
  return [
    task.padEnd(7),
    String(size).padStart(10),
    `${own.ms.toFixed(0)} ms`.padStart(9),
    `${own.cpuMs.toFixed(0)} ms`.padStart(9),
    `${base.cpuMs.toFixed(0)} ms`.padStart(9),
    (own.cpuMs / base.cpuMs).toFixed(2).padStart(6),
    `${grown.toFixed(1)}x`.padStart(7),
    `${own.mib.toFixed(0)} MiB`.padStart(9),
    `${base.mib.toFixed(0)} MiB`.padStart(9),
    `${results.nothing.mib.toFixed(0)} MiB`.padStart(9),
  ].join("  ");
}

runCommand(async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sizes: { type: "string", default: SIZES },
      serve: { type: "string" },
      task: { type: "string" },
      url: { type: "string" },
      size: { type: "string" },
    },
  });
  if (values.serve !== undefined) {
    process.stdout.write(
      `${await new BenchBeacon(Number(values.serve), [COLD, EPOCH, EPOCH + 1, EPOCH + 2]).start()}\n`,
    );
    return await new Promise<number>(() => undefined);
  }
  if (values.task !== undefined) {
    const result = await work[values.task as Task](values.url ?? "", Number(values.size));
    process.stdout.write(JSON.stringify({ ...result, mib: process.resourceUsage().maxRSS / 1024 }));
    return 0;
  }
  const lines = [
    "what     validators       time        cpu      plain   ratio    grown     memory      plain    nothing",
  ];
  const wrong: string[] = [];
  const first: Partial<Record<"totals" | "epoch", number>> = {};
  for (const size of values.sizes.split(",").map(Number)) {
    const results = await measureSize(size);
    wrong.push(...faults(size, results));
    for (const task of ["totals", "epoch"] as const)
      lines.push(line(task, size, results, results[task].cpuMs / (first[task] ??= results[task].cpuMs)));
  }
  process.stdout.write(`${lines.join("\n")}\n`);
  process.stdout.write(`limits: ${LIMIT_MS} ms, ${LIMIT_MIB} MiB\n${wrong.map((fault) => `${fault}\n`).join("")}`);
  return wrong.length === 0 ? 0 : 1;
});
