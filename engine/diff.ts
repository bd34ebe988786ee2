/** Differences between two sets of properties, as the plan shows them. */
import { formatPath, parsePath, type PathSegment } from "./paths.ts";
import { equal, isMap, isSecret, SIGNATURE, UNKNOWN, unwrap, type Json, type PropertyMap } from "./values.ts";

/** One property that differs. `old` and `new` still hold secrets: mask them before showing. */
export interface PropertyDiff {
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
  readonly old?: Json;
  readonly new?: Json;
  /** Whether this property is why the resource must be replaced. */
  readonly replace?: boolean;
}

/** The differences from `olds` to `news`, in the order of keys; keys beginning with `__` are the SDK's own. */
export function diffProperties(olds: PropertyMap, news: PropertyMap): PropertyDiff[] {
  const result: PropertyDiff[] = [];
  walk([], olds, news, result);
  return result;
}

function walk(path: PathSegment[], old: Json | undefined, now: Json | undefined, into: PropertyDiff[]): void {
  if (equal(old, now)) return;
  if (old === undefined) return void into.push({ path: formatPath(path), kind: "add", new: now as Json });
  if (now === undefined) return void into.push({ path: formatPath(path), kind: "delete", old });
  if (Array.isArray(old) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index++) {
      walk([...path, index], old[index], now[index], into);
    }
    return;
  }
  if (plain(old) && plain(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      if (path.length === 0 && key.startsWith("__")) continue;
      walk([...path, key], old[key], now[key], into);
    }
    return;
  }
  into.push({ path: formatPath(path), kind: "update", old, new: now });
}

/** A map whose keys mean something by themselves: not a secret, not a reference. */
function plain(value: Json): value is PropertyMap {
  return isMap(value) && !(SIGNATURE in value);
}

/** Marks the differences that lie at or below one of the given property paths as the cause of the replacement. */
export function markReplaces(diffs: readonly PropertyDiff[], replaces: readonly string[]): PropertyDiff[] {
  const roots = replaces.map((path) => parsePath(path));
  return diffs.map((diff) => {
    const path = parsePath(diff.path);
    const hit = roots.some((root) => root.every((segment, index) => String(segment) === String(path[index])));
    return hit ? { ...diff, replace: true } : diff;
  });
}

/** A value for people: short, secrets masked, unknowns named. */
export function formatValue(value: Json | undefined): string {
  if (value === undefined) return "";
  if (isSecret(value)) return "[secret]";
  if (value === UNKNOWN) return "[unknown]";
  const text = JSON.stringify(value, (_key, item: Json) => {
    if (isSecret(item)) return "[secret]";
    return item === UNKNOWN ? "[unknown]" : unwrap(item);
  });
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}
