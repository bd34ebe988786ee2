/**
 * The engine's interface for programs: `npm run devnet`, tests and the command line call it in their own process. Errors of
 * use (a faulty project, a locked stack, a wrong passphrase) are thrown as EthstakeError; a run that failed in the middle is
 * reported in its result.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ProjectError, UsageError } from "./errors.ts";
import type { EngineEvent, Operation, RunResult } from "./events.ts";
import type { PluginCommands } from "./plugins/locate.ts";
import type { PolicyFactory } from "./policies.ts";
import { readProject, readStackConfig, type Project } from "./project.ts";
import { run, stackOutputs } from "./run.ts";
import { Passphrase } from "./secrets.ts";
import { StackLock } from "./state/lock.ts";
import { StateModel } from "./state/model.ts";
import { openState } from "./state/seal.ts";
import {
  parseDeployment,
  readSealed,
  serialize,
  StateStore,
  stackPaths,
  toDeployment,
  writeAtomically,
} from "./state/store.ts";
import type { DeploymentFile } from "./state/types.ts";
import { hasSecret, mask, reveal, type PropertyMap } from "./values.ts";
import { needsKey } from "./state/seal.ts";
import { rmSync } from "node:fs";

export type { ChangeCounts, Diagnostic, EngineEvent, RunResult, Step, StepOp } from "./events.ts";
export type { PluginCommands } from "./plugins/locate.ts";
export type { DeploymentFile, ResourceState } from "./state/types.ts";
export type { Policies, PolicyFactory, PolicyResource, PolicyViolation } from "./policies.ts";
export * from "./errors.ts";

/** Which stack. */
export interface StackOptions {
  /** The folder of Pulumi.yaml. */
  readonly projectDir: string;
  readonly stack: string;
  /** Where states are kept; default `.ethstake/engine` in the project's folder. */
  readonly stateDir?: string;
}

/** How to run. */
export interface RunOptions extends StackOptions {
  /** How many steps at once; default 16. */
  readonly parallel?: number;
  /** Read what is before comparing (up and destroy). */
  readonly refresh?: boolean;
  /** Give secret outputs in the open. */
  readonly showSecrets?: boolean;
  /** Configuration that overrides the stack's file; keys without a namespace are the project's. */
  readonly config?: Readonly<Record<string, string>>;
  /** Added to the program's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Commands that start providers, by package, before any other place is looked at: simulated clouds, for one. */
  readonly plugins?: PluginCommands;
  /** Rules that the resources must keep (up and preview). An up with rules is previewed first: it changes nothing when one is broken. */
  readonly policies?: PolicyFactory;
  /** Told of everything that happens. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** Abort it to stop after the running steps. */
  readonly signal?: AbortSignal;
  /** Abort it to kill at once. */
  readonly killSignal?: AbortSignal;
}

/** How many steps run at once unless said otherwise. */
export const DEFAULT_PARALLEL = 16;

/** Brings the stack to what the program says. */
export async function up(options: RunOptions): Promise<RunResult> {
  if (options.policies) {
    // What the update will show again is shown once: the preview is only heard when it says no.
    const events: EngineEvent[] = [];
    const plan = await operate("preview", { ...options, onEvent: (event) => events.push(event) });
    if (!plan.ok) {
      for (const event of events) options.onEvent?.(event);
      return { ...plan, operation: "up", changes: { same: 0, create: 0, update: 0, replace: 0, delete: 0 }, steps: [] };
    }
  }
  return operate("up", options);
}

/** Says what {@link up} would do. Changes nothing, takes no lock. */
export function preview(options: RunOptions): Promise<RunResult> {
  return operate("preview", options);
}

/** Deletes every resource of the stack. */
export function destroy(options: RunOptions): Promise<RunResult> {
  return operate("destroy", options);
}

/** Takes reality into the state: the result's changes say what drifted. */
export function refresh(options: RunOptions): Promise<RunResult> {
  return operate("refresh", options);
}

/** Checks a stack's name: it becomes a folder and a part of URNs. */
function checkStack(stack: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(stack)) {
    throw new UsageError(`"${stack}" is not a name for a stack.`, "Use letters, digits, `-`, `_` and `.`.");
  }
}

