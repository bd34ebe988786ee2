import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../lib/paths.ts";
import { ruleFiles } from "./output.ts";
import { PUBLIC } from "./rules/timing.ts";

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert?: string; readonly annotations?: Readonly<Record<string, string>> }[];
  }[];
}

const runbook = readFileSync(projectPath("docs/RUNBOOK.md"), "utf8");

/** Anchors of headings, as GitHub makes them. */
const anchors = new Set(
  [...runbook.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  ),
);

const urls = [...ruleFiles(PUBLIC).values()].flatMap((content) =>
  (parse(content) as RuleFile).groups.flatMap(({ rules }) =>
    rules.flatMap(({ alert, annotations }) =>
      alert === undefined ? [] : [[alert, annotations?.["runbook_url"] ?? ""] as const],
    ),
  ),
);

it("docs/RUNBOOK.md has an entry for every alert", () => {
  expect(urls.length).toBeGreaterThanOrEqual(30);
  for (const [alert, url] of urls) {
    const [file, anchor = ""] = url.split("#");
    expect(file, alert).toMatch(/docs\/RUNBOOK\.md$/);
    expect(anchors, alert).toContain(anchor);
  }
});

it("docs/RUNBOOK.md refers to no heading that it lacks", () => {
  const links = [...runbook.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});
