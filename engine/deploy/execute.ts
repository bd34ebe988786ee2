/** Single steps: each recorded in the journal before and after, shown, and turned into a change of the state. */
import { randomUUID } from "node:crypto";
import { errorMessage } from "../../lib/errors.ts";
import { ProviderCallError, ResourceError } from "../errors.ts";
import type { StepOp } from "../events.ts";
import { diffProperties, type PropertyDiff } from "../diff.ts";
import { initFailure } from "../plugins/client.ts";
import type { Provider } from "../plugins/provider.ts";
import type { Effect, OperationKind, ResourceState } from "../state/types.ts";
import { isProviderType } from "../urn.ts";
import { keepSecrets, UNKNOWN, type PropertyMap } from "../values.ts";
import type { RunContext } from "./context.ts";
import { stateOf, type Goal, type Result } from "./goal.ts";

/** How a step is to be shown and recorded. */
interface StepOptions {
  readonly op: StepOp;
  readonly diff?: readonly PropertyDiff[];
  /** Further changes of the state, made together with the step's own. */
  readonly effects?: (state: ResourceState) => readonly Effect[];
}

/** A step failed; it has been reported already. */
export class StepFailed extends Error {}

/** Carries out steps. */
export class Executor {
  private readonly context: RunContext;

  constructor(context: RunContext) {
    this.context = context;
  }

  /** Changes the state without a step, unless nothing may be written. */
  async record(effects: readonly Effect[]): Promise<void> {
    if (!this.context.dryRun && effects.length > 0) await this.context.store.end(undefined, effects);
  }

  private async journaled<T>(
    kind: OperationKind,
    state: ResourceState,
    work: () => Promise<{ value: T; effects: readonly Effect[] }>,
  ): Promise<T> {
    const { store, dryRun } = this.context;
    if (dryRun) return (await work()).value;
    const sequence = await store.begin(kind, state);
    try {
      const { value, effects } = await work();
      await store.end(sequence, effects);
      return value;
    } catch (error) {
      // A provider that went away may or may not have done it: the operation stays pending and the next run says so.
      const gone = error instanceof ProviderCallError && error.data.gone;
      if (!gone && !(error instanceof InitError)) await store.end(sequence, []);
      else if (error instanceof InitError) await store.end(sequence, error.effects);
      throw error;
    }
  }

  /** Runs a step between its events; a failure is reported and thrown as {@link StepFailed}. */
  private async shown<T>(
    urn: string,
    id: string | undefined,
    options: StepOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    const { recorder } = this.context;
    const end = recorder.start({ op: options.op, urn, id, diff: options.diff ?? [] });
    try {
      const value = await work();
      end();
      return value;
    } catch (error) {
      const message = errorMessage(error);
      end({ error: message });
      recorder.error(`${options.op} failed: ${message}`, urn);
      throw new StepFailed(message, { cause: error });
    }
  }

  /** Creates a resource. Providers and components are created by the engine alone. */
  create(
    goal: Goal,
    provider: Provider | undefined,
    inputs: PropertyMap,
    options: StepOptions,
  ): Promise<ResourceState> {
    const { dryRun, registry } = this.context;
    const now = new Date().toISOString();
    const times = { created: now, modified: now };
    const diff = options.diff ?? diffProperties({}, inputs);
    const finish = (state: ResourceState): { value: ResourceState; effects: readonly Effect[] } => ({
      value: state,
      effects: [...(options.effects?.(state) ?? []), { put: state }],
    });
    return this.shown(goal.urn, undefined, { ...options, diff }, async () => {
      if (!goal.custom) {
        const { value, effects } = finish(stateOf(goal, { inputs, outputs: {}, ...times }));
        await this.record(effects);
        return value;
      }
      if (isProviderType(goal.type)) {
        const id = dryRun ? UNKNOWN : randomUUID();
        registry.configure(goal.urn, id, inputs);
        const { value, effects } = finish(stateOf(goal, { id, inputs, outputs: inputs, ...times }));
        await this.record(effects);
        return value;
      }
      if (!provider) throw new ResourceError("The resource has no provider.", { urn: goal.urn });
      return this.journaled("creating", stateOf(goal, { inputs, outputs: {} }), async () => {
        const answer = await this.initAware(
          (id, outputs, reasons) =>
            finish(this.finished(goal, { id, inputs, outputs, ...times, initErrors: reasons })).effects,
          () => provider.create(goal.urn, inputs, goal.timeouts.create ?? 0, dryRun),
        );
        if (!dryRun && answer.id === "") {
          throw new ResourceError("The provider gave the new resource no id.", { urn: goal.urn });
        }
        return finish(this.finished(goal, { ...answer, inputs, ...times }));
      });
    });
  }

