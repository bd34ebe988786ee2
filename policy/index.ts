/** The rules as a policy pack of the official CLI: `pulumi preview --policy-pack policy`. */
import { PolicyPack, type ResourceValidationArgs, type StackValidationArgs } from "@pulumi/policy";
import { Config } from "@pulumi/pulumi";
import { checkResource, checkStack, describeViolation } from "./check.ts";
import { networkOf, UNKNOWN, type PlannedResource, type PolicyContext, type Rule } from "./model.ts";
import { RULES } from "./rules/index.ts";

/** The pack's name, as the CLI shows it. */
export const PACK_NAME = "ethstake";

/** Serves the rules until the CLI ends the process. The network is the stack's configuration `ethstake:network`. */
export function startPolicyPack(): void {
  const context = { network: networkOf(new Config("ethstake").get("network")) };
  new PolicyPack(PACK_NAME, {
    enforcementLevel: "mandatory",
    description: "What must be so before anything is created.",
    policies: RULES.map((rule) => toPolicy(rule, context)),
  });
}

type Policy = ConstructorParameters<typeof PolicyPack>[1]["policies"][number];

function toPolicy(rule: Rule, context: PolicyContext): Policy {
  const { name, description, severity: enforcementLevel } = rule;
  return rule.kind === "resource"
    ? {
        name,
        description,
        enforcementLevel,
        validateResource: async (args, report) => {
          for (const violation of checkResource(await ofResource(args), context, [rule])) {
            report(describeViolation(violation), violation.urn);
          }
        },
      }
    : {
        name,
        description,
        enforcementLevel,
        validateStack: async ({ resources }, report) => {
          const planned = await Promise.all(resources.map(ofStack));
          for (const violation of checkStack(planned, context, [rule])) {
            report(describeViolation(violation), violation.urn);
          }
        },
      };
}

async function ofResource({
  urn,
  type,
  name,
  props,
  opts,
  provider,
}: ResourceValidationArgs): Promise<PlannedResource> {
  return {
    urn,
    type,
    name,
    props: await properties(props),
    protect: opts.protect,
    ...(opts.parent === undefined ? {} : { parent: opts.parent }),
    propertyDependencies: {},
    ...(provider ? { provider: await properties(provider.props) } : {}),
  };
}

async function ofStack(resource: StackValidationArgs["resources"][number]): Promise<PlannedResource> {
  const { urn, type, name, props, opts, provider, parent } = resource;
  const dependencies = Object.entries(resource.propertyDependencies);
  return {
    urn,
    type,
    name,
    props: await properties(props),
    protect: opts.protect,
    ...(parent ? { parent: parent.urn } : {}),
    propertyDependencies: Object.fromEntries(dependencies.map(([key, on]) => [key, on.map((other) => other.urn)])),
    ...(provider ? { provider: await properties(provider.props) } : {}),
  };
}

async function properties(props: object): Promise<Readonly<Record<string, unknown>>> {
  return (await plain(props)) as Readonly<Record<string, unknown>>;
}

/** Where the SDK's proxies keep the value itself. */
const PROXY_TARGET = "__getSpecialProxyTarget";
interface Proxied {
  readonly [PROXY_TARGET]?: unknown;
}

/** The SDK's view of a value as plain data. It throws where a value is unknown; nothing else in a value throws. */
async function plain(value: unknown): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  const read = (key: string | number): Promise<unknown> => {
    let item: unknown;
    try {
      item = (value as Readonly<Record<string | number, unknown>>)[key];
    } catch {
      return Promise.resolve(UNKNOWN);
    }
    // The texts and paths of assets are promises, and a promise behind a proxy cannot be awaited.
    const target = typeof item === "object" && item !== null ? (item as Proxied)[PROXY_TARGET] : undefined;
    if (target instanceof Promise) return target;
    return plain(item);
  };
  if (Array.isArray(value)) return Promise.all(Array.from({ length: value.length }, (_item, index) => read(index)));
  const keys = Object.keys(value).filter((key) => !key.startsWith("__pulumi"));
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await read(key)] as const)));
}
