/** What a diff means: nothing, an update, or a replacement. */
import { diffProperties, markReplaces, type PropertyDiff } from "../diff.ts";
import { covers, formatPath, getPath, parsePath } from "../paths.ts";
import { DiffChanges, DiffKind, type DiffResponse } from "../rpc/protocol.ts";
import type { ResourceState } from "../state/types.ts";
import { equal, type PropertyMap } from "../values.ts";
import type { Goal } from "./goal.ts";

/** The decision, with what to show of it. */
export interface Decision {
  readonly action: "same" | "update" | "replace";
  readonly diffs: readonly PropertyDiff[];
  readonly deleteBeforeReplace: boolean;
}

/** Decides from the provider's answer, the goal's options and the inputs themselves. */
export function decide(
  old: ResourceState,
  goal: Goal,
  inputs: PropertyMap,
  answer: DiffResponse,
  options: { readonly providerReplaced?: boolean } = {},
): Decision {
  const inputDiffs = diffProperties(old.inputs ?? {}, inputs);
  const changed = answer.changes === DiffChanges.unknown ? inputDiffs.length > 0 : answer.changes === DiffChanges.some;
  const replaces = new Set(changed || answer.replaces.length > 0 ? answer.replaces : []);
  for (const [path, { kind }] of Object.entries(answer.detailedDiff)) if (kind % 2 === 1) replaces.add(path);
  const shown = shownDiffs(old, inputs, answer, inputDiffs);
  if (changed) for (const path of forcedBy(goal, shown, answer)) replaces.add(path);
  const triggered = !equal(old.replacementTrigger, goal.replacementTrigger) && old.replacementTrigger !== undefined;
  if (triggered) replaces.add("replacementTrigger");
  if (options.providerReplaced) replaces.add("provider");
  const replace = replaces.size > 0;
  const update = changed || (old.initErrors?.length ?? 0) > 0;
  return {
    action: replace ? "replace" : update ? "update" : "same",
    diffs: replace || update ? markReplaces(withReasons(shown, replaces), [...replaces]) : [],
    deleteBeforeReplace: goal.deleteBeforeReplace ?? answer.deleteBeforeReplace,
  };
}

/** Paths that `replaceOnChanges` turns into a cause of replacement. */
function forcedBy(goal: Goal, shown: readonly PropertyDiff[], answer: DiffResponse): string[] {
  const patterns = goal.replaceOnChanges.map((pattern) => parsePath(pattern));
  // Providers name top-level properties: those count only where nothing says what within them differs.
  const paths = shown.length > 0 ? shown.map(({ path }) => path) : answer.diffs;
  return paths.filter((path) => patterns.some((pattern) => covers(pattern, parsePath(path))));
}

/** A replacement whose cause is no property of the inputs still gets a line that names it. */
function withReasons(shown: readonly PropertyDiff[], replaces: ReadonlySet<string>): PropertyDiff[] {
  const result = [...shown];
  for (const path of replaces) {
    const root = parsePath(path);
    const named = shown.some((diff) => covers(root, parsePath(diff.path)));
    if (!named) result.push({ path, kind: "update", replace: true });
  }
  return result;
}

function shownDiffs(
  old: ResourceState,
  inputs: PropertyMap,
  answer: DiffResponse,
  inputDiffs: readonly PropertyDiff[],
): PropertyDiff[] {
  if (answer.hasDetailedDiff || Object.keys(answer.detailedDiff).length > 0) {
    return Object.entries(answer.detailedDiff).map(([path, { kind, inputDiff }]) => {
      const at = parsePath(path);
      const before = getPath(inputDiff ? old.inputs : (old.outputs ?? {}), at);
      const after = getPath(inputs, at);
      return {
        path: formatPath(at),
        kind: kind <= DiffKind.addReplace ? "add" : kind <= DiffKind.deleteReplace ? "delete" : "update",
        ...(before === undefined ? {} : { old: before }),
        ...(after === undefined ? {} : { new: after }),
      };
    });
  }
  if (inputDiffs.length > 0) return [...inputDiffs];
  if (answer.changes !== DiffChanges.some) return [];
  // The inputs are as they were and the provider still sees a change: reality differs from the inputs.
  const outputs = old.outputs ?? {};
  const real = Object.fromEntries(Object.entries(outputs).filter(([key]) => key in inputs));
  const wanted = Object.fromEntries(Object.entries(inputs).filter(([key]) => key in outputs));
  const found = diffProperties(real, wanted);
  if (found.length > 0) return found;
  return answer.diffs.map((path) => ({ path, kind: "update" }));
}
