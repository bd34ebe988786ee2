/** The state in memory: live resources by URN, condemned ones, and operations that were interrupted. */
import { parseProviderRef } from "../urn.ts";
import type { Effect, PendingOperation, ResourceState } from "./types.ts";

/** Key of a condemned resource: its URN may be live again, so the id belongs to it. */
function graveKey(urn: string, id: string | undefined): string {
  return `${urn}\u0000${id ?? ""}`;
}

/** Everything a resource refers to: it must stand after these in a deployment, and be deleted before them. */
export function referencesOf(state: ResourceState): Set<string> {
  const found = new Set<string>(state.dependencies ?? []);
  if (state.parent !== undefined) found.add(state.parent);
  if (state.provider !== undefined) found.add(parseProviderRef(state.provider).urn);
  if (state.deletedWith !== undefined) found.add(state.deletedWith);
  for (const urns of Object.values(state.propertyDependencies ?? {})) for (const urn of urns) found.add(urn);
  found.delete(state.urn);
  return found;
}

/** A stack's resources, changed by {@link Effect}s only. */
export class StateModel {
  readonly live = new Map<string, ResourceState>();
  readonly condemned = new Map<string, ResourceState>();
  readonly pending = new Map<string, PendingOperation>();
  private readonly renames = new Map<string, string>();

  /** Fills the model from a deployment's lists. */
  load(resources: readonly ResourceState[], pending: readonly PendingOperation[]): void {
    for (const state of resources) {
      if (state.delete) this.condemned.set(graveKey(state.urn, state.id), state);
      else this.live.set(state.urn, state);
    }
    for (const operation of pending) this.pending.set(operation.resource.urn, operation);
  }

  /** Carries out one change. */
  apply(effect: Effect): void {
    if ("put" in effect) this.live.set(effect.put.urn, effect.put);
    else if ("remove" in effect) this.live.delete(effect.remove);
    else if ("condemn" in effect) {
      const state: ResourceState = effect.condemn.delete ? effect.condemn : { ...effect.condemn, delete: true };
      this.condemned.set(graveKey(state.urn, state.id), state);
    } else if ("buried" in effect) this.condemned.delete(graveKey(effect.buried.urn, effect.buried.id));
    else this.renames.set(effect.rename.from, effect.rename.to);
  }

  /** Every resource, what others refer to first; references to nothing are dropped. */
  ordered(): ResourceState[] {
    this.applyRenames();
    const known = new Set<string>(this.live.keys());
    for (const state of this.condemned.values()) known.add(state.urn);
    const condemnedOf = new Map<string, ResourceState[]>();
    for (const state of this.condemned.values()) {
      condemnedOf.set(state.urn, [...(condemnedOf.get(state.urn) ?? []), state]);
    }
    const result: ResourceState[] = [];
    const done = new Set<ResourceState>();
    // An explicit stack: chains of dependencies may be longer than the call stack allows.
    const visit = (root: ResourceState): void => {
      const stack: { state: ResourceState; left: Iterator<string> }[] = [];
      const open = (state: ResourceState): void => {
        if (done.has(state)) return;
        done.add(state);
        stack.push({ state, left: referencesOf(state).values() });
      };
      open(root);
      for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const next = top.left.next();
        if (next.done) {
          stack.pop();
          result.push(prune(top.state, known));
          continue;
        }
        const live = this.live.get(next.value);
        if (live) open(live);
        for (const state of condemnedOf.get(next.value) ?? []) open(state);
      }
    };
    for (const state of this.live.values()) visit(state);
    for (const state of this.condemned.values()) visit(state);
    return result;
  }

  private applyRenames(): void {
    if (this.renames.size === 0) return;
    const now = (urn: string): string => {
      const seen = new Set<string>();
      let at = urn;
      for (let to = this.renames.get(at); to !== undefined && !seen.has(to); to = this.renames.get(at)) {
        seen.add(to);
        at = to;
      }
      return at;
    };
    for (const map of [this.live, this.condemned]) {
      for (const [key, state] of map) {
        const renamed = renameReferences(state, now);
        if (renamed !== state) map.set(key, renamed);
      }
    }
    this.renames.clear();
  }
}

function renameReferences(state: ResourceState, now: (urn: string) => string): ResourceState {
  if (![...referencesOf(state)].some((urn) => now(urn) !== urn)) return state;
  const provider = state.provider === undefined ? undefined : parseProviderRef(state.provider);
  return {
    ...state,
    ...(state.parent === undefined ? {} : { parent: now(state.parent) }),
    ...(provider === undefined ? {} : { provider: `${now(provider.urn)}::${provider.id}` }),
    ...(state.dependencies === undefined ? {} : { dependencies: state.dependencies.map(now) }),
    ...(state.deletedWith === undefined ? {} : { deletedWith: now(state.deletedWith) }),
    ...(state.propertyDependencies === undefined
      ? {}
      : {
          propertyDependencies: Object.fromEntries(
            Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(now)]),
          ),
        }),
  };
}

function prune(state: ResourceState, known: ReadonlySet<string>): ResourceState {
  let whole = true;
  for (const urn of referencesOf(state)) if (!known.has(urn)) whole = false;
  if (whole) return state;
  const result = { ...state } as { -readonly [K in keyof ResourceState]: ResourceState[K] };
  if (result.dependencies) result.dependencies = result.dependencies.filter((urn) => known.has(urn));
  if (result.propertyDependencies) {
    result.propertyDependencies = Object.fromEntries(
      Object.entries(result.propertyDependencies).map(([key, urns]) => [key, urns.filter((urn) => known.has(urn))]),
    );
  }
  if (result.parent !== undefined && !known.has(result.parent)) delete result.parent;
  if (result.deletedWith !== undefined && !known.has(result.deletedWith)) delete result.deletedWith;
  return result;
}
