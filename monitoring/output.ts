import { readFileSync } from "node:fs";
import { projectPath } from "../lib/paths.ts";
import { dashboardFiles } from "./dashboards/index.ts";
import { ALERT_FILES, RECORDING_FILES } from "./rules/files.ts";
import { renderAlerts, renderAlertTests, renderRecording, renderRecordingTests } from "./rules/render.ts";
import { withAlerts } from "./rules/runbook.ts";
import { PUBLIC } from "./rules/timing.ts";
import type { Timing } from "./rules/timing.ts";

const RUNBOOK = "docs/RUNBOOK.md";

/** Prometheus' rule files for a network of this timing, by name of file. */
export function ruleFiles(timing: Timing, runbookUrl?: string): Map<string, string> {
  const options = runbookUrl === undefined ? { timing } : { timing, runbookUrl };
  return new Map([
    ...RECORDING_FILES.map((file) => [`${file.name}.yml`, renderRecording(file, options)] as const),
    ...ALERT_FILES.map((file) => [`${file.name}.yml`, renderAlerts(file, options)] as const),
  ]);
}

/** promtool's tests of the rules for public networks, by name of file. */
export function testFiles(): Map<string, string> {
  const recording = RECORDING_FILES.map(({ name }) => name);
  const files = [
    ...RECORDING_FILES.flatMap((file) => [...renderRecordingTests(file, recording)]),
    ...ALERT_FILES.flatMap((file) => [...renderAlertTests(file, [...recording, file.name], PUBLIC)]),
  ];
  return new Map(files.map(([name, content]) => [`${name}.yml`, content]));
}

/** Everything that is written from the definitions and committed, by path from the project's folder. */
export function outputs(): Map<string, string> {
  return new Map([
    ...[...ruleFiles(PUBLIC)].map(([name, content]) => [`monitoring/prometheus/rules/${name}`, content] as const),
    ...[...testFiles()].map(([name, content]) => [`monitoring/prometheus/tests/${name}`, content] as const),
    ...[...dashboardFiles()].map(([name, content]) => [`monitoring/grafana/dashboards/${name}`, content] as const),
    [RUNBOOK, withAlerts(readFileSync(projectPath(RUNBOOK), "utf8"))],
  ]);
}

/** Folders that hold nothing but what is written. */
export const OUTPUT_FOLDERS = [
  "monitoring/prometheus/rules",
  "monitoring/prometheus/tests",
  "monitoring/grafana/dashboards",
] as const;
