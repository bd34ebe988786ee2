// `npm run test:slither`: slither over contracts/src. Every finding needs an answer in contracts/tools/slither-answers.json, and every
// answer a finding.
//   npm run test:slither -- --print     the findings without an answer, as entries to be filled in
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CompilerError, CONTRACTS } from "../contracts/tools/compiler.ts";
import { forge, forgeEnvironment, pythonTools } from "../contracts/tools/python.ts";
import { run, runSuite, type Summary } from "../contracts/tools/run.ts";

/** A finding as it is answered: without line numbers, so that it stays the same when the code around it moves. */
interface Finding {
  readonly detector: string;
  /** The contract and its member. */
  readonly element: string;
  /** slither's words. */
  readonly finding: string;
}

/** An accepted finding. */
interface Answer extends Finding {
  readonly why: string;
}

interface SlitherElement {
  readonly name: string;
  readonly type: string;
  readonly type_specific_fields?: { readonly parent?: SlitherElement };
}

interface SlitherReport {
  readonly success: boolean;
  readonly error: string | null;
  readonly results: {
    readonly detectors?: readonly {
      readonly check: string;
      readonly description: string;
      readonly elements: readonly SlitherElement[];
    }[];
  };
}

runSuite(check);

async function check(): Promise<Summary> {
  const tools = await pythonTools();
  if ("missing" in tools) return { passed: 0, failed: 0, skipped: [`slither (${tools.missing})`] };
  const env = forgeEnvironment("slither", "src", tools);
  // Slither reads every build that it finds there, also those of sources that are gone.
  for (const folder of ["out", "cache"]) rmSync(join(CONTRACTS, folder, "slither"), { recursive: true, force: true });
  const built = await forge(["build", "--build-info", "--build-info-path", "out/slither/build-info"], env);
  if (built.code !== 0) throw new CompilerError(built.output.trim(), { file: "src" });
  const slither = await run(join(tools.bin, "slither"), [".", "--config-file", "slither.config.json", "--json", "-"], {
    cwd: CONTRACTS,
    env,
  });
  const findings = findingsOf(slither.stdout, slither.output);

  const path = join(CONTRACTS, "tools", "slither-answers.json");
  const answers = JSON.parse(readFileSync(path, "utf8")) as readonly Answer[];
  const unanswered = findings.filter((finding) => !answers.some((answer) => same(answer, finding)));
  const stale = answers.filter((answer) => !findings.some((finding) => same(answer, finding)));
  const unreasoned = answers.filter(({ why }) => why.trim() === "");
  if (process.argv.includes("--print")) {
    process.stdout.write(
      `${JSON.stringify(
        unanswered.map((finding) => ({ ...finding, why: "" })),
        undefined,
        2,
      )}\n`,
    );
  } else {
    for (const { detector, finding } of unanswered) process.stdout.write(`no answer: ${detector}: ${finding}\n`);
  }
  for (const { detector, element } of stale)
    process.stdout.write(`answer without a finding: ${detector}: ${element}\n`);
  for (const { detector, element } of unreasoned)
    process.stdout.write(`answer without a reason: ${detector}: ${element}\n`);
  return { passed: findings.length - unanswered.length, failed: unanswered.length + stale.length + unreasoned.length };
}

function findingsOf(stdout: string, output: string): Finding[] {
  let report: SlitherReport;
  try {
    report = JSON.parse(stdout) as SlitherReport;
  } catch {
    throw new CompilerError(`slither gave no report: ${output.trim().slice(-2000)}`, { file: "src" });
  }
  if (!report.success) throw new CompilerError(`slither failed: ${report.error ?? ""}`, { file: "src" });
  return (report.results.detectors ?? []).map(({ check, description, elements }) => ({
    detector: check,
    element: elements[0] === undefined ? "" : nameOf(elements[0]),
    finding: description
      .replace(/ ?\([^()\s]+\.sol#[\d-]+\)/g, "")
      .replace(/\s+/g, " ")
      .trim(),
  }));
}

function nameOf({ name, type_specific_fields: fields }: SlitherElement): string {
  const parent = fields?.parent;
  return parent === undefined || parent.type === "file" ? name : `${nameOf(parent)}.${name}`;
}

function same(one: Finding, other: Finding): boolean {
  return one.detector === other.detector && one.element === other.element && one.finding === other.finding;
}
