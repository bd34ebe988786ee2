/** Applies the rules to resources, wherever these come from. */
import {
  UNKNOWN,
  type Finding,
  type PlannedResource,
  type PolicyContext,
  type Rule,
  type RuleSeverity,
} from "./model.ts";
import { RULES } from "./rules/index.ts";

/** A rule that is broken, and by what. */
export interface Violation {
  readonly rule: string;
  readonly severity: RuleSeverity;
  /** What the rule asks for, and why. */
  readonly description: string;
  readonly urn: string;
  readonly type: string;
  /** Name of the resource. */
  readonly resource: string;
  readonly property: string;
  /** What stands there, as a text; `nothing` when it is empty. Never a secret. */
  readonly value: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Longest value that is shown. */
const SHOWN = 160;

/** Every violation of the rules by a stack's resources. */
export function checkPolicies(resources: readonly PlannedResource[], context: PolicyContext): Violation[] {
  return [...resources.flatMap((resource) => checkResource(resource, context)), ...checkStack(resources, context)];
}

/** Violations of one resource. */
export function checkResource(resource: PlannedResource, context: PolicyContext, rules = RULES): Violation[] {
  return rules.flatMap((rule) =>
    rule.kind === "resource"
      ? Array.from(rule.check(resource, context), (finding) => violation(rule, { ...finding, resource }))
      : [],
  );
}

/** Violations of all resources together. */
export function checkStack(resources: readonly PlannedResource[], context: PolicyContext, rules = RULES): Violation[] {
  return rules.flatMap((rule) =>
    rule.kind === "stack" ? Array.from(rule.check(resources, context), (finding) => violation(rule, finding)) : [],
  );
}

/** A violation in one sentence for people, without the rule's name and description. */
export function describeViolation({ type, resource, property, value, fix }: Violation): string {
  return `${type} "${resource}": ${property} is ${value}. ${fix}`;
}

function violation({ name, severity, description }: Rule, { resource, property, value, fix }: Finding): Violation {
  return {
    rule: name,
    severity,
    description,
    urn: resource.urn,
    type: resource.type,
    resource: resource.name,
    property: property === "" ? "the rule" : property,
    value: shown(value),
    fix,
  };
}

function shown(value: unknown): string {
  if (value === undefined || value === null || value === "") return "nothing";
  if (value === UNKNOWN) return "not known yet";
  const text = typeof value === "string" ? value : JSON.stringify(value, (_key, item: unknown) => plain(item));
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" || typeof value === "symbol" ? String(value) : value;
}
