/** Reading planned values, of which nothing is certain. */
import { UNKNOWN, type PlannedResource } from "./model.ts";

/** Whether a value is an object that is not an array. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path. {@link UNKNOWN} as soon as a part of the way is unknown, undefined when there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value;
  for (const key of path) {
    if (current === UNKNOWN) return UNKNOWN;
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<string | number, unknown>>)[key];
  }
  return current ?? undefined;
}

/** The value as a list: empty when it is none. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The strings of a list, or a single string as a list of one. */
export function strings(value: unknown): readonly string[] {
  return typeof value === "string" ? [value] : list(value).filter((item) => typeof item === "string");
}

/** A whole number that may be written as a text; undefined when it is none. */
export function integer(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === "string" && /^\d{1,78}$/.test(value) ? BigInt(value) : undefined;
}

/** A scalar as the text that it stands for in a file; empty when it is none, or not known. */
export function scalar(value: unknown): string {
  return typeof value === "string" ||
    typeof value === "number" ||
    typeof value === "boolean" ||
    typeof value === "bigint"
    ? String(value)
    : "";
}

/** Whether a value is there, or will be. */
export function present(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
}

/** Whether an unknown is anywhere in a value. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isMap(value) && Object.values(value).some(hasUnknown);
}

/** A string of a value, with the path to it. */
export interface Text {
  readonly property: string;
  readonly text: string;
}

/** Every string in a value. The name of a key goes with its text, so that `TOKEN: abc` is seen as `TOKEN: abc`. */
export function* texts(value: unknown, property: string): Generator<Text> {
  if (typeof value === "string") yield { property, text: value };
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* texts(item, `${property}[${index}]`);
  } else if (isMap(value)) {
    for (const [key, item] of Object.entries(value)) yield* texts(item, property === "" ? key : `${property}.${key}`);
  }
}

/** Whether two texts are the same address, key or hash. */
export function sameHex(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** Resources of one of some types. */
export function ofTypes(resources: readonly PlannedResource[], ...types: readonly string[]): PlannedResource[] {
  return resources.filter(({ type }) => types.includes(type));
}

/** Whether a property was made of an output of a resource. */
export function dependsOn(resource: PlannedResource, property: string, on: PlannedResource): boolean {
  return Object.hasOwn(resource.propertyDependencies, property)
    ? (resource.propertyDependencies[property] ?? []).includes(on.urn)
    : false;
}

/** Labels under one spelling: providers differ in what a key may hold (`ethstake:host`, `ethstake-host`, `ethstake/host`). */
export function labels(resource: PlannedResource): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  const add = (key: string, value: unknown): void => {
    found.set(key.replace(/[:/_]/g, "-"), value);
  };
  for (const given of [
    at(resource.provider, "defaultTags", "tags"),
    resource.props["labels"],
    resource.props["tags"],
  ]) {
    if (isMap(given)) for (const [key, value] of Object.entries(given)) add(key, value);
    // DigitalOcean has plain words: `ethstake-host:fra-1` is a key and a value.
    for (const word of strings(given)) {
      const [, key = word, value = ""] = /^(.*):([^:]*)$/.exec(word) ?? [];
      add(key, value);
    }
  }
  return found;
}

/** Whether a resource's labels are not known yet. */
export function labelsUnknown(resource: PlannedResource): boolean {
  return [resource.props["labels"], resource.props["tags"]].some(
    (given) => given === UNKNOWN || list(given).includes(UNKNOWN),
  );
}
