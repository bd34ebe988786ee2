// `npm run test:contracts`: everything that is checked about the contracts, and what it adds up to.
//   npm run test:contracts -- --long         invariants of 1,024 runs of 64 calls
//   npm run test:contracts -- --mutation     mutation testing too, of every mutant: takes long; docs/MUTATION.md is written
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FORGE } from "../contracts/tools/compiler.ts";
import { run, runSuite, type Ended, type Summary } from "../contracts/tools/run.ts";
import { projectPath, RUNNER } from "../lib/paths.ts";

const MUTATION = projectPath(join("docs", "MUTATION.md"));

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

runSuite(checkContracts);

async function checkContracts(): Promise<Summary> {
  const { values } = parseArgs({
    options: { long: { type: "boolean", default: false }, mutation: { type: "boolean", default: false } },
  });
  const invariants = values.long ? { FOUNDRY_INVARIANT_RUNS: "1024", FOUNDRY_INVARIANT_DEPTH: "64" } : {};
  const script = (name: string): string[] => [RUNNER, projectPath(join("scripts", `${name}.ts`))];
  const steps: Step[] = [
    { name: "forge", command: [FORGE, "test"], environment: { ...invariants, FOUNDRY_PROFILE: "default" } },
    { name: "forge-prague", command: [FORGE, "test"], environment: { ...invariants, FOUNDRY_PROFILE: "prague" } },
    { name: "symbolic", command: script("symbolic") },
    { name: "slither", command: script("slither") },
    { name: "layout", command: script("storage-layout") },
    ...(values.mutation
      ? [
          {
            name: "mutation",
            command: [RUNNER, projectPath(join("contracts", "mutation", "main.ts")), "--write"],
          },
        ]
      : []),
  ];

  const total = { passed: 0, failed: 0, fuzzRuns: 0, invariants: 0, calls: 0, properties: 0 };
  const skipped: string[] = [];
  for (const { name, command, environment } of steps) {
    const began = Date.now();
    const ended = await run(process.execPath, command, { env: { ...process.env, NO_COLOR: "1", ...environment } });
    const { passed, failed } = countsOf(name, ended);
    total.passed += passed;
    total.failed += failed;
    total.properties += Number(/^(\d+) properties proven/m.exec(ended.output)?.[1] ?? 0);
    // Per property `(runs: 256, …)`, per invariant `(runs: 64, calls: 4096, …)`.
    for (const [, runs = "0", calls] of ended.output.matchAll(/\(runs: (\d+),(?: calls: (\d+),)?/g)) {
      if (calls === undefined) total.fuzzRuns += Number(runs);
      else {
        total.invariants += 1;
        total.calls += Number(calls);
      }
    }
    for (const [, what = ""] of ended.output.matchAll(/^skipped: (.*)$/gm)) skipped.push(what);
    const seconds = Math.round((Date.now() - began) / 1000);
    process.stdout.write(
      `${failed === 0 ? "ok  " : "FAIL"} ${name.padEnd(14)} ${String(passed).padStart(4)} passed, ${failed} failed, ${seconds} s\n`,
    );
    if (failed > 0) process.stdout.write(`${ended.output.trim().split("\n").slice(-60).join("\n")}\n`);
  }
  process.stdout.write(
    `${total.fuzzRuns} fuzz runs, ${total.invariants} invariants with ${total.calls} calls, ${total.properties} symbolic properties, ${mutationScore()}\n`,
  );
  return { passed: total.passed, failed: total.failed, skipped };
}

/** A step's closing line. One that fails without a failed test has crashed: that is a failure too. */
function countsOf(name: string, { code, output }: Ended): { passed: number; failed: number } {
  if (name === "mutation") return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 };
  const closing = [...output.matchAll(/(\d+)(?: tests)? passed, (\d+) failed/g)].at(-1);
  const [passed, failed] = [Number(closing?.[1] ?? 0), Number(closing?.[2] ?? 1)];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

function mutationScore(): string {
  const text = existsSync(MUTATION) ? readFileSync(MUTATION, "utf8") : "";
  const [, tried = "", score] = /^\| all \| ([^|]+) \|.*\| ([\d.]+ %) \|$/m.exec(text) ?? [];
  return score === undefined
    ? "mutation score not measured"
    : `mutation score ${score} (${tried} changes tried, docs/MUTATION.md)`;
}
