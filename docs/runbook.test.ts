import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectPath } from "../lib/paths.ts";

/** Folders with code that fails with codes. */
const FOLDERS = [
  "cloud-init",
  "components",
  "contracts/mutation",
  "contracts/tools",
  "devnet",
  "engine",
  "key-management",
  "lib",
  "policy",
  "provider",
  "scripts",
  "services",
  "stacks",
  "verify",
];

/** The codes of errors, as their classes have them. */
function codes(): string[] {
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(projectPath(folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
      .map((file) => readFileSync(join(projectPath(folder), file), "utf8")),
  );
  return sources.flatMap((source) => [...source.matchAll(/readonly code = "(\w+)"/g)].map(([, code = ""]) => code));
}

it("docs/RUNBOOK.md says what to do for every code", () => {
  const text = readFileSync(projectPath("docs/RUNBOOK.md"), "utf8");
  const found = codes();
  expect(found).toContain("SETTINGS_INVALID");
  expect(found.filter((code) => !text.includes(`\`${code}\``))).toEqual([]);
});
