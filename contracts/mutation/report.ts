import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "../../lib/paths.ts";
import { CONTRACTS } from "../tools/compiler.ts";
import { TARGETS } from "../tools/contracts.ts";
import type { Mutant, Plan } from "./plan.ts";
import type { Result } from "./results.ts";
import { MUTATION_FOLDER } from "./sandbox.ts";

/** A mutant that no test noticed. */
export interface Survivor {
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly original: string;
  readonly mutated: string;
  /** Why no test can notice it, from accepted.json. */
  readonly why?: string;
}

/** What came of one target's mutants. Those that do not compile, change nothing or repeat another are left out. */
export interface TargetReport {
  readonly contract: string;
  readonly available: number;
  readonly tried: number;
  readonly mutants: number;
  readonly killed: number;
  readonly survivors: readonly Survivor[];
}

const DOCUMENT = projectPath(join("docs", "MUTATION.md"));

/** @param results of the plan's mutants, in their order */
export function reportOf(plan: Plan, results: readonly (readonly [Mutant, Result])[]): TargetReport {
  const seen = new Set<string>();
  const survivors: Survivor[] = [];
  const accepted = acceptedSurvivors();
  let killed = 0;
  for (const [mutant, { verdict, code = "" }] of results) {
    if (verdict === "invalid" || verdict === "equivalent" || seen.has(code)) continue;
    seen.add(code);
    if (verdict === "killed") killed += 1;
    else {
      const survivor = {
        file: plan.target.source,
        line: mutant.line,
        operator: mutant.mutation.operator,
        original: oneLine(mutant.original),
        mutated: oneLine(mutant.mutation.replacement),
      };
      const answer = accepted.find(
        ({ file, original, mutated }) =>
          file === survivor.file && original === survivor.original && mutated === survivor.mutated,
      );
      survivors.push(answer ? { ...survivor, why: answer.why } : survivor);
    }
  }
  return {
    contract: plan.target.name,
    available: plan.available,
    tried: results.length,
    mutants: seen.size,
    killed,
    survivors,
  };
}

/** Keeps a target's report for the document. */
export function saveReport(report: TargetReport): void {
  writeFileSync(reportFile(report.contract), `${JSON.stringify(report, undefined, 2)}\n`);
}

/** The reports of every target that has one, in the order of the list. */
export function savedReports(): TargetReport[] {
  return TARGETS.map(({ name }) => reportFile(name))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, "utf8")) as TargetReport);
}

/** The table, one contract a line, and its sum. Accepted survivors do not count. */
export function renderTable(reports: readonly TargetReport[]): string {
  const row = (name: string, part: readonly TargetReport[]): string => {
    const sum = (value: (report: TargetReport) => number): number =>
      part.reduce((total, report) => total + value(report), 0);
    const accepted = sum(({ survivors }) => survivors.filter(({ why }) => why !== undefined).length);
    const killed = sum((report) => report.killed);
    const mutants = sum((report) => report.mutants);
    const counted = mutants - accepted;
    const score = counted === 0 ? "-" : `${((100 * killed) / counted).toFixed(1)} %`;
    const tried = `${sum((report) => report.tried)} of ${sum(({ available }) => available)}`;
    return `| ${name} | ${tried} | ${mutants} | ${killed} | ${counted - killed} | ${accepted} | ${score} |`;
  };
  return [
    "| contract | tried | mutants | killed | survived | accepted | score |",
    "|---|---|---|---|---|---|---|",
    ...reports.map((report) => row(report.contract, [report])),
    row("all", reports),
  ].join("\n");
}

/** The survivors, one a line. */
export function renderSurvivors(reports: readonly TargetReport[]): string {
  return reports
    .flatMap(({ survivors }) => survivors)
    .map(({ file, line, operator, original, mutated, why }) => {
      const change = mutated === "" ? `\`${original}\` removed` : `\`${original}\` → \`${mutated}\``;
      return `- ${file}:${line} (${operator}) ${change}${why === undefined ? "" : `. Accepted: ${why}`}`;
    })
    .join("\n");
}

/** Writes docs/MUTATION.md from the reports that there are. */
export function writeDocument(): void {
  const reports = savedReports();
  writeFileSync(
    DOCUMENT,
    `# Mutation testing

Written by \`npm run test:mutation -- --write\`. Each mutant is one change of a source (a condition fixed, a comparison moved by one, a statement
or modifier removed, a number, an operator or a rounding exchanged) that compiles to other code than the original; it is killed when a
unit, fuzz, attack or upgrade test fails: invariants, gas figures and symbolic proofs are not asked, so the score is a lower bound. Mutants that
do not compile, or whose code equals the original's or another mutant's, are not counted. Accepted survivors, which no test can notice, are in
contracts/mutation/accepted.json with the reason and do not enter the score.

${renderTable(reports)}

## Survivors

${renderSurvivors(reports) || "None."}
`,
  );
}

function reportFile(contract: string): string {
  return join(MUTATION_FOLDER, `${contract}.json`);
}

function acceptedSurvivors(): readonly (Pick<Survivor, "file" | "original" | "mutated"> & { readonly why: string })[] {
  const path = join(CONTRACTS, "mutation", "accepted.json");
  return JSON.parse(readFileSync(path, "utf8")) as ReturnType<typeof acceptedSurvivors>;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