function place(options: StackOptions): { project: Project; stateDir: string; paths: ReturnType<typeof stackPaths> } {
  checkStack(options.stack);
  const project = readProject(options.projectDir);
  const stateDir = resolve(options.stateDir ?? resolve(project.dir, ".ethstake", "engine"));
  return { project, stateDir, paths: stackPaths(stateDir, options.stack) };
}

async function operate(operation: Operation, options: RunOptions): Promise<RunResult> {
  const { project, stateDir, paths } = place(options);
  const parallel = options.parallel ?? DEFAULT_PARALLEL;
  if (!Number.isInteger(parallel) || parallel < 1)
    throw new UsageError("The number of parallel steps must be at least 1.");
  const emit = options.onEvent ?? ((): void => undefined);
  const readOnly = operation === "preview";
  const passphrase = new Passphrase();
  const config = await readStackConfig(project, options.stack, passphrase, options.config);
  const lock = readOnly ? undefined : await StackLock.acquire(paths, options.stack, operation);
  let result: RunResult;
  try {
    const store = await StateStore.open(paths, passphrase, { preferredSalt: config.salt, readOnly });
    try {
      result = await run({
        operation,
        project,
        stack: options.stack,
        stateDir,
        config,
        store,
        lock,
        parallel,
        refresh: options.refresh ?? false,
        showSecrets: options.showSecrets ?? false,
        policies: options.policies,
        env: options.env ?? {},
        plugins: options.plugins ?? {},
        emit,
        signal: options.signal ?? new AbortController().signal,
        killSignal: options.killSignal ?? new AbortController().signal,
      });
    } finally {
      await store.close();
    }
  } finally {
    lock?.release();
  }
  emit({ kind: "end", result });
  return result;
}

/** The outputs of a stack, from its state. */
export async function outputs(
  options: StackOptions & { readonly showSecrets?: boolean },
): Promise<{ readonly outputs: PropertyMap; readonly secret: readonly string[] }> {
  const { model, salt } = readSealed(place(options).paths);
  const root = [...model.live.values()].find((state) => state.outputs === stackOutputs(model));
  const sealed = stackOutputs(model);
  const secret = Object.keys(sealed).filter((key) => hasSecret(sealed[key] ?? null));
  if (!options.showSecrets || !root) return { outputs: mask(sealed), secret };
  const crypter =
    needsKey(root) && salt !== undefined
      ? await new Passphrase().crypter(salt, "The stack has secret outputs")
      : undefined;
  return { outputs: reveal(openState(root, crypter).outputs ?? {}), secret };
}

/** The stack's state as a deployment that `pulumi stack import` accepts. Secrets stay encrypted. */
export function exportStack(options: StackOptions): DeploymentFile {
  const { model, salt } = readSealed(place(options).paths);
  return toDeployment(model, salt);
}

/** Replaces the stack's state by a deployment, given as text. Throws when it is not one, or is another stack's. */
export async function importStack(options: StackOptions, text: string): Promise<void> {
  const { project, paths } = place(options);
  const deployment = parseDeployment(text, "The deployment");
  const prefix = `urn:pulumi:${options.stack}::${project.name}::`;
  const foreign = (deployment.resources ?? []).filter(({ urn }) => !urn.startsWith(prefix));
  if (foreign.length > 0) {
    throw new ProjectError(foreign.slice(0, 10).map(({ urn }) => `${urn} belongs to another stack or project.`));
  }
  const lock = await StackLock.acquire(paths, options.stack, "import");
  try {
    const model = new StateModel();
    model.load(deployment.resources ?? [], deployment.pending_operations ?? []);
    writeAtomically(paths.checkpoint, serialize(toDeployment(model, deployment.secrets_providers?.state?.salt)));
    rmSync(paths.journal, { force: true });
  } finally {
    lock.release();
  }
}

/** Whether the stack has a state. */
export function stackExists(options: StackOptions): boolean {
  const { paths } = place(options);
  return existsSync(paths.checkpoint) || (existsSync(paths.journal) && readFileSync(paths.journal, "utf8") !== "");
}
