/** What the program wants of a resource, in the engine's own terms. */
import type { RegisterResourceRequest, TimeoutSpec } from "../rpc/protocol.ts";
import type { ResourceState, Timeouts } from "../state/types.ts";
import { flattenOutputs, type Json, type PropertyMap } from "../values.ts";

/** A resource as registered. */
export interface Goal {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly inputs: PropertyMap;
  readonly parent: string;
  readonly protect: boolean;
  readonly dependencies: readonly string[];
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** The provider reference `urn::id`; empty for components and providers. */
  readonly provider: string;
  readonly ignoreChanges: readonly string[];
  readonly additionalSecretOutputs: readonly string[];
  /** URNs that the resource may have had before. */
  readonly aliases: readonly string[];
  readonly importId: string;
  readonly timeouts: Timeouts;
  readonly deleteBeforeReplace: boolean | undefined;
  readonly replaceOnChanges: readonly string[];
  readonly retainOnDelete: boolean;
  readonly deletedWith: string;
  readonly replacementTrigger: Json | undefined;
}

const UNITS: Readonly<Record<string, number>> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Seconds of a duration such as `1h30m` or `500ms`; 0 when there is none. Throws RangeError when it is not a duration. */
export function parseDuration(text: string): number {
  if (text === "" || text === "0") return 0;
  let seconds = 0;
  const rest = text.replace(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g, (_, amount: string, unit: string) => {
    seconds += Number(amount) * (UNITS[unit] ?? 0);
    return "";
  });
  if (rest !== "") throw new RangeError(`"${text}" is not a duration; write it like 30s, 5m or 1h30m.`);
  return seconds;
}

function timeoutsOf(spec: TimeoutSpec | undefined): Timeouts {
  if (!spec) return {};
  const seconds = {
    create: parseDuration(spec.create),
    update: parseDuration(spec.update),
    delete: parseDuration(spec.delete),
  };
  return Object.fromEntries(Object.entries(seconds).filter(([, value]) => value > 0));
}

/** Makes a goal of a registration. */
export function goalOf(
  request: RegisterResourceRequest,
  urn: string,
  provider: string,
  aliases: readonly string[],
): Goal {
  return {
    urn,
    type: request.type,
    name: request.name,
    custom: request.custom,
    inputs: flattenOutputs(request.object ?? {}),
    parent: request.parent,
    protect: request.protect,
    dependencies: request.dependencies,
    propertyDependencies: Object.fromEntries(
      Object.entries(request.propertyDependencies).map(([key, { urns }]) => [key, urns]),
    ),
    provider,
    ignoreChanges: request.ignoreChanges,
    additionalSecretOutputs: request.additionalSecretOutputs,
    aliases,
    importId: request.importId,
    timeouts: timeoutsOf(request.customTimeouts),
    deleteBeforeReplace: request.deleteBeforeReplaceDefined ? request.deleteBeforeReplace : undefined,
    replaceOnChanges: request.replaceOnChanges,
    retainOnDelete: request.retainOnDelete,
    deletedWith: request.deletedWith,
    replacementTrigger:
      request.replacementTrigger === undefined ? undefined : flattenOutputs(request.replacementTrigger),
  };
}

/** What a step adds to a goal to make a state of it. */
export interface Result {
  readonly id?: string | undefined;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
  readonly created?: string | undefined;
  readonly modified?: string | undefined;
  readonly initErrors?: readonly string[] | undefined;
  readonly importID?: string | undefined;
}

type Mutable = { -readonly [K in keyof ResourceState]: ResourceState[K] };

/** The state of a resource after a step. What is empty is left out, as the CLI does. */
export function stateOf(goal: Goal, result: Result): ResourceState {
  const state: Mutable = { urn: goal.urn, custom: goal.custom, type: goal.type };
  if (result.id !== undefined && result.id !== "") state.id = result.id;
  if (Object.keys(result.inputs).length > 0) state.inputs = result.inputs;
  if (Object.keys(result.outputs).length > 0) state.outputs = result.outputs;
  if (goal.parent !== "") state.parent = goal.parent;
  if (goal.protect) state.protect = true;
  if (goal.dependencies.length > 0) state.dependencies = goal.dependencies;
  if (result.initErrors && result.initErrors.length > 0) state.initErrors = result.initErrors;
  if (goal.provider !== "") state.provider = goal.provider;
  if (Object.keys(goal.propertyDependencies).length > 0) state.propertyDependencies = goal.propertyDependencies;
  if (goal.additionalSecretOutputs.length > 0) state.additionalSecretOutputs = goal.additionalSecretOutputs;
  if (Object.keys(goal.timeouts).length > 0) state.customTimeouts = goal.timeouts;
  if (result.importID !== undefined) state.importID = result.importID;
  if (goal.retainOnDelete) state.retainOnDelete = true;
  if (goal.deletedWith !== "") state.deletedWith = goal.deletedWith;
  if (goal.replacementTrigger !== undefined) state.replacementTrigger = goal.replacementTrigger;
  if (result.created !== undefined) state.created = result.created;
  if (result.modified !== undefined) state.modified = result.modified;
  if (goal.ignoreChanges.length > 0) state.ignoreChanges = goal.ignoreChanges;
  if (goal.replaceOnChanges.length > 0) state.replaceOnChanges = goal.replaceOnChanges;
  return state;
}
