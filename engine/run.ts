/** One run of an operation: opens the state, starts what is needed, and brings everything to an end in every case. */
import { errorMessage } from "../lib/errors.ts";
import { Recorder, showOutputs, type RunContext } from "./deploy/context.ts";
import { deleteAll } from "./deploy/deletes.ts";
import { Executor } from "./deploy/execute.ts";
import { Invoker } from "./deploy/invokes.ts";
import { Limiter } from "./deploy/limiter.ts";
import { refreshAll } from "./deploy/refresh.ts";
import { Registrar } from "./deploy/registrar.ts";
import { CancelledError } from "./errors.ts";
import type { ChangeCounts, EngineEvent, Operation, RunResult } from "./events.ts";
import { Process } from "./plugins/process.ts";
import { programFailure, startProgram } from "./plugins/program.ts";
import type { PluginCommands } from "./plugins/locate.ts";
import { ProviderRegistry } from "./plugins/registry.ts";
import type { PolicyFactory } from "./policies.ts";
import type { Project, StackConfig } from "./project.ts";
import { Redactor } from "./redact.ts";
import { serveEngine, serveMonitor, type Served } from "./rpc/server.ts";
import type { StackLock } from "./state/lock.ts";
import type { StateModel } from "./state/model.ts";
import type { StateStore } from "./state/store.ts";
import { packageOf, parseUrn, STACK_TYPE } from "./urn.ts";
import { hasSecret, reveal, type PropertyMap } from "./values.ts";

/** What a run is to do. */
export interface RunRequest {
  readonly operation: Operation;
  readonly project: Project;
  readonly stack: string;
  readonly stateDir: string;
  readonly config: StackConfig;
  readonly store: StateStore;
  /** Undefined for a preview: it changes nothing and locks nothing. */
  readonly lock: StackLock | undefined;
  readonly parallel: number;
  readonly refresh: boolean;
  readonly showSecrets: boolean;
  /** Rules for up and preview. */
  readonly policies: PolicyFactory | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly plugins: PluginCommands;
  readonly emit: (event: EngineEvent) => void;
  /** Aborted at the first interrupt. */
  readonly signal: AbortSignal;
  /** Aborted at the second interrupt: everything is killed. */
  readonly killSignal: AbortSignal;
}

/** Runs the operation. Failures of steps and of the program are in the result; the caller closes store and lock. */
export async function run(request: RunRequest): Promise<RunResult> {
  const begun = performance.now();
  const redactor = new Redactor();
  for (const key of request.config.secretKeys) redactor.add(request.config.values[key] ?? "");
  const recorder = new Recorder(request.emit, redactor);
  request.emit({
    kind: "begin",
    operation: request.operation,
    stack: request.stack,
    preview: request.operation === "preview",
  });
  for (const killed of request.lock?.killed ?? []) {
    recorder.diagnose({
      severity: "warning",
      message: `Killed what an earlier run left behind: ${killed}.`,
      origin: "engine",
    });
  }
  reportInterrupted(request, recorder);
  let engine: Served | undefined;
  let registry: ProviderRegistry | undefined;
  let error: string | undefined;
  const onKill = (): void => registry?.kill();
  const onCancel = (): void => void registry?.cancel();
  request.killSignal.addEventListener("abort", onKill);
  request.signal.addEventListener("abort", onCancel);
  const context = (): RunContext => {
    if (!registry) throw new Error("The run has not begun.");
    return {
      ...request,
      registry,
      limiter: new Limiter(request.parallel),
      dryRun: request.operation === "preview",
      recorder,
      redactor,
      policies: request.policies?.(request.config.values),
    };
  };
  let outputs: PropertyMap = {};
  try {
    engine = await serveEngine((severity, message, urn) => {
      recorder.diagnose({ severity, message, origin: "program", ...(urn === "" ? {} : { urn }) });
    });
    registry = new ProviderRegistry(
      request.project,
      {
        engineAddress: engine.address,
        onStart: (pid, role) => request.lock?.addChild(pid, role),
        onOutput: (name, stream, line) => {
          recorder.diagnose({
            severity: "info",
            message: line,
            origin: `provider ${name}${stream === "stderr" ? " (stderr)" : ""}`,
          });
        },
      },
      request.store.model,
      request.plugins,
    );
    outputs = await operate(request, context(), engine.address);
  } catch (cause) {
    error = redactor.clean(errorMessage(cause));
  } finally {
    await registry?.close();
    engine?.close();
    request.killSignal.removeEventListener("abort", onKill);
    request.signal.removeEventListener("abort", onCancel);
  }
  if (error === undefined && request.signal.aborted) error = new CancelledError().message;
  if (error === undefined && recorder.failed) error = `${request.operation} failed.`;
  const result: RunResult = {
    ok: error === undefined,
    operation: request.operation,
    stack: request.stack,
    changes: countChanges(recorder),
    outputs: showOutputs(outputs, request.showSecrets, reveal),
    secretOutputs: Object.keys(outputs).filter((key) => hasSecret(outputs[key] ?? null)),
    steps: recorder.steps,
    diagnostics: recorder.diagnostics,
    ...(error === undefined ? {} : { error }),
    durationMs: Math.round(performance.now() - begun),
  };
  return result;
}

