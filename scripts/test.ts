// `npm test`: every suite that this machine can run, one line a suite, and the sum on the last line.
//   npm test -- unit engine     runs only these suites
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath, RUNNER } from "../lib/paths.ts";
import { IdleGroup } from "./idle-group.ts";

interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** How to count: vitest's JSON report, forge's closing line, a script's own one, or one test that passes when the command does. */
  readonly counts: "vitest" | "forge" | "summary" | "command";
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Names of the skipped tests, where the runner tells them. */
  readonly skippedNames?: readonly string[];
  /** Failed tests and why, where the runner tells them. */
  readonly failures?: readonly { readonly name: string; readonly why: string }[];
}

/** The part of vitest's JSON report that is read here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const LOGS = projectPath(join(".ethstake", "test-logs"));

const node = (...args: string[]): string[] => [process.execPath, ...args];
const vitest = (...args: string[]): string[] => node("node_modules/vitest/vitest.mjs", "run", ...args);
const script = (name: string): string[] => node(RUNNER, `scripts/${name}.ts`);

const DEVNET = ["--config", "tests/devnet/vitest.config.ts"] as const;

/** Suites that wait: the next begins when one of those that run ends, `atOnce` at a time. */
interface Queue {
  readonly atOnce: number;
  readonly suites: readonly Suite[];
}

/** Nothing in them is timed: they fill the gaps that {@link NETWORKS} leave, where that can be had, and come before them where not. */
const FILLING: Queue = {
  // Those that the compiler keeps busy have a core each, which is twice as quick as beside others.
  atOnce: 2,
  suites: [
    // What is compiled differently for the devnet's fork shows without campaigns, which run once.
    {
      name: "contracts-prague",
      command: node("contracts/bin/forge", "test"),
      environment: { FOUNDRY_PROFILE: "prague" },
      counts: "forge",
    },
    {
      name: "contracts",
      command: node("contracts/bin/forge", "test", "--no-match-path", "test/invariant/*"),
      counts: "forge",
    },
    { name: "lint", command: node("node_modules/eslint/bin/eslint.js", "."), counts: "command" },
    { name: "monitoring", command: script("monitoring"), counts: "summary" },
    { name: "slither", command: script("slither"), counts: "summary" },
    { name: "symbolic", command: script("symbolic"), counts: "summary" },
    { name: "layout", command: script("storage-layout"), counts: "summary" },
  ],
};

/** Networks have beside them what takes nothing from them. */
const NETWORKS: readonly Queue[] = [
  {
    // What waits for the chain, and does not look how long it takes.
    atOnce: 2,
    suites: [
      { name: "lifecycle", command: vitest(...DEVNET, "lifecycle"), counts: "vitest" },
      { name: "keys", command: vitest(...DEVNET, "keys"), counts: "vitest" },
      { name: "machine", command: vitest("--config", "tests/machine/vitest.config.ts"), counts: "vitest" },
    ],
  },
  {
    // What must happen within epochs of a few seconds: a second network would make honest validators miss some.
    atOnce: 1,
    suites: [
      { name: "keepers", command: vitest(...DEVNET, "keepers"), counts: "vitest" },
      { name: "failover", command: vitest(...DEVNET, "failover"), counts: "vitest" },
    ],
  },
];

/** One after the other. */
const FIRST: readonly Queue[] = [
  {
    atOnce: 3,
    suites: [
      { name: "types", command: node("node_modules/typescript/bin/tsc"), counts: "command" },
      { name: "format", command: node("node_modules/prettier/bin/prettier.cjs", "--check", "."), counts: "command" },
      { name: "unit", command: vitest(), counts: "vitest" },
    ],
  },
  {
    atOnce: 2,
    suites: [
      { name: "engine", command: vitest("--config", "tests/engine/vitest.config.ts"), counts: "vitest" },
      { name: "compose", command: vitest("--config", "tests/compose/vitest.config.ts"), counts: "vitest" },
      { name: "gateway", command: vitest("--config", "tests/gateway/vitest.config.ts"), counts: "vitest" },
      { name: "clouds", command: vitest("--config", "tests/clouds/vitest.config.ts"), counts: "vitest" },
      { name: "interruption", command: vitest(...DEVNET, "interruption"), counts: "vitest" },
    ],
  },
];
const SUITES = [...FIRST, FILLING, ...NETWORKS].flatMap(({ suites }) => suites);

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no suite ${unknown.join(", ")}; there are ${SUITES.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}

