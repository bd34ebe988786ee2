import { isDeepStrictEqual } from "node:util";

/** What a property value is on the wire: JSON, with Pulumi's markers for unknown and secret values inside. */
export type Properties = Record<string, unknown>;

/** Stands for a value that is not known before an `up` (sdk/go/common/resource/plugin/rpc.go: UnknownStringValue and its kin). */
const UNKNOWNS: ReadonlySet<string> = new Set([
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9", // string
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** The value to send for something that cannot be known yet. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Whether a value is Pulumi's marker for "not known yet". */
export function isUnknown(value: unknown): boolean {
  return typeof value === "string" && UNKNOWNS.has(value);
}

/** Whether a value is, or contains, something that is not known yet. */
export function containsUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  if (isObject(value)) return Object.values(value).some(containsUnknown);
  return false;
}

/** The value without Pulumi's secret wrappers, at any depth. Handlers work on plain values; wrappers stay in what is stored. */
export function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (!isObject(value)) return value;
  if (value[SIGNATURE_KEY] === SECRET_SIGNATURE) return unwrapSecrets(value["value"]);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapSecrets(inner)]));
}

/** Structural equality of property values; absent and `undefined` members count as the same. */
export function sameValue(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(withoutUndefined(left), withoutUndefined(right));
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined && inner !== null)
      .map(([key, inner]) => [key, withoutUndefined(inner)]),
  );
}

/** Whether a value is a plain object (a map of properties). */
export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Marks again as secret what carried that mark in the raw inputs, top-level property by property. */
export function keepSecrets(raw: Properties, values: Properties): Properties {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      containsSecret(raw[key]) ? { [SIGNATURE_KEY]: SECRET_SIGNATURE, value } : value,
    ]),
  );
}

/** The top-level properties that are, or contain, a secret. */
export function secretKeys(raw: Properties): ReadonlySet<string> {
  return new Set(Object.keys(raw).filter((key) => containsSecret(raw[key])));
}

function containsSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(containsSecret);
  if (!isObject(value)) return false;
  return value[SIGNATURE_KEY] === SECRET_SIGNATURE || Object.values(value).some(containsSecret);
}
