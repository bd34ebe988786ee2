import type { Timing } from "./timing.ts";

/** A series that Prometheus computes and keeps under a name of its own. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** `page` wakes somebody, `warn` is for working hours, `info` is for whoever looks. */
export type Severity = "page" | "warn" | "info";

/** What docs/RUNBOOK.md says on an alert. */
export interface RunbookEntry {
  readonly means: string;
  readonly look: string;
  readonly act: string;
}

/** A series of a test, in promtool's notation: `0x10` is eleven zeros, `1+2x3` is 1 3 5 7. */
export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** An alert that fires in a test. */
export interface Firing {
  /** Without `alertname` and `severity`. */
  readonly labels: Readonly<Record<string, string>>;
  /** What the description shows in the place of its value; needed when it has one. */
  readonly shown?: string;
}

/** What is firing at a moment of a test. */
export interface Check {
  readonly at: string;
  readonly firing: readonly Firing[];
}

/**
 * A test of one alert: quiet, firing, and resolved, on series as their sources expose them. Where an alert has to hold for a while, it is
 * quiet at a moment when its expression holds already.
 */
export interface AlertTest {
  readonly input: readonly InputSeries[];
  readonly checks: readonly Check[];
  /** Time between two samples and between two evaluations; `1m` when absent. */
  readonly interval?: string;
}

/** An alert, its entry in the runbook, and its test. */
export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** How long the expression must hold; none when absent. */
  readonly for?: string;
  readonly severity: Severity;
  /** One line, without values that change: it is the notification's subject. */
  readonly summary: string;
  /** May have one `{{ $value … }}`. */
  readonly description: string;
  readonly runbook: RunbookEntry;
  readonly test: AlertTest;
}

/** A series that a recording rule must give in a test. */
export interface ExpectedSample {
  readonly labels: string;
  readonly value: number;
}

/** A test of recording rules. */
export interface RecordingTest {
  readonly name: string;
  readonly input: readonly InputSeries[];
  readonly at: string;
  readonly expect: readonly { readonly expr: string; readonly samples: readonly ExpectedSample[] }[];
  readonly interval?: string;
}

/** A file of recording rules. */
export interface RecordingFile {
  readonly name: string;
  readonly rules: (timing: Timing) => readonly RecordingRule[];
  readonly tests: readonly RecordingTest[];
}

/** A file of alerts. */
export interface AlertFile {
  readonly name: string;
  /** Heading of its part of the runbook. */
  readonly title: string;
  readonly alerts: (timing: Timing) => readonly Alert[];
}
