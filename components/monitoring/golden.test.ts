import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { renderAgent, renderMonitoring, type AgentSpec } from "../../monitoring/compose.ts";
import { testAgent, testMonitoring } from "../../monitoring/fixtures.ts";

/** Keepers ask Prometheus, through the link where it is. */
const asked = <Spec extends AgentSpec>(spec: Spec): Spec => ({
  ...spec,
  witness: true,
  ...(spec.link ? { link: { ...spec.link, questions: true } } : {}),
});

// What reaches a host, rules and dashboards aside, which are committed as they are. UPDATE_GOLDEN=1 writes the files anew: read the difference.
describe("bundles stay as they were reviewed", () => {
  it.each([
    ["monitoring-host", renderMonitoring(asked(testMonitoring({ gatewayNames: ["dash.example.org"] })))],
    ["watched-host", renderAgent(asked(testAgent()))],
  ])("%s", (name, bundle) => {
    const file = new URL(`golden/${name}.txt`, import.meta.url);
    const text = bundle.files
      .filter(({ path }) => !/^config\/(grafana\/dashboards|prometheus\/rules)\//.test(path))
      .map(({ path, mode, content }) => `==> ${mode} ${path}\n${content}`)
      .join("\n");
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });
});