const isWanted = ({ name }: Suite): boolean => wanted.length === 0 || wanted.includes(name);
mkdirSync(LOGS, { recursive: true });
const total = { passed: 0, failed: 0, skipped: 0 };
for (const queue of FIRST) await work(queue);
const idle = NETWORKS.some(({ suites }) => suites.some(isWanted)) ? IdleGroup.create() : undefined;
if (!idle) await work(FILLING);
const filling = idle ? work(FILLING, idle) : undefined;
for (const queue of NETWORKS) await work(queue);
await filling;
idle?.remove();
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ""}\n`,
);
process.exit(total.failed === 0 ? 0 : 1);

/** Runs those of a queue that are wanted. @param idle gives its suites only what others leave of the processors */
async function work({ atOnce, suites }: Queue, idle?: IdleGroup): Promise<void> {
  const waiting = suites.filter(isWanted);
  const runner = async (): Promise<void> => {
    for (let suite = waiting.shift(); suite; suite = waiting.shift()) await report(suite, idle);
  };
  await Promise.all(Array.from({ length: atOnce }, runner));
}

/** Runs a suite, and tells how it went. */
async function report(suite: Suite, idle?: IdleGroup): Promise<void> {
  const began = Date.now();
  const { code, output, outcome } = await run(suite, idle);
  // A runner that fails without a failed test (a crash, a missing file) must not pass for success.
  const failed = code !== 0 && outcome.failed === 0 ? 1 : outcome.failed;
  total.passed += outcome.passed;
  total.failed += failed;
  total.skipped += outcome.skipped;
  const seconds = Math.round((Date.now() - began) / 1000);
  process.stdout.write(
    `${failed === 0 ? "ok  " : "FAIL"} ${suite.name.padEnd(18)} ${String(outcome.passed).padStart(4)} passed, ${failed} failed, ${seconds} s\n`,
  );
  for (const name of outcome.skippedNames ?? []) process.stdout.write(`     skipped: ${name.trim()}\n`);
  for (const line of output.match(/^devnet: .*$/gm) ?? []) process.stdout.write(`     ${line}\n`);
  if (failed > 0)
    process.stdout.write(
      `${explained(suite, outcome, output)}\n     whole output: ${join(LOGS, `${suite.name}.log`)}\n`,
    );
}

async function run(suite: Suite, idle?: IdleGroup): Promise<{ code: number; output: string; outcome: Outcome }> {
  const report = join(LOGS, `${suite.name}.json`);
  rmSync(report, { force: true });
  const extra =
    suite.counts === "vitest" ? ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`] : [];
  const words = [...suite.command, ...extra];
  const [command = "", ...args] = idle?.command(words) ?? words;
  const child = spawn(command, args, {
    cwd: projectPath("."),
    env: { ...process.env, NO_COLOR: "1", ...suite.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number>((resolve) => child.on("close", (exit) => resolve(exit ?? 1)));
  writeFileSync(join(LOGS, `${suite.name}.log`), output);
  return { code, output, outcome: count(suite, code, output, report) };
}

/** Why a suite failed: its failed tests; without any, the end of its output; for forge its list of failed tests, which follows hundreds of lines on passed ones. */
function explained(suite: Suite, { failures = [] }: Outcome, output: string): string {
  if (failures.length > 0)
    return failures
      .map(({ name, why }) => `     failed: ${name}\n${why.split("\n").slice(0, 25).join("\n")}`)
      .join("\n");
  const list = suite.counts === "forge" ? output.lastIndexOf("Failing tests:") : -1;
  const lines = (list < 0 ? output : output.slice(list)).trim().split("\n");
  return (list < 0 ? lines.slice(-60) : lines.slice(0, 60)).join("\n");
}

/** The failed tests of a report, and files that failed as a whole. */
function failuresOf({ testResults }: VitestReport): { name: string; why: string }[] {
  return testResults.flatMap(({ name: file, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0) return status === "failed" ? [{ name: file, why: message }] : [];
    return failed.map(({ fullName, failureMessages = [] }) => ({
      name: fullName.trim(),
      why: failureMessages.join("\n"),
    }));
  });
}

function count(suite: Suite, code: number, output: string, report: string): Outcome {
  if (suite.counts === "vitest") {
    try {
      const result = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
      const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults);
      return {
        passed: result.numPassedTests,
        failed: result.numFailedTests,
        skipped: result.numPendingTests,
        skippedNames: tests
          .filter(({ status }) => status === "skipped" || status === "pending")
          .map(({ fullName }) => fullName),
        failures: failuresOf(result),
      };
    } catch {
      return { passed: 0, failed: 1, skipped: 0 };
    }
  }
  const forge = /(\d+) tests passed, (\d+) failed, (\d+) skipped/.exec(output);
  if (suite.counts === "forge")
    return { passed: Number(forge?.[1] ?? 0), failed: forge ? Number(forge[2]) : 1, skipped: Number(forge?.[3] ?? 0) };
  if (suite.counts === "summary") {
    const closing = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/.exec(output.trim().split("\n").at(-1) ?? "");
    return {
      passed: Number(closing?.[1] ?? 0),
      failed: closing ? Number(closing[2]) : 1,
      skipped: Number(closing?.[3] ?? 0),
      skippedNames: [...output.matchAll(/^skipped: (.*)$/gm)].map(([, name = ""]) => name),
    };
  }
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
}
