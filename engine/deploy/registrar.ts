/** Takes the program's registrations and turns each into steps. */
import { errorMessage } from "../../lib/errors.ts";
import { CancelledError, ResourceError, UnsupportedError } from "../errors.ts";
import type { Provider } from "../plugins/provider.ts";
import { UNKNOWN_DIFF } from "../plugins/provider.ts";
import { restore } from "../paths.ts";
import {
  RegisterResult,
  type CheckFailure,
  type RegisterOutputsRequest,
  type RegisterResourceRequest,
  type RegisterResourceResponse,
} from "../rpc/protocol.ts";
import type { Effect, ResourceState } from "../state/types.ts";
import { isProviderType, makeUrn, packageOf, parseProviderRef, parseUrn, STACK_TYPE } from "../urn.ts";
import { equal, hasUnknown, reveal, UNKNOWN, type Json, type PropertyMap } from "../values.ts";
import { aliasUrns } from "./aliases.ts";
import type { RunContext } from "./context.ts";
import { decide, type Decision } from "./decide.ts";
import { DefaultProviders } from "./defaults.ts";
import { protectedError } from "./deletes.ts";
import { Executor, StepFailed } from "./execute.ts";
import { goalOf, stateOf, type Goal } from "./goal.ts";
import { importResource } from "./import.ts";
import { PolicyGuard } from "./policies.ts";
import { replaceDependents } from "./dependents.ts";

/** How the registration of a resource ended. */
export interface Outcome {
  readonly state: ResourceState | undefined;
  readonly result: number;
}

/** Serves the registrations of one run. */
export class Registrar {
  readonly executor: Executor;
  readonly context: RunContext;
  readonly defaults: DefaultProviders;
  /** The state as it was when the run began. */
  readonly base: ReadonlyMap<string, ResourceState>;
  /** URNs of `base` that the program still has. */
  readonly seen = new Set<string>();
  /** Resources deleted early, to be created again by this run. */
  readonly recreate = new Set<string>();
  /** States of this run, by URN. */
  readonly current = new Map<string, ResourceState>();
  readonly guard: PolicyGuard;
  /** URN of the root stack resource. */
  root: string | undefined;
  private readonly registered = new Set<string>();
  private readonly broken = new Set<string>();
  private readonly aliasesOf = new Map<string, readonly string[]>();
  private active = 0;
  private idle: (() => void)[] = [];

  constructor(context: RunContext) {
    this.context = context;
    this.executor = new Executor(context);
    this.base = new Map(context.store.model.live);
    this.defaults = new DefaultProviders(this);
    this.guard = new PolicyGuard(context, this.current);
  }

  /** Resolves when no registration is under way. */
  settled(): Promise<void> {
    return this.active === 0 ? Promise.resolve() : new Promise((resolve) => this.idle.push(resolve));
  }

  /** Counts work, so that {@link settled} can wait for it. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    if (this.context.signal.aborted) throw new CancelledError();
    this.active++;
    try {
      return await work();
    } finally {
      if (--this.active === 0) for (const resolve of this.idle.splice(0)) resolve();
    }
  }

  /** Registers a resource: checks, compares, and makes it so. */
  register(request: RegisterResourceRequest): Promise<RegisterResourceResponse> {
    return this.track(async () => {
      const goal = await this.goal(request);
      const outcome = await this.registerGoal(goal);
      if (outcome.result !== RegisterResult.success && !request.supportsResultReporting) {
        throw new ResourceError(`The resource ${goal.urn} failed.`, { urn: goal.urn });
      }
      const outputs = outcome.state?.outputs ?? {};
      const id = outcome.state?.id ?? "";
      return {
        urn: goal.urn,
        id: id === UNKNOWN ? "" : id,
        object: request.acceptSecrets ? outputs : reveal(outputs),
        propertyDependencies: {},
        result: outcome.result,
      };
    });
  }

  /** Registers a goal that the program or the engine itself (default providers) has. */
  async registerGoal(goal: Goal): Promise<Outcome> {
    if (goal.type === STACK_TYPE) this.root = goal.urn;
    if (this.registered.has(goal.urn)) {
      throw new ResourceError(
        `Two resources have the URN ${goal.urn}.`,
        { urn: goal.urn },
        { remedy: "Rename one of them." },
      );
    }
    this.registered.add(goal.urn);
    this.context.redactor.addSecrets(goal.inputs);
    const cause = this.brokenCause(goal);
    if (cause !== undefined) {
      this.markBroken(goal.urn);
      this.keep(goal);
      return { state: undefined, result: RegisterResult.skip };
    }
    try {
      const work = (): Promise<ResourceState> => {
        if (this.context.signal.aborted) throw new CancelledError();
        return this.process(goal);
      };
      const state = await (goal.custom && !isProviderType(goal.type) ? this.context.limiter.run(work) : work());
      this.current.set(goal.urn, state);
      return { state, result: RegisterResult.success };
    } catch (error) {
      if (error instanceof CancelledError) throw error;
      this.markBroken(goal.urn);
      this.keep(goal);
      if (!(error instanceof StepFailed)) this.context.recorder.error(errorMessage(error), goal.urn);
      return { state: undefined, result: RegisterResult.fail };
    }
  }

