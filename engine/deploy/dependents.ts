/** Before a resource is deleted to be replaced: what depends on it and cannot live without it is deleted first. */
import { DiffKind } from "../rpc/protocol.ts";
import { referencesOf } from "../state/model.ts";
import type { ResourceState } from "../state/types.ts";
import { isProviderType, parseProviderRef } from "../urn.ts";
import { UNKNOWN, type PropertyMap } from "../values.ts";
import { protectedError } from "./deletes.ts";
import type { Registrar } from "./registrar.ts";

/**
 * Deletes the dependents of `root` that must be replaced with it: those whose provider says that an unknown in the place of
 * what they take from it would replace them. They are created again when the program registers them.
 */
export async function replaceDependents(registrar: Registrar, root: ResourceState): Promise<void> {
  const doomed: ResourceState[] = [];
  const replaced = new Set([root.urn]);
  // Dependencies come first in the order, so one pass finds dependents of dependents.
  for (const state of registrar.context.store.model.ordered()) {
    if (state.delete || state.urn === root.urn || !state.custom || state.external) continue;
    if (registrar.seen.has(state.urn) || registrar.recreate.has(state.urn)) continue;
    if (![...referencesOf(state)].some((urn) => replaced.has(urn))) continue;
    if (!(await mustGo(registrar, state, replaced))) continue;
    if (state.protect) throw protectedError(state.urn, "replace");
    doomed.push(state);
    replaced.add(state.urn);
  }
  for (const state of doomed.reverse()) {
    const gone = state.deletedWith !== undefined && replaced.has(state.deletedWith);
    await registrar.executor.remove(
      state,
      "delete-replaced",
      [{ put: { ...state, pendingReplacement: true } }],
      gone || state.retainOnDelete === true,
    );
    registrar.recreate.add(state.urn);
  }
}

async function mustGo(registrar: Registrar, state: ResourceState, replaced: ReadonlySet<string>): Promise<boolean> {
  if (isProviderType(state.type) || state.provider === undefined) return false;
  if (replaced.has(parseProviderRef(state.provider).urn)) return true;
  const inputs: PropertyMap = { ...state.inputs };
  let affected = false;
  for (const [key, urns] of Object.entries(state.propertyDependencies ?? {})) {
    if (!urns.some((urn) => replaced.has(urn))) continue;
    inputs[key] = UNKNOWN;
    affected = true;
  }
  if (!affected) return false;
  const answer = await registrar.context.registry.fromState(state.provider).diff(state, inputs, []);
  return (
    answer.replaces.length > 0 ||
    Object.values(answer.detailedDiff).some(({ kind }) => kind % 2 === DiffKind.addReplace % 2)
  );
}