  /** Updates a resource in place. */
  update(
    goal: Goal,
    old: ResourceState,
    provider: Provider | undefined,
    inputs: PropertyMap,
    options: StepOptions,
  ): Promise<ResourceState> {
    const { dryRun, registry } = this.context;
    const base = {
      id: old.id,
      inputs,
      created: old.created,
      importID: old.importID,
      modified: new Date().toISOString(),
    };
    const finish = (state: ResourceState): { value: ResourceState; effects: readonly Effect[] } => ({
      value: state,
      effects: [...(options.effects?.(state) ?? []), { put: state }],
    });
    return this.shown(goal.urn, old.id, options, async () => {
      if (!goal.custom || isProviderType(goal.type)) {
        if (goal.custom) registry.configure(goal.urn, old.id ?? "", inputs);
        const outputs = goal.custom ? inputs : (old.outputs ?? {});
        const { value, effects } = finish(stateOf(goal, { ...base, outputs }));
        await this.record(effects);
        return value;
      }
      if (!provider) throw new ResourceError("The resource has no provider.", { urn: goal.urn });
      return this.journaled("updating", { ...old, urn: goal.urn }, async () => {
        const outputs = await this.initAware(
          (_id, given, reasons) =>
            finish(this.finished(goal, { ...base, outputs: given, initErrors: reasons })).effects,
          () =>
            provider.update({ ...old, urn: goal.urn }, inputs, {
              timeout: goal.timeouts.update ?? 0,
              preview: dryRun,
              ignoreChanges: goal.ignoreChanges,
            }),
        );
        return finish(this.finished(goal, { ...base, outputs }));
      });
    });
  }

  private finished(goal: Goal, result: Result): ResourceState {
    const outputs = keepSecrets(result.outputs, result.inputs, goal.additionalSecretOutputs);
    this.context.redactor.addSecrets(outputs);
    return stateOf(goal, { ...result, outputs });
  }

  /** A resource that exists but is not ready is kept in the state with its reasons, and the step fails. */
  private async initAware<T>(
    effects: (id: string, outputs: PropertyMap, reasons: readonly string[]) => readonly Effect[],
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const failure = initFailure(error);
      if (!failure) throw error;
      const reasons = failure.reasons.length > 0 ? failure.reasons : [errorMessage(error)];
      throw new InitError(reasons.join("; "), effects(failure.id, failure.properties ?? {}, reasons), error);
    }
  }

  /** Deletes a resource from the world (unless it is to be kept there) and then from the state. */
  remove(state: ResourceState, op: StepOp, effects: readonly Effect[], leave: boolean): Promise<void> {
    const { dryRun, registry } = this.context;
    const diff = diffProperties(state.inputs ?? {}, {});
    return this.shown(state.urn, state.id, { op, diff }, async () => {
      const real = state.custom && !isProviderType(state.type) && state.external !== true;
      if (dryRun || !real || leave) return this.record(effects);
      await this.journaled("deleting", state, async () => {
        if (state.provider === undefined)
          throw new ResourceError("The state names no provider for it.", { urn: state.urn });
        await registry.fromState(state.provider).delete(state, state.customTimeouts?.delete ?? 0);
        return { value: undefined, effects };
      });
    });
  }
}

/** Carries what is to be written although the step failed. */
class InitError extends Error {
  readonly effects: readonly Effect[];
  constructor(message: string, effects: readonly Effect[], cause: unknown) {
    super(message, { cause });
    this.effects = effects;
  }
}