  /** What was not brought about stays in the state as it is. */
  private keep(goal: Goal): void {
    for (const urn of [goal.urn, ...goal.aliases]) this.seen.add(urn);
  }

  private markBroken(urn: string): void {
    this.broken.add(urn);
  }

  /** The failed resource that this one needs. A failed default provider is named by the error of each resource. */
  private brokenCause(goal: Goal): string | undefined {
    if (this.broken.size === 0) return undefined;
    const needs = [goal.parent, ...goal.dependencies, ...Object.values(goal.propertyDependencies).flat()];
    if (goal.provider !== "") needs.push(parseProviderRef(goal.provider).urn);
    return needs.find((urn) => this.broken.has(urn));
  }

  private async goal(request: RegisterResourceRequest): Promise<Goal> {
    const { stack, project } = this.context;
    if (request.remote)
      throw new UnsupportedError(`The component ${request.type} comes from a provider (Construct), which is`);
    if (request.transforms.length > 0) throw new UnsupportedError("Transforms are");
    if (request.packageRef !== "") throw new UnsupportedError("Parameterized providers are");
    const urn = makeUrn(stack, project.name, request.parent, request.type, request.name);
    const aliases = aliasUrns(
      {
        stack,
        project: project.name,
        urn,
        type: request.type,
        name: request.name,
        parent: request.parent,
        parentAliases: this.aliasesOf.get(request.parent) ?? [],
      },
      request.aliases,
      request.aliasUrns,
    );
    this.aliasesOf.set(urn, aliases);
    const provider =
      request.custom && !isProviderType(request.type)
        ? await this.defaults.resolve(request.provider, packageOf(request.type), request.version)
        : "";
    return goalOf(request, urn, provider, aliases);
  }

  /** The old state of a goal: under its URN, or under one that it had before. */
  private oldOf(goal: Goal): ResourceState | undefined {
    for (const urn of [goal.urn, ...goal.aliases]) {
      const old = this.base.get(urn);
      if (!old || (urn !== goal.urn && this.seen.has(urn))) continue;
      this.seen.add(urn);
      if (old.external && goal.custom) return undefined;
      // What was deleted early by this run is in the model, not in the base.
      return this.recreate.has(urn) ? { ...old, pendingReplacement: true } : old;
    }
    return undefined;
  }

  private async process(goal: Goal): Promise<ResourceState> {
    const old = this.oldOf(goal);
    if (!goal.custom) return this.component(goal, old);
    const isProvider = isProviderType(goal.type);
    const provider = isProvider
      ? this.context.registry.open(goal.urn)
      : this.context.registry.byReference(goal.provider);
    const usable = old && !old.pendingReplacement ? old : undefined;
    const wanted = usable ? restore(goal.inputs, usable.inputs ?? {}, goal.ignoreChanges) : goal.inputs;
    if (goal.importId !== "" && usable?.id !== goal.importId && usable?.importID !== goal.importId) {
      this.guard.admit(goal, wanted);
      return importResource(this, goal, provider, wanted, usable);
    }
    const inputs = await this.check(goal, provider, usable?.inputs ?? {}, wanted);
    this.guard.admit(goal, inputs);
    if (!usable) {
      const replacement = old !== undefined;
      return this.executor.create(goal, provider, inputs, {
        op: replacement ? "replace" : "create",
        effects: () => this.renamed(goal, old),
      });
    }
    const decision = await this.compare(goal, usable, provider, inputs);
    if (decision.action === "same") return this.same(goal, usable, inputs);
    if (decision.action === "update") {
      return this.executor.update(goal, usable, provider, inputs, {
        op: "update",
        diff: decision.diffs,
        effects: () => this.renamed(goal, usable),
      });
    }
    // A new resource takes what the program wants now: ignoreChanges is about changing one that exists.
    return this.replace(goal, usable, provider, goal.inputs, decision);
  }

  /** Asks the provider to check inputs; every fault is reported. */
  async check(goal: Goal, provider: Provider, olds: PropertyMap, news: PropertyMap): Promise<PropertyMap> {
    const answer = isProviderType(goal.type)
      ? await provider.checkConfig(goal.urn, olds, news)
      : await provider.check(goal.urn, olds, news);
    if (answer.failures.length > 0) {
      for (const failure of answer.failures) this.context.recorder.error(checkMessage(failure), goal.urn);
      throw new StepFailed("The inputs are not valid.");
    }
    const inputs = answer.inputs ?? {};
    this.context.redactor.addSecrets(inputs);
    return inputs;
  }

  private async compare(goal: Goal, old: ResourceState, provider: Provider, inputs: PropertyMap): Promise<Decision> {
    if (isProviderType(goal.type)) {
      return decide(old, goal, inputs, await provider.diffConfig(goal.urn, old.inputs ?? {}, inputs));
    }
    const answer = await provider.diff({ ...old, urn: goal.urn }, inputs, goal.ignoreChanges);
    return decide(old, goal, inputs, answer, { providerReplaced: await this.providerReplaced(goal, old, provider) });
  }