function reportInterrupted(request: RunRequest, recorder: Recorder): void {
  for (const { urn, type } of request.store.interrupted) {
    const { name, type: kind } = parseUrn(urn);
    const next =
      type === "creating"
        ? "It is created again now; its provider takes over what exists already."
        : "The step is repeated as far as it is still needed.";
    const message = `An earlier run was killed while ${type} ${kind} "${name}". ${request.operation === "up" ? next : "The next up goes on with it."}`;
    recorder.diagnose({ severity: "warning", message, urn, origin: "engine" });
  }
}

function countChanges({ counts }: Recorder): ChangeCounts {
  const { same = 0, create = 0, update = 0, replace = 0, delete: deleted = 0, read = 0, import: imported = 0 } = counts;
  return {
    same,
    create,
    update,
    replace,
    delete: deleted,
    ...(read > 0 ? { read } : {}),
    ...(imported > 0 ? { import: imported } : {}),
  };
}

/** Outputs of the stack in a state. */
export function stackOutputs(model: StateModel): PropertyMap {
  return [...model.live.values()].find(({ type }) => type === STACK_TYPE)?.outputs ?? {};
}

async function operate(request: RunRequest, context: RunContext, engineAddress: string): Promise<PropertyMap> {
  const { model } = request.store;
  // Providers take as long to start as the program does: start them side by side.
  const packages = new Set<string>();
  for (const state of model.live.values()) {
    if (state.provider !== undefined && !state.external) packages.add(packageOf(state.type));
  }
  if (request.operation === "up" || request.operation === "preview") {
    for (const name of Object.keys(request.project.providers)) packages.add(name);
  }
  for (const name of packages) context.registry.prepare(name);
  switch (request.operation) {
    case "refresh":
      await refreshAll(context, new Executor(context));
      return stackOutputs(model);
    case "destroy": {
      const executor = new Executor(context);
      if (request.refresh) await refreshAll({ ...context, recorder: context.recorder }, executor);
      if (!context.recorder.failed) {
        await deleteAll(context, executor, [...model.condemned.values(), ...model.live.values()]);
      }
      return {};
    }
    default:
      return deploy(request, context, engineAddress);
  }
}

async function deploy(request: RunRequest, context: RunContext, engineAddress: string): Promise<PropertyMap> {
  const { recorder, store } = context;
  if (request.refresh && !context.dryRun) {
    await refreshAll(context, new Executor(context));
    if (recorder.failed) return stackOutputs(store.model);
    // The changes that count are those of the update that follows.
    for (const op of Object.keys(recorder.counts)) Reflect.deleteProperty(recorder.counts, op);
  }
  const registrar = new Registrar(context);
  const invoker = new Invoker(registrar);
  const monitor = await serveMonitor(registrar, invoker);
  invoker.monitorAddress = monitor.address;
  let program: Process | undefined;
  const onKill = (): void => program?.kill();
  request.killSignal.addEventListener("abort", onKill);
  try {
    program = startProgram({
      project: request.project,
      stack: request.stack,
      config: request.config,
      monitorAddress: monitor.address,
      engineAddress,
      dryRun: context.dryRun,
      parallel: context.parallel,
      env: request.env,
      onStart: (pid, role) => request.lock?.addChild(pid, role),
      onOutput: (stream, line) => {
        recorder.diagnose({
          severity: "info",
          message: line,
          origin: stream === "stderr" ? "program (stderr)" : "program",
        });
      },
    });
    const failure = programFailure(await program.exit);
    await registrar.settled();
    if (failure !== undefined && !request.signal.aborted) recorder.error(failure);
    if (!request.signal.aborted) registrar.guard.finish();
    // What was not registered because something failed must not look as if the program no longer had it.
    if (!recorder.failed && !request.signal.aborted) await deleteUnseen(context, registrar);
    if (!recorder.failed && !context.dryRun && !request.signal.aborted) await settleInterrupted(context, registrar);
  } finally {
    await program?.stop();
    monitor.close();
    request.killSignal.removeEventListener("abort", onKill);
  }
  const root = registrar.root === undefined ? undefined : registrar.current.get(registrar.root);
  return root?.outputs ?? stackOutputs(store.model);
}

async function deleteUnseen(context: RunContext, registrar: Registrar): Promise<void> {
  const { model } = context.store;
  const unseen = [...registrar.base.values()].filter((state) => !registrar.seen.has(state.urn));
  const condemned = [...model.condemned.values()];
  await deleteAll(context, registrar.executor, [...unseen, ...condemned]);
}

/** After a whole run nothing is interrupted any more: each resource was brought to what the program wants. */
async function settleInterrupted(context: RunContext, registrar: Registrar): Promise<void> {
  for (const urn of [...context.store.model.pending.keys()]) {
    if (registrar.current.has(urn) || !context.store.model.live.has(urn)) await context.store.settle(urn);
  }
}
