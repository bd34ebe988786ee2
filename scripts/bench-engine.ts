/**
 * Benchmark of the engine: programs of bare resources through preview, first up and second up, each in a process of its own.
 * `node lib/run.cjs scripts/bench-engine.ts [--sizes 1,1000,5000,10000] [--json]`
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { RUNNER } from "../lib/paths.ts";

/** What is measured. */
export type BenchOperation = "preview" | "first up" | "second up";

/** One measurement. Times in milliseconds, memory in MiB. */
export interface Measurement {
  readonly size: number;
  readonly operation: BenchOperation;
  readonly ms: number;
  /** Peak of the engine's own process. */
  readonly engineMiB: number;
  /** Peak of engine, program and provider together. */
  readonly totalMiB: number;
}

/** The official CLI 3.260 with a TypeScript provider by path, on the same kind of machine: milliseconds. */
export const CLI_MS: Readonly<Record<string, number>> = {
  "first up 1": 3200,
  "preview 1000": 7400,
  "first up 1000": 28_000,
  "second up 1000": 7700,
  "preview 5000": 25_000,
};

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FIXTURE = join(ROOT, "tests/engine/fixtures/bench");
const DEFAULT_SIZES = [1, 1000, 5000, 10_000];
const SAMPLE_MS = 100;

/** Parent of each process and its resident memory in KiB (Linux only; elsewhere nothing is found). */
function processes(): Map<number, { parent: number; rss: number; peak: number }> {
  const found = new Map<number, { parent: number; rss: number; peak: number }>();
  let names: string[];
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return found;
  }
  for (const name of names) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const field = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      found.set(Number(name), { parent: field("PPid"), rss: field("VmRSS"), peak: field("VmHWM") });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

function sample(root: number): { engine: number; total: number } {
  const all = processes();
  const within = new Set([root]);
  // Children have higher numbers than their parents, but for wrap-around: two passes find grandchildren either way.
  for (let pass = 0; pass < 2; pass++) for (const [pid, { parent }] of all) if (within.has(parent)) within.add(pid);
  let total = 0;
  for (const pid of within) total += all.get(pid)?.rss ?? 0;
  return { engine: all.get(root)?.peak ?? 0, total };
}

/** Resident memory of a process and its children, in MiB. */
export function processTreeMiB(root: number): number {
  return sample(root).total / 1024;
}

async function measure(size: number, operation: BenchOperation, stateDir: string): Promise<Measurement> {
  const command = operation === "preview" ? ["preview"] : ["up", "--yes"];
  const place = ["--stack", "bench", "--cwd", FIXTURE, "--state-dir", stateDir, "--json"];
  const begun = performance.now();
  const child = spawn(process.execPath, [RUNNER, join(ROOT, "engine/main.ts"), ...command, ...place], {
    cwd: ROOT,
    env: { ...process.env, BENCH_SIZE: String(size) },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  let engine = 0;
  let total = 0;
  const timer = setInterval(() => {
    const now = sample(child.pid ?? 0);
    engine = Math.max(engine, now.engine);
    total = Math.max(total, now.total);
  }, SAMPLE_MS);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`${operation} of ${size} resources failed: ${stdout.slice(-500)}`);
  return { size, operation, ms: performance.now() - begun, engineMiB: engine / 1024, totalMiB: total / 1024 };
}

/** Measures every size, smallest first, each from an empty state. */
export async function benchEngine(
  sizes: readonly number[] = DEFAULT_SIZES,
  onMeasured: (measurement: Measurement) => void = () => undefined,
): Promise<Measurement[]> {
  const results: Measurement[] = [];
  for (const size of sizes) {
    const dir = mkdtempSync(join(tmpdir(), "bench-engine-"));
    try {
      for (const operation of ["preview", "first up", "second up"] as const) {
        const measurement = await measure(size, operation, join(dir, "state"));
        results.push(measurement);
        onMeasured(measurement);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }
  return results;
}

/** The measurements as a table; ratios and growth are against the smallest size. */
export function benchTable(results: readonly Measurement[]): string {
  const head = [
    "resources",
    "operation",
    "time",
    "ratio",
    "per resource",
    "engine",
    "per resource",
    "all",
    "CLI 3.260",
  ];
  const rows = results.map((item) => {
    const base = results.find(({ operation }) => operation === item.operation) ?? item;
    const more = item.size - base.size;
    const cli = CLI_MS[`${item.operation} ${item.size}`];
    return [
      String(item.size),
      item.operation,
      `${(item.ms / 1000).toFixed(2)} s`,
      `${(item.ms / base.ms).toFixed(2)}x`,
      more > 0 ? `${((item.ms - base.ms) / more).toFixed(2)} ms` : "",
      `${item.engineMiB.toFixed(0)} MiB`,
      more > 0 ? `${(((item.engineMiB - base.engineMiB) * 1024) / more).toFixed(1)} KiB` : "",
      `${item.totalMiB.toFixed(0)} MiB`,
      cli === undefined ? "" : `${(cli / 1000).toFixed(1)} s`,
    ];
  });
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)));
  return [head, ...rows]
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  "))
    .join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { sizes: { type: "string" }, json: { type: "boolean" } } });
  const sizes = values.sizes?.split(",").map(Number) ?? DEFAULT_SIZES;
  const results = await benchEngine(sizes, ({ size, operation, ms }) => {
    process.stderr.write(`${operation} of ${size}: ${(ms / 1000).toFixed(2)} s\n`);
  });
  process.stdout.write(`${values.json === true ? JSON.stringify(results) : benchTable(results)}\n`);
}
