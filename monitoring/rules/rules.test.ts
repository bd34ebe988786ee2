import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { projectPath } from "../../lib/paths.ts";
import { outputs, OUTPUT_FOLDERS, ruleFiles } from "../output.ts";
import { hasTool, inFolder, runTool } from "../promtool.ts";
import { ALERT_FILES, RECORDING_FILES } from "./files.ts";
import { durationOf, PUBLIC, secondsOf, timingOf } from "./timing.ts";

const alerts = ALERT_FILES.flatMap((file) => file.alerts(PUBLIC));
const records = RECORDING_FILES.flatMap((file) => file.rules(PUBLIC));

describe("what is committed", () => {
  it("is what the definitions give", () => {
    for (const [path, content] of outputs()) expect(readFileSync(projectPath(path), "utf8"), path).toBe(content);
  });

  it("is all there is", () => {
    const paths = OUTPUT_FOLDERS.flatMap((folder) =>
      readdirSync(projectPath(folder)).map((name) => `${folder}/${name}`),
    );
    expect(paths.filter((path) => !outputs().has(path))).toEqual([]);
  });
});

describe("alerts", () => {
  it("are at least thirty, each with a name of its own", () => {
    expect(alerts.length).toBeGreaterThanOrEqual(30);
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
    expect(alerts.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["OperatorUptimeBreach", "MissedBlockProposal"]),
    );
  });

  it.each(alerts.filter(({ name }) => name !== "Watchdog"))(
    "$name is tested quiet, firing and resolved",
    ({ test, expr }) => {
      const states = test.checks.map(({ firing }) => firing.length > 0);
      expect(states).toEqual([false, true, false]);
      expect(test.input.length).toBeGreaterThan(0);
      expect(expr).not.toBe("");
    },
  );

  it.each(alerts)("$name says where and how much", ({ summary, description, runbook }) => {
    expect(`${summary}${description}`).toMatch(/\$labels|always fires/);
    // A subject that changes with each evaluation would be a new notification each time.
    expect(summary).not.toContain("$value");
    for (const text of Object.values(runbook)) expect(text).not.toBe("");
  });

  it("hold OperatorUptimeBreach to 99.7 % for an hour", () => {
    const breach = alerts.find(({ name }) => name === "OperatorUptimeBreach");
    expect(breach).toMatchObject({ expr: "operator_uptime < 0.997", for: "1h", severity: "page" });
  });
});

describe("recording rules", () => {
  it("give the founders' names", () => {
    const founders = [
      "validator_uptime",
      "validator_block_proposals_total",
      "validator_block_proposals_missed",
      "validator_attestations_total",
      "validator_attestations_missed",
      "validator_slashing_risk_detected",
      "validator_daily_earnings_eth",
      "execution_node_peers",
      "consensus_node_peers",
      "execution_sync_lag_blocks",
    ];
    expect(records.map(({ record }) => record)).toEqual(expect.arrayContaining(founders));
  });

  it("are recorded once for each set of labels", () => {
    const keys = records.map(({ record, labels }) => `${record}${JSON.stringify(labels ?? {})}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("timing", () => {
  const devnet = timingOf(8, 2);

  it("leaves public networks as they are written", () => {
    expect(PUBLIC.chain("1h")).toBe("1h");
    expect(PUBLIC.chainSeconds("7d")).toBe(604_800);
    expect(PUBLIC.hold("5m")).toBe("5m");
  });

  it("shrinks with the epochs, to a floor that scrapes can fill", () => {
    expect(devnet.chain("1h")).toBe("75s");
    expect(devnet.chain("1m")).toBe("16s");
    expect(devnet.hold("5m")).toBe("7s");
    expect(devnet.hold("1m")).toBe("4s");
    expect(devnet.range("1m")).toBe("8s");
  });

  it("reads and writes durations", () => {
    expect(durationOf(secondsOf("36h"))).toBe("36h");
    expect(durationOf(90)).toBe("90s");
    expect(() => secondsOf("1h30m")).toThrow(TypeError);
    expect(() => timingOf(0, 1)).toThrow(RangeError);
  });

  it.skipIf(!hasTool("promtool"))("gives rules for a devnet that promtool takes (promtool)", () => {
    const files = ruleFiles(devnet, "https://docs.example.org/RUNBOOK.md");
    const result = inFolder(files, (folder) => runTool("promtool", ["check", "rules", ...files.keys()], folder));
    expect(result.output).not.toContain("FAILED");
    expect(result.ok).toBe(true);
  });
});
