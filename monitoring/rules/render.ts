import { stringify } from "yaml";
import { STACK_LABELS } from "./fixtures.ts";
import type { Timing } from "./timing.ts";
import type { Alert, AlertFile, Check, Firing, RecordingFile } from "./types.ts";

/** Where the runbook is read when a stack does not say where its copy is: in the repository. */
export const RUNBOOK_URL = "docs/RUNBOOK.md";

/** The anchor of an alert's entry, as GitHub makes it of the heading. */
export function anchorOf(alert: string): string {
  return alert.toLowerCase();
}

/** How rules are written. */
export interface RuleOptions {
  readonly timing: Timing;
  /** Address of docs/RUNBOOK.md; alerts add the anchor. */
  readonly runbookUrl?: string;
}

const NOTE = "# Written by `npm run test:monitoring -- --write` from monitoring/rules. Do not edit.\n";

/** Name of the one group of a file of rules. */
function groupName(file: string): string {
  return `ethstake-${file}`;
}

function yaml(value: unknown): string {
  return NOTE + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** A file of recording rules, as Prometheus reads it. */
export function renderRecording({ name, rules }: RecordingFile, { timing }: RuleOptions): string {
  return yaml({
    groups: [
      {
        name: groupName(name),
        rules: rules(timing).map(({ record, expr, labels }) => ({ record, expr, ...(labels ? { labels } : {}) })),
      },
    ],
  });
}

/** A file of alerts, as Prometheus reads it. */
export function renderAlerts(file: AlertFile, { timing, runbookUrl = RUNBOOK_URL }: RuleOptions): string {
  return yaml({
    groups: [
      {
        name: groupName(file.name),
        rules: file.alerts(timing).map((alert) => ({
          alert: alert.name,
          expr: alert.expr,
          ...(alert.for === undefined ? {} : { for: alert.for }),
          labels: { severity: alert.severity },
          annotations: {
            summary: alert.summary,
            description: alert.description,
            runbook_url: `${runbookUrl}#${anchorOf(alert.name)}`,
          },
        })),
      },
    ],
  });
}

/** What a template of an alert says for a firing one. Its value is stated by the test: how numbers are shown is part of what is tested. */
function filled(template: string, { labels, shown }: Firing, alert: string): string {
  return template
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? "")
    .replaceAll(/\{\{ \$value[^}]*\}\}/g, () => {
      if (shown === undefined) throw new TypeError(`${alert}: the test does not say what its value looks like`);
      return shown;
    });
}

function alertCheck(alert: Alert, { at, firing }: Check): Record<string, unknown> {
  return {
    eval_time: at,
    alertname: alert.name,
    exp_alerts: firing.map((one) => ({
      exp_labels: { severity: alert.severity, ...one.labels },
      exp_annotations: {
        summary: filled(alert.summary, one, alert.name),
        description: filled(alert.description, one, alert.name),
        runbook_url: `${RUNBOOK_URL}#${anchorOf(alert.name)}`,
      },
    })),
  };
}

/** Tests by the time between their samples: with more than five minutes between two evaluations and samples, Prometheus sees gaps. */
function byInterval<T extends { readonly interval: string }>(tests: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const test of tests) groups.set(test.interval, [...(groups.get(test.interval) ?? []), test]);
  return groups;
}

/** Files of promtool's tests, by name: one for each time between samples. */
function testFiles(
  name: string,
  ruleFiles: readonly string[],
  tests: readonly { readonly interval: string }[],
): Map<string, string> {
  return new Map(
    [...byInterval(tests)].map(([interval, group]) => [
      interval === "1m" ? name : `${name}-${interval}`,
      yaml({
        rule_files: ruleFiles.map((file) => `../rules/${file}.yml`),
        evaluation_interval: interval,
        // Else in no order, and a rule would see what another one recorded an evaluation before.
        group_eval_order: ruleFiles.map(groupName),
        tests: group,
      }),
    ]),
  );
}

/** promtool's tests of a file of alerts, by name of file. */
export function renderAlertTests(file: AlertFile, ruleFiles: readonly string[], timing: Timing): Map<string, string> {
  return testFiles(
    file.name,
    ruleFiles,
    file.alerts(timing).map((alert) => ({
      name: alert.name,
      interval: alert.test.interval ?? "1m",
      external_labels: { stack: STACK_LABELS.stack },
      input_series: alert.test.input,
      alert_rule_test: alert.test.checks.map((check) => alertCheck(alert, check)),
    })),
  );
}

/** promtool's tests of a file of recording rules, by name of file. */
export function renderRecordingTests(file: RecordingFile, ruleFiles: readonly string[]): Map<string, string> {
  return testFiles(
    file.name,
    ruleFiles,
    file.tests.map(({ name, input, at, expect, interval = "1m" }) => ({
      name,
      interval,
      input_series: input,
      promql_expr_test: expect.map(({ expr, samples }) => ({ expr, eval_time: at, exp_samples: samples })),
    })),
  );
}
