// `npm run test:monitoring`: the rules, their tests and the dashboards' queries, by promtool.
//   npm run test:monitoring -- --write     writes rules, tests, dashboards and the runbook's alerts from their definitions
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runSuite, type Summary } from "../contracts/tools/run.ts";
import { projectPath } from "../lib/paths.ts";
import { queryFaults, queries } from "../monitoring/dashboards/queries.ts";
import { OUTPUT_FOLDERS, outputs, ruleFiles, testFiles } from "../monitoring/output.ts";
import { hasTool, runTool } from "../monitoring/promtool.ts";
import { ALERT_FILES, RECORDING_FILES } from "../monitoring/rules/files.ts";
import { PUBLIC } from "../monitoring/rules/timing.ts";

const RULES = projectPath("monitoring/prometheus/rules");
const TESTS = projectPath("monitoring/prometheus/tests");

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes what the definitions give, and removes what they gave once. */
function write(): Summary {
  const files = outputs();
  for (const folder of OUTPUT_FOLDERS) {
    mkdirSync(projectPath(folder), { recursive: true });
    for (const name of readdirSync(projectPath(folder)))
      if (!files.has(`${folder}/${name}`)) rmSync(projectPath(join(folder, name)));
  }
  for (const [path, content] of files) {
    mkdirSync(dirname(projectPath(path)), { recursive: true });
    writeFileSync(projectPath(path), content);
  }
  return { passed: files.size, failed: 0 };
}

/** Files that are not what the definitions give. */
function stale(): string[] {
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(projectPath(path), "utf8");
    } catch {
      return undefined;
    }
  };
  return [...outputs()].filter(([path, content]) => read(path) !== content).map(([path]) => path);
}

/** Counts of what was checked, and the names of what failed. */
function check(): Summary {
  if (!hasTool("promtool")) return { passed: 0, failed: 0, skipped: ["rules, their tests and dashboards (promtool)"] };
  let passed = 0;
  const failures: string[] = [];
  const note = (count: number, failed: readonly string[]): void => {
    passed += Math.max(0, count - failed.length);
    failures.push(...failed);
  };
  note(
    outputs().size,
    stale().map((path) => `${path} is not what its definitions give: run npm run test:monitoring -- --write`),
  );

  const rules = [...ruleFiles(PUBLIC).keys()];
  const syntax = runTool("promtool", ["check", "rules", ...rules.map((name) => join(RULES, name))]);
  note(rules.length, syntax.ok ? [] : [syntax.output]);

  const tests = [...testFiles()];
  let count = 0;
  for (const [name, content] of tests) {
    const names = [...content.matchAll(/^ {2}- name: (.*)$/gm)].length;
    count += names;
    const result = runTool("promtool", ["test", "rules", name], TESTS);
    // promtool names failed tests of alerts; what it says of others counts once.
    const failed = new Set(
      [...result.output.matchAll(/^ {4}(?:name: (.*),|expr: .*)$/gm)].map(([line]) => line.trim()),
    );
    if (!result.ok) say(result.output);
    note(names, result.ok ? [] : failed.size === 0 ? [name] : [...failed].map((line) => `${name}: ${line}`));
  }

  const asked = queries();
  note(asked.length, queryFaults(asked));

  const alerts = ALERT_FILES.flatMap((file) => file.alerts(PUBLIC)).length;
  const recording = RECORDING_FILES.flatMap((file) => file.rules(PUBLIC)).length;
  for (const failure of failures) say(`FAIL ${failure}`);
  say(`${alerts} alerts, ${recording} recording rules, ${count} tests of them, ${asked.length} queries of dashboards`);
  return { passed, failed: failures.length };
}

runSuite(process.argv.includes("--write") ? write : check);
