import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { RULES } from "./rules/index.ts";

const README = fileURLToPath(new URL("./README.md", import.meta.url));
const TABLE = /(<!-- rules: .* -->\n)[\s\S]*?(<!-- end of rules -->)/;

it("lists every rule as it is in the code", () => {
  const rows = RULES.map(
    ({ name, severity, kind, description }) => `| \`${name}\` | ${severity} | ${kind} | ${description} |`,
  );
  const table = [
    `${RULES.length} rules.`,
    "",
    "| rule | severity | looks at | what must be so |",
    "|---|---|---|---|",
    ...rows,
  ];
  const text = readFileSync(README, "utf8");
  const wanted = text.replace(TABLE, (_all, begin: string, end: string) => `${begin}\n${table.join("\n")}\n\n${end}`);
  if (process.env["UPDATE_README"] === "1") writeFileSync(README, wanted);
  expect(readFileSync(README, "utf8")).toBe(wanted);
});
