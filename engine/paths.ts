/** Property paths as ignoreChanges and replaceOnChanges use them: `a.b[0]["c.d"].*`. */
import { isMap, isSecret, type Json, type PropertyMap } from "./values.ts";

/** One step of a path; `*` stands for any key or index. */
export type PathSegment = string | number;

/** Parses a property path. What is not well-formed is taken literally as a key. */
export function parsePath(path: string): PathSegment[] {
  const segments: PathSegment[] = [];
  const pattern = /\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]|\.?([^.[\]]+)|\.?\*/gy;
  let at = 0;
  while (at < path.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(path);
    if (!match) return [path];
    if (match[1] !== undefined) segments.push(Number(match[1]));
    else if (match[2] !== undefined) segments.push(match[2].replace(/\\(.)/g, "$1"));
    else segments.push(match[4] ?? "*");
    at = pattern.lastIndex;
  }
  return segments;
}

/** Writes a path so that {@link parsePath} reads it back. */
export function formatPath(segments: readonly PathSegment[]): string {
  return segments
    .map((segment, index) => {
      if (typeof segment === "number") return `[${segment}]`;
      if (!/^[^.[\]"*]+$/.test(segment)) return `["${segment.replace(/["\\]/g, "\\$&")}"]`;
      return index === 0 ? segment : `.${segment}`;
    })
    .join("");
}

/** Whether a pattern covers a path: it matches the path or one of its ancestors, or the path is an ancestor of it. */
export function covers(pattern: readonly PathSegment[], path: readonly PathSegment[]): boolean {
  const shared = Math.min(pattern.length, path.length);
  for (let index = 0; index < shared; index++) {
    if (pattern[index] !== "*" && String(pattern[index]) !== String(path[index])) return false;
  }
  return true;
}

function child(value: Json | undefined, segment: PathSegment): Json | undefined {
  const inner = isSecret(value) ? value.value : value;
  if (Array.isArray(inner)) return typeof segment === "number" ? inner[segment] : undefined;
  return isMap(inner) && Object.hasOwn(inner, segment) ? inner[segment] : undefined;
}

/** The value at a path without wildcards, or undefined. Looks into secrets. */
export function getPath(value: Json | undefined, path: readonly PathSegment[]): Json | undefined {
  return path.reduce<Json | undefined>(child, value);
}

/**
 * `news` with what stands at each of `patterns` taken from `olds`: values that the program must not change. A place that
 * `olds` does not have is removed from `news`.
 */
export function restore(news: PropertyMap, olds: PropertyMap, patterns: readonly string[]): PropertyMap {
  return patterns.reduce<PropertyMap>((result, text) => restoreAt(result, olds, parsePath(text)) as PropertyMap, news);
}

function restoreAt(value: Json | undefined, old: Json | undefined, path: readonly PathSegment[]): Json | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return old;
  const oldInner = isSecret(old) ? old.value : old;
  if (isSecret(value)) return { ...value, value: restoreAt(value.value, oldInner, path) ?? null };
  if (Array.isArray(value)) {
    const result = [...value];
    const indexes = head === "*" ? value.keys() : typeof head === "number" && head < value.length ? [head] : [];
    for (const index of indexes) {
      result[index] = restoreAt(value[index], Array.isArray(oldInner) ? oldInner[index] : undefined, rest) ?? null;
    }
    return result;
  }
  if (!isMap(value)) return value;
  const oldMap = isMap(oldInner) ? oldInner : {};
  const result = { ...value };
  for (const key of head === "*" ? new Set([...Object.keys(value), ...Object.keys(oldMap)]) : [String(head)]) {
    const kept = restoreAt(result[key], oldMap[key], rest);
    if (kept === undefined) Reflect.deleteProperty(result, key);
    else result[key] = kept;
  }
  return result;
}
