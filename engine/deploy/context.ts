/** What the parts of a run share, and the record of its steps. */
import type { Diagnostic, EngineEvent, Step, StepOp } from "../events.ts";
import type { Policies } from "../policies.ts";
import type { ProviderRegistry } from "../plugins/registry.ts";
import type { Project, StackConfig } from "../project.ts";
import type { Redactor } from "../redact.ts";
import type { StateStore } from "../state/store.ts";
import { isDefaultProvider, parseUrn } from "../urn.ts";
import { mask, type Json, type PropertyMap } from "../values.ts";
import type { PropertyDiff } from "../diff.ts";
import type { Limiter } from "./limiter.ts";

/** Everything a step may need. */
export interface RunContext {
  readonly project: Project;
  readonly stack: string;
  readonly config: StackConfig;
  readonly stateDir: string;
  readonly store: StateStore;
  readonly registry: ProviderRegistry;
  readonly limiter: Limiter;
  readonly parallel: number;
  readonly dryRun: boolean;
  readonly recorder: Recorder;
  /** Aborted at the first Ctrl-C: no new steps begin. */
  readonly signal: AbortSignal;
  readonly redactor: Redactor;
  /** What the resources must keep to. */
  readonly policies: Policies | undefined;
}

/** What a step is about, for display. */
export interface StepSubject {
  readonly op: StepOp;
  readonly urn: string;
  readonly id?: string | undefined;
  readonly diff?: readonly PropertyDiff[];
}

/** Collects steps, counts and diagnostics, and passes them on as events. */
export class Recorder {
  readonly steps: Step[] = [];
  readonly diagnostics: Diagnostic[] = [];
  readonly counts: Partial<Record<StepOp, number>> = {};
  /** Whether a step failed. */
  failed = false;
  private readonly emit: (event: EngineEvent) => void;
  private readonly redactor: Redactor;

  constructor(emit: (event: EngineEvent) => void, redactor: Redactor) {
    this.emit = emit;
    this.redactor = redactor;
  }

  /** Says that a step begins; the function it gives says how it ended. */
  start(
    subject: StepSubject,
  ): (end?: { readonly error?: string; readonly op?: StepOp; readonly diff?: readonly PropertyDiff[] }) => void {
    const begun = performance.now();
    const hidden = isDefaultProvider(subject.urn);
    if (!hidden && subject.op !== "same") this.emit({ kind: "step-start", op: subject.op, urn: subject.urn });
    return (end = {}) => {
      if (end.error !== undefined) this.failed = true;
      else if (!hidden) this.counts[end.op ?? subject.op] = (this.counts[end.op ?? subject.op] ?? 0) + 1;
      if (hidden && end.error === undefined) return;
      const { type, name } = parseUrn(subject.urn);
      const step: Step = {
        op: end.op ?? subject.op,
        urn: subject.urn,
        type,
        name,
        ...(subject.id === undefined ? {} : { id: subject.id }),
        diff: (end.diff ?? subject.diff ?? []).map((item) => maskDiff(item)),
        ...(end.error === undefined ? {} : { error: this.redactor.clean(end.error) }),
        durationMs: Math.round(performance.now() - begun),
      };
      if (step.op !== "same" || step.error !== undefined) this.steps.push(step);
      this.emit({ kind: "step-end", step });
    };
  }

  /** Reports a message. Secrets are removed from it. */
  diagnose(diagnostic: Diagnostic): void {
    const clean = { ...diagnostic, message: this.redactor.clean(diagnostic.message) };
    this.diagnostics.push(clean);
    this.emit({ kind: "diagnostic", diagnostic: clean });
  }

  /** Reports an error about a resource. */
  error(message: string, urn?: string): void {
    this.failed = true;
    this.diagnose({ severity: "error", message, origin: "engine", ...(urn === undefined ? {} : { urn }) });
  }
}

function maskDiff(diff: PropertyDiff): PropertyDiff {
  return {
    ...diff,
    ...(diff.old === undefined ? {} : { old: mask(diff.old) }),
    ...(diff.new === undefined ? {} : { new: mask(diff.new) }),
  };
}

/** Outputs for people: each secret one masked whole. */
export function showOutputs(outputs: PropertyMap, showSecrets: boolean, open: (value: Json) => Json): PropertyMap {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => [key, showSecrets ? open(value) : mask(value)]),
  );
}
