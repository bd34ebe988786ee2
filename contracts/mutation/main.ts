// `npm run test:mutation`: does a test fail when the contracts are wrong?
//   npm run test:mutation -- --contract StakingPool --sample 50 --seed 7    a choice of one contract's mutants
//   npm run test:mutation -- --write                                        all of them, and docs/MUTATION.md
// What was found is kept in .ethstake/mutation: an interrupted run goes on where it was; --fresh forgets it.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { RUNNER } from "../../lib/paths.ts";
import { errorMessage, EthstakeError } from "../../lib/errors.ts";
import { compilerSettings, type CompilerSettings } from "../tools/compiler.ts";
import { TARGETS } from "../tools/contracts.ts";
import { planFor, type Mutant, type Plan } from "./plan.ts";
import { renderSurvivors, renderTable, reportOf, saveReport, writeDocument, type TargetReport } from "./report.ts";
import { Results, testFiles, type Result } from "./results.ts";
import { filesBelow, hashFiles, prepareSandboxes, Sandbox, SandboxError } from "./sandbox.ts";
import type { CompileAnswer, CompileRequest } from "./worker.ts";

/** A process that compiles and a sandbox that tests. */
interface Lane {
  readonly compile: (request: CompileRequest) => Promise<CompileAnswer>;
  readonly sandbox: Sandbox;
  readonly end: () => void;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      contract: { type: "string", multiple: true, default: [] },
      sample: { type: "string" },
      seed: { type: "string", default: "1" },
      jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
      write: { type: "boolean", default: false },
      fresh: { type: "boolean", default: false },
    },
  });
  const unknown = values.contract.filter((name) => !TARGETS.some((target) => target.name === name));
  const sample = values.sample === undefined ? Infinity : Number(values.sample);
  const jobs = Number(values.jobs);
  if (unknown.length > 0 || !(sample > 0) || !(jobs > 0)) {
    process.stderr.write(
      `usage: npm run test:mutation -- [--contract NAME]... [--sample N] [--seed S] [--jobs N] [--write] [--fresh]\n` +
        `contracts: ${TARGETS.map(({ name }) => name).join(", ")}\n`,
    );
    return 2;
  }

  const settings = compilerSettings();
  await prepareSandboxes(jobs, hashFiles([...filesBelow("src"), ...filesBelow("bin"), ...testFiles()]));
  const results = new Results(values.fresh);
  const lanes = Array.from({ length: jobs }, (_, index) => lane(index));
  const reports: TargetReport[] = [];
  try {
    for (const target of TARGETS.filter(({ name }) => values.contract.length === 0 || values.contract.includes(name))) {
      const plan = planFor(target, settings, sample, values.seed);
      const report = await runPlan(plan, settings, lanes, results);
      saveReport(report);
      reports.push(report);
    }
  } finally {
    for (const { end } of lanes) end();
  }
  process.stdout.write(`${renderSurvivors(reports)}\n\n${renderTable(reports)}\n`);
  if (values.write) writeDocument();
  return 0;
}

async function runPlan(
  plan: Plan,
  settings: CompilerSettings,
  lanes: readonly Lane[],
  results: Results,
): Promise<TargetReport> {
  const began = Date.now();
  const baseline = await codeOf(plan, undefined, settings, lanes[0]);
  if ("error" in baseline) throw new SandboxError("The contract does not compile.", { output: baseline.error });
  const found = new Map<Mutant, Result>();
  const queue = [...plan.mutants];
  const known = queue.filter(({ key }) => results.ofMutant(key)).length;
  await Promise.all(
    lanes.map(async (each) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        found.set(
          mutant,
          results.ofMutant(mutant.key) ?? (await judge(mutant, plan, baseline.code, settings, each, results)),
        );
        if (found.size % 25 === 0)
          process.stderr.write(`${plan.target.name}: ${found.size} of ${plan.mutants.length}\n`);
      }
    }),
  );
  const seconds = (Date.now() - began) / 1000;
  const rate = (seconds / Math.max(1, plan.mutants.length - known)).toFixed(1);
  process.stderr.write(
    `${plan.target.name}: ${plan.mutants.length} mutants, ${known} known before; ${seconds.toFixed(0)} s, ${rate} s a new mutant\n`,
  );
  return reportOf(
    plan,
    plan.mutants.map((mutant) => [mutant, found.get(mutant) ?? { key: mutant.key, verdict: "invalid" }]),
  );
}

async function judge(
  mutant: Mutant,
  plan: Plan,
  baseline: Readonly<Record<string, string>>,
  settings: CompilerSettings,
  each: Lane,
  results: Results,
): Promise<Result> {
  const { key } = mutant;
  const answer = await codeOf(plan, mutant, settings, each);
  if ("error" in answer) return results.add({ key, verdict: "invalid" });
  const changed = Object.entries(answer.code).filter(([artifact, code]) => baseline[artifact] !== code);
  if (changed.length === 0) return results.add({ key, verdict: "equivalent" });
  const code = createHash("sha256").update(JSON.stringify(changed.sort())).digest("hex");
  const same = results.ofCode(code);
  if (same) return results.add({ key, verdict: same.verdict, code, ...(same.killer && { killer: same.killer }) });
  try {
    for (const [artifact, object] of changed) each.sandbox.exchange(artifact, object);
    const killer = await each.sandbox.test(plan.target.tests ?? plan.target.name);
    return results.add({ key, verdict: killer ? "killed" : "survived", code, ...(killer && { killer }) });
  } finally {
    each.sandbox.restore();
  }
}

async function codeOf(
  plan: Plan,
  mutant: Mutant | undefined,
  settings: CompilerSettings,
  each: Lane | undefined,
): Promise<CompileAnswer> {
  return (await each?.compile({ sources: plan.sourcesOf(mutant), settings })) ?? { error: "nothing to compile with" };
}

function lane(index: number): Lane {
  const worker = fork(RUNNER, [fileURLToPath(new URL("./worker.ts", import.meta.url))]);
  return {
    compile: (request) =>
      new Promise((resolve, reject) => {
        const ended = (): void => reject(new SandboxError("The compiling process ended.", { output: "" }));
        worker.once("exit", ended);
        worker.once("message", (answer) => {
          worker.off("exit", ended);
          resolve(answer as CompileAnswer);
        });
        worker.send(request);
      }),
    sandbox: new Sandbox(index),
    end: () => worker.disconnect(),
  };
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const output =
      error instanceof SandboxError ? `\n${error.data.output.trim().split("\n").slice(-30).join("\n")}` : "";
    process.stderr.write(
      `error: ${error instanceof EthstakeError ? `${error.message} [${error.code}]` : errorMessage(error)}${output}\n`,
    );
    process.exit(1);
  },
);
