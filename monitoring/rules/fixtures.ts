import type { Check, Firing, InputSeries, RecordingTest } from "./types.ts";

/** Labels of a series. */
export type Labels = Readonly<Record<string, string>>;

/** A stack of tests. */
export const STACK_LABELS = { stack: "hoodi", network: "hoodi" } as const;

/** Labels of a target as Prometheus' configuration gives them (monitoring/prometheus/config.ts). */
export function targetLabels(job: string, client: string, options: Labels = {}): Labels {
  return {
    ...STACK_LABELS,
    operator: "acme",
    host: "host-1",
    node: "node-1",
    client,
    role: "primary",
    job,
    instance: `10.8.0.3:${job}`,
    ...options,
  };
}

/** Labels of a host's own exporter. */
export function hostLabels(options: Labels = {}): Labels {
  return { ...STACK_LABELS, operator: "acme", host: "host-1", job: "node", instance: "10.8.0.3:9100", ...options };
}

/** Labels of a keeper. */
export function keeperLabels(number: number, options: Labels = {}): Labels {
  return { ...STACK_LABELS, job: "keeper", instance: `10.8.0.${10 + number}:9400`, ...options };
}

/** Labels of a service of the monitoring stack itself. */
export function serviceLabels(job: string, options: Labels = {}): Labels {
  return { ...STACK_LABELS, job, instance: `${job}:9090`, ...options };
}

/** `{a="b",…}`. */
export function selector(labels: Labels): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}}`;
}

/** A series of a test. */
export function series(metric: string, labels: Labels, values: string): InputSeries {
  return { series: `${metric}${selector(labels)}`, values };
}

/** A metric as each of three keepers has it. */
export function keepers(metric: string, labels: Labels, values: string): InputSeries[] {
  return [1, 2, 3].map((number) => series(metric, { ...keeperLabels(number), ...labels }, values));
}

/** A validator as keepers label it. */
export const VALIDATOR_LABELS = {
  operator: "acme",
  operator_id: "1",
  pubkey: `0x${"a1".repeat(48)}`,
  validator_index: "4711",
} as const;

/** An operator as keepers label it. */
export const OPERATOR_LABELS = { operator: "acme", operator_id: "1" } as const;

/** The usual course of a test: nothing yet (still pending, where the alert waits), something, nothing again. */
export function course(before: string, at: string, firing: readonly Firing[], after: string): Check[] {
  return [
    { at: before, firing: [] },
    { at, firing },
    { at: after, firing: [] },
  ];
}

/** A sample that a recording rule must give. */
export function sample(record: string, labels: Labels, value: number): RecordingTest["expect"][number] {
  return { expr: record, samples: [{ labels: `${record}${selector(labels)}`, value }] };
}
