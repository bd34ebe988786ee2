import { getAddress, isAddress, type AbiParameter } from "viem";

/**
 * Arguments as they stand in settings and state (JSON: integers as decimal strings or numbers, addresses and bytes as hex) in the
 * types that the ABI encoder takes.
 */
export function toAbiValue(parameter: AbiParameter, value: unknown): unknown {
  const array = /^(.*)\[\d*\]$/.exec(parameter.type);
  if (array && Array.isArray(value)) {
    const element = { ...parameter, type: array[1] ?? "" };
    return value.map((item) => toAbiValue(element, item));
  }
  if (parameter.type === "tuple" && "components" in parameter && typeof value === "object" && value !== null) {
    return toAbiTuple(parameter.components, value);
  }
  if (/^u?int/.test(parameter.type) && (typeof value === "string" || typeof value === "number")) return BigInt(value);
  if (parameter.type === "bool" && typeof value === "string") return value === "true";
  return value;
}

/** Structs come by member name or in order. */
function toAbiTuple(components: readonly AbiParameter[], value: object): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => (components[index] ? toAbiValue(components[index], item) : item));
  }
  const byName = new Map(components.map((component) => [component.name, component]));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => {
      const component = byName.get(key);
      return [key, component ? toAbiValue(component, inner) : inner];
    }),
  );
}

/** A value that a contract returned, as JSON: integers as decimal strings, addresses with checksum, structs as objects. */
export function fromAbiValue(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string" && isAddress(value)) return getAddress(value);
  if (Array.isArray(value)) return value.map(fromAbiValue);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fromAbiValue(inner)]));
  }
  return value;
}
