/** What a run tells while it goes, and what it gives at its end. */
import type { PropertyDiff } from "./diff.ts";
import type { Json } from "./values.ts";

/** What happens to a resource. `create-replacement` and `delete-replaced` are the halves of one `replace`. */
export type StepOp =
  | "same"
  | "create"
  | "update"
  | "replace"
  | "delete"
  | "read"
  | "import"
  | "refresh"
  | "create-replacement"
  | "delete-replaced";

/** One step, as `preview --json` and the display show it. Values are masked. */
export interface Step {
  readonly op: StepOp;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly id?: string;
  readonly diff: readonly PropertyDiff[];
  /** Set when the step failed. */
  readonly error?: string;
  /** How long it took, in milliseconds; 0 in a preview. */
  readonly durationMs: number;
}

/** How grave a diagnostic is. */
export type Severity = "debug" | "info" | "warning" | "error";

/** A message of the engine, the program or a provider. */
export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  /** The resource it is about. */
  readonly urn?: string;
  /** Who said it: `engine`, `program`, or `provider NAME`. */
  readonly origin: string;
}

/** How many resources were treated how. The root stack and components count, default providers do not (as with the CLI). */
export interface ChangeCounts {
  readonly same: number;
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  /** Only there when not 0. */
  readonly read?: number;
  /** Only there when not 0. */
  readonly import?: number;
}

/** What a run reports while it goes. */
export type EngineEvent =
  | { readonly kind: "begin"; readonly operation: Operation; readonly stack: string; readonly preview: boolean }
  | { readonly kind: "step-start"; readonly op: StepOp; readonly urn: string }
  | { readonly kind: "step-end"; readonly step: Step }
  | { readonly kind: "diagnostic"; readonly diagnostic: Diagnostic }
  | { readonly kind: "end"; readonly result: RunResult };

/** The operations that change or compare. */
export type Operation = "up" | "preview" | "destroy" | "refresh";

/** The outcome of a run. */
export interface RunResult {
  readonly ok: boolean;
  readonly operation: Operation;
  readonly stack: string;
  readonly changes: ChangeCounts;
  /** Outputs of the stack; secrets are masked unless `showSecrets` was given. */
  readonly outputs: Readonly<Record<string, Json>>;
  /** Names of the outputs that are secret. */
  readonly secretOutputs: readonly string[];
  /** Every step that was not `same`, in the order of their ends. */
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
  /** Why the run failed, in one sentence. */
  readonly error?: string;
  readonly durationMs: number;
}
