/** The words and lines in which a run is shown. Pure functions: what is written where is decided elsewhere. */
import { formatValue, type PropertyDiff } from "../diff.ts";
import type { ChangeCounts, Diagnostic, RunResult, Step, StepOp } from "../events.ts";
import { parseUrn } from "../urn.ts";
import type { Json } from "../values.ts";

/** How each operation is marked. */
const MARKS: Readonly<Record<StepOp, string>> = {
  same: " ",
  create: "+",
  update: "~",
  replace: "+-",
  delete: "-",
  read: ">",
  import: "=",
  refresh: "~",
  "create-replacement": "++",
  "delete-replaced": "--",
};

/** A span of time for people. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A resource in few words. */
export function formatResource(urn: string): string {
  const { type, name } = parseUrn(urn);
  return `${type} ${name}`;
}

/** One property: `path: old → new`. */
export function formatDiff(diff: PropertyDiff): string {
  const replace = diff.replace === true ? " (forces replacement)" : "";
  if (diff.kind === "add") return `+ ${diff.path}: ${formatValue(diff.new)}${replace}`;
  if (diff.kind === "delete") return `- ${diff.path}: ${formatValue(diff.old)}${replace}`;
  const change =
    diff.old === undefined && diff.new === undefined ? "" : `: ${formatValue(diff.old)} → ${formatValue(diff.new)}`;
  return `~ ${diff.path}${change}${replace}`;
}

/** A step with its property diffs, one line each. Whole creations and deletions show no properties unless asked. */
export function formatStep(step: Step, options: { readonly all?: boolean } = {}): string[] {
  const time = step.durationMs > 0 ? ` (${formatDuration(step.durationMs)})` : "";
  const failed = step.error === undefined ? "" : " failed";
  const id = step.id === undefined ? "" : ` [${step.id}]`;
  const head = ` ${MARKS[step.op].padStart(2)} ${formatResource(step.urn)}${id} ${step.op}${failed}${time}`;
  const detailed = options.all === true || !["create", "delete", "delete-replaced"].includes(step.op);
  return [head, ...(detailed ? step.diff.map((diff) => `       ${formatDiff(diff)}`) : [])];
}

/** Diagnostics grouped by the resource they are about; equal messages once. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string[] {
  const groups = new Map<string, Set<string>>();
  for (const { severity, message, urn, origin } of diagnostics) {
    const subject = urn === undefined || urn === "" ? origin : formatResource(urn);
    const group = groups.get(subject) ?? new Set<string>();
    groups.set(subject, group);
    for (const [index, line] of message.trimEnd().split("\n").entries()) {
      group.add(index === 0 && severity !== "info" ? `${severity}: ${line}` : line);
    }
  }
  return [...groups].flatMap(([subject, lines]) => [`  ${subject}:`, ...[...lines].map((line) => `    ${line}`)]);
}

const PAST: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  delete: "deleted",
  import: "imported",
  read: "read",
  same: "unchanged",
};
const FUTURE: Readonly<Record<string, string>> = {
  ...PAST,
  ...{ create: "to create", update: "to update", replace: "to replace", delete: "to delete", import: "to import" },
};

/** `2 created, 1 updated, 5 unchanged`. */
export function formatCounts(changes: ChangeCounts, preview: boolean): string {
  const words = preview ? FUTURE : PAST;
  const parts = (["create", "update", "replace", "delete", "import", "read", "same"] as const)
    .filter((op) => (changes[op] ?? 0) > 0)
    .map((op) => `${changes[op] ?? 0} ${words[op] ?? op}`);
  return parts.length > 0 ? parts.join(", ") : "nothing";
}

/** Outputs, one a line. */
export function formatOutputs(outputs: Readonly<Record<string, Json>>): string[] {
  const width = Math.max(0, ...Object.keys(outputs).map((key) => key.length));
  return Object.entries(outputs).map(([key, value]) => {
    const text = typeof value === "string" ? formatValue(value).replace(/^"(.*)"$/, "$1") : formatValue(value);
    return `  ${key.padEnd(width)}  ${text}`;
  });
}

/** The end of a run: diagnostics, outputs, counts. */
export function formatResult(result: RunResult): string[] {
  const lines: string[] = [];
  const shown = result.diagnostics.filter(({ severity }) => severity !== "debug");
  if (shown.length > 0) lines.push("Diagnostics:", ...formatDiagnostics(shown));
  if (Object.keys(result.outputs).length > 0) lines.push("Outputs:", ...formatOutputs(result.outputs));
  const verb = result.operation === "preview" ? "Preview" : result.operation;
  const counts = formatCounts(result.changes, result.operation === "preview");
  lines.push(`${verb} of ${result.stack}: ${counts}. ${formatDuration(result.durationMs)}.`);
  if (result.error !== undefined) lines.push(`error: ${result.error}`);
  return lines;
}