  /** Whether a resource moved to a provider that must make it anew. */
  private async providerReplaced(goal: Goal, old: ResourceState, provider: Provider): Promise<boolean> {
    if (old.provider === undefined || old.provider === goal.provider) return false;
    const before = parseProviderRef(old.provider);
    const now = parseProviderRef(goal.provider);
    if (this.aliasesOf.get(now.urn)?.includes(before.urn)) return false;
    // The new provider is asked whether its configuration reaches what the old one made.
    const olds = this.base.get(before.urn)?.inputs ?? {};
    const news = this.current.get(now.urn)?.inputs ?? {};
    const answer = await provider.diffConfig(now.urn, olds, news);
    return answer.replaces.length > 0;
  }

  private async component(goal: Goal, old: ResourceState | undefined): Promise<ResourceState> {
    this.guard.admit(goal, goal.inputs);
    if (!old) return this.executor.create(goal, undefined, goal.inputs, { op: "create" });
    const inputs = restore(goal.inputs, old.inputs ?? {}, goal.ignoreChanges);
    const decision = decide(old, goal, inputs, UNKNOWN_DIFF);
    if (decision.action === "same") return this.same(goal, old, inputs);
    return this.executor.update(goal, old, undefined, inputs, {
      op: "update",
      diff: decision.diffs,
      effects: () => this.renamed(goal, old),
    });
  }

  private async same(goal: Goal, old: ResourceState, inputs: PropertyMap): Promise<ResourceState> {
    const state = stateOf(goal, {
      id: old.id,
      inputs,
      outputs: old.outputs ?? {},
      created: old.created,
      modified: old.modified,
      importID: old.importID,
    });
    if (isProviderType(goal.type)) this.context.registry.configure(goal.urn, old.id ?? "", inputs);
    const end = this.context.recorder.start({ op: "same", urn: goal.urn, id: old.id });
    // Nothing is written for what did not change at all: a second run costs no journal.
    if (!equal(state as unknown as PropertyMap, old as unknown as PropertyMap)) {
      await this.executor.record([...this.renamed(goal, old), { put: state }]);
    }
    end();
    return state;
  }

  /** Effects of a resource having a new URN. */
  private renamed(goal: Goal, old: ResourceState | undefined): Effect[] {
    if (!old || old.urn === goal.urn) return [];
    return [{ remove: old.urn }, { rename: { from: old.urn, to: goal.urn } }];
  }

  private async replace(
    goal: Goal,
    old: ResourceState,
    provider: Provider,
    wanted: PropertyMap,
    decision: Decision,
  ): Promise<ResourceState> {
    if (old.protect) throw protectedError(goal.urn, "replace");
    // Checked again as for a new resource, so that names are not taken over from the old one.
    const inputs = await this.check(goal, provider, {}, wanted);
    if (!decision.deleteBeforeReplace) {
      return this.executor.create(goal, provider, inputs, {
        op: "replace",
        diff: decision.diffs,
        effects: () => [{ condemn: old }, ...this.renamed(goal, old)],
      });
    }
    await replaceDependents(this, old);
    await this.executor.remove(
      old,
      "delete-replaced",
      [{ put: { ...old, pendingReplacement: true } }],
      old.retainOnDelete === true,
    );
    return this.executor.create(goal, provider, inputs, {
      op: "replace",
      diff: decision.diffs,
      effects: () => this.renamed(goal, old),
    });
  }

  /** Stores the outputs of a component or of the stack. */
  async outputs(request: RegisterOutputsRequest): Promise<void> {
    return this.track(async () => {
      const state = this.current.get(request.urn);
      // A component that failed or was skipped has no state to add outputs to.
      if (!state) return;
      const { outputs: before = {}, ...rest } = state;
      const outputs = this.context.dryRun ? (request.outputs ?? {}) : known(request.outputs ?? {}, before);
      this.context.redactor.addSecrets(outputs);
      if (equal(before, outputs)) return;
      const next: ResourceState = Object.keys(outputs).length > 0 ? { ...rest, outputs } : rest;
      this.current.set(request.urn, next);
      await this.executor.record([{ put: next }]);
    });
  }
}

/** Outputs that a failure left unknown keep the value they had. */
function known(outputs: PropertyMap, before: PropertyMap): PropertyMap {
  if (!hasUnknown(outputs)) return outputs;
  const entries = Object.entries(outputs).flatMap(([key, value]): [string, Json][] => {
    if (!hasUnknown(value)) return [[key, value]];
    const old = before[key];
    return old === undefined ? [] : [[key, old]];
  });
  return Object.fromEntries(entries);
}

function checkMessage({ property, reason }: CheckFailure): string {
  return property === "" ? reason : `${property}: ${reason}`;
}

/** The name of a resource for messages. */
export function shortName(urn: string): string {
  const { type, name } = parseUrn(urn);
  return `${type} ${name}`;
}
