/**
 * Property values as they travel between program, engine and providers: JSON, in which a few signatures mark what JSON
 * cannot say (secrets, unknowns, references to resources). The engine keeps values in this form throughout.
 */

/** Any property value. */
export type Json = null | boolean | number | string | Json[] | PropertyMap;

/** Properties by name. */
export interface PropertyMap {
  [key: string]: Json;
}

/** Stands for a value that is not known during a preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** The key whose value says which kind of special object an object is. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
/** Signature of a secret. */
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** Signature of a reference to a resource. */
export const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
/** Signature of an output value (a value with its dependencies). */
export const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** What is shown in the place of a secret. */
export const MASK = "[secret]";

/** True for objects that are not arrays. */
export function isMap(value: Json | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a secret as it travels: `{signature, value}`. */
export function isSecret(value: Json | undefined): value is PropertyMap & { value: Json } {
  return isMap(value) && value[SIGNATURE] === SECRET;
}

/** Makes a secret of a value, unless it is one. */
export function secret(value: Json): Json {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET, value };
}

/** The value inside a secret, or the value itself. */
export function unwrap(value: Json): Json {
  return isSecret(value) ? unwrap(value.value) : value;
}

function some(value: Json, test: (value: Json) => boolean): boolean {
  if (test(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => some(item, test));
  for (const key in value) if (some(value[key] as Json, test)) return true;
  return false;
}

/** Whether an unknown is anywhere in the value. */
export function hasUnknown(value: Json): boolean {
  return some(value, (item) => item === UNKNOWN);
}

/** Whether a secret is anywhere in the value. */
export function hasSecret(value: Json): boolean {
  return some(value, isSecret);
}

/** Rebuilds a value; `replace` returns undefined to keep (and descend into) what it is given. */
export function transform(value: Json, replace: (value: Json) => Json | undefined): Json {
  const replaced = replace(value);
  if (replaced !== undefined) return replaced;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => transform(item, replace));
  const result: PropertyMap = {};
  for (const [key, item] of Object.entries(value)) result[key] = transform(item, replace);
  return result;
}

/** The same value with secrets laid open. For providers that do not accept secrets, and for nothing that is shown or kept. */
export function reveal<T extends Json>(value: T): T {
  if (!hasSecret(value)) return value;
  return transform(value, (item) => (isSecret(item) ? reveal(item.value) : undefined)) as T;
}

/** The same value with every secret replaced by {@link MASK}. */
export function mask<T extends Json>(value: T): T {
  if (!hasSecret(value)) return value;
  return transform(value, (item) => (isSecret(item) ? MASK : undefined)) as T;
}

/** References to resources replaced by what providers without them expect: the id, or the URN of a component. */
export function dereference<T extends Json>(value: T): T {
  return transform(value, (item) => {
    if (!isMap(item) || item[SIGNATURE] !== RESOURCE) return undefined;
    const id = item["id"];
    return id === undefined ? (item["urn"] ?? null) : id === null || id === "" ? UNKNOWN : id;
  }) as T;
}

/** Deep equality; a secret differs from the same value in the open. */
export function equal(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return typeof left === "number" && typeof right === "number" && Number.isNaN(left) && Number.isNaN(right);
  }
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) && left.length === right.length && left.every((item, index) => equal(item, right[index]))
    );
  }
  if (Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}

/** Output values become the plain value, secret or unknown that they stand for. */
export function flattenOutputs<T extends Json>(value: T): T {
  return transform(value, (item) => {
    if (!isMap(item) || item[SIGNATURE] !== OUTPUT) return undefined;
    const inner = item["value"] === undefined ? UNKNOWN : flattenOutputs(item["value"]);
    return item["secret"] === true ? secret(inner) : inner;
  }) as T;
}

/**
 * Marks in `outputs` what is secret in `inputs` at the same place, and the outputs named in `names`. A provider that hands a
 * secret input back in the open would otherwise leak it into the state.
 */
export function keepSecrets(outputs: PropertyMap, inputs: PropertyMap, names: readonly string[] = []): PropertyMap {
  let result = outputs;
  for (const [key, value] of Object.entries(outputs)) {
    const kept = names.includes(key) ? secret(value) : annotate(value, inputs[key]);
    if (kept === value) continue;
    if (result === outputs) result = { ...outputs };
    result[key] = kept;
  }
  return result;
}

function annotate(value: Json, like: Json | undefined): Json {
  if (like === undefined || isSecret(value)) return value;
  if (isSecret(like)) return secret(value);
  if (Array.isArray(value) && Array.isArray(like)) {
    return hasSecret(like) ? value.map((item, index) => annotate(item, like[index])) : value;
  }
  if (isMap(value) && isMap(like) && hasSecret(like)) return keepSecrets(value, like);
  return value;
}
