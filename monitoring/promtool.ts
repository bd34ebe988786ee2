import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How a tool ended. */
export interface ToolResult {
  readonly ok: boolean;
  readonly output: string;
}

/** Whether a program is on the PATH. */
export function hasTool(name: string): boolean {
  return spawnSync(name, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Runs a tool to its end. */
export function runTool(name: string, args: readonly string[], folder?: string): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    encoding: "utf8",
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  return { ok: status === 0, output: error === undefined ? `${stdout}${stderr}` : error.message };
}

/** Gives files to a function in a folder that is gone afterwards. */
export function inFolder<Result>(files: ReadonlyMap<string, string>, use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-monitoring-"));
  try {
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Expressions that promtool refuses, with its words. */
export function refusedExpressions(expressions: readonly string[]): string[] {
  const check = (some: readonly string[]): ToolResult => {
    const rules = some.map((expr, index) => ({ record: `check:expression_${index}`, expr }));
    // JSON is YAML.
    const file = JSON.stringify({ groups: [{ name: "check", rules }] });
    return inFolder(new Map([["check.yml", file]]), (folder) =>
      runTool("promtool", ["check", "rules", join(folder, "check.yml")]),
    );
  };
  if (expressions.length === 0 || check(expressions).ok) return [];
  return expressions.flatMap((expr) => {
    const { ok, output } = check([expr]);
    return ok ? [] : [`${expr}: ${output.trim()}`];
  });
}
