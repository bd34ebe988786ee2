/** The rules for our own engine: `npm run stack -- preview --policy-pack policy`. */
import type { Policies, PolicyFactory, PolicyResource, PolicyViolation } from "../engine/policies.ts";
import { isMap, isSecret, RESOURCE, SIGNATURE, UNKNOWN as ENGINE_UNKNOWN, type Json } from "../engine/values.ts";
import { hasSecret } from "../engine/values.ts";
import { checkResource, checkStack, describeViolation, type Violation } from "./check.ts";
import { networkOf, UNKNOWN, type PlannedResource } from "./model.ts";

/** The rules for a stack: its configuration says for which network. */
export const policies: PolicyFactory = (config): Policies => {
  const context = { network: networkOf(config["ethstake:network"]) };
  return {
    resource: (resource) => checkResource(planned(resource), context).map(reported),
    stack: (resources) => checkStack(resources.map(planned), context).map(reported),
  };
};

/** A resource of the engine as the rules want it. */
export function planned(resource: PolicyResource): PlannedResource {
  const { urn, type, name, inputs, outputs, protect, parent, propertyDependencies, provider } = resource;
  const given = Object.entries({ ...inputs, ...outputs });
  return {
    urn,
    type,
    name,
    props: Object.fromEntries(given.map(([key, value]) => [key, plain(value)])),
    protect,
    ...(parent === "" ? {} : { parent }),
    propertyDependencies,
    provider: plain(provider) as Readonly<Record<string, unknown>>,
    secrets: new Set(given.filter(([, value]) => hasSecret(value)).map(([key]) => key)),
  };
}

function plain(value: Json): unknown {
  if (value === ENGINE_UNKNOWN) return UNKNOWN;
  if (isSecret(value)) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (!isMap(value)) return value;
  if (value[SIGNATURE] === RESOURCE) {
    const id = value["id"] ?? value["urn"] ?? "";
    return id === "" ? UNKNOWN : plain(id);
  }
  // Assets and archives are their own properties (`text`, `path`) beside a signature.
  const entries = Object.entries(value).filter(([key]) => key !== SIGNATURE);
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]));
}

function reported(violation: Violation): PolicyViolation {
  const { severity, urn, rule, description } = violation;
  return { severity, urn, message: `[${rule}] ${describeViolation(violation)} (${description})` };
}
