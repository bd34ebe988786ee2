/** What rules look at and what they give. Rules are pure: everything they need is in their arguments. */

/** Stands for a value that a preview does not know yet. Nothing is concluded from it. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** Networks that a stack may be for. */
export const NETWORKS = ["devnet", "sepolia", "hoodi", "mainnet"] as const;
export type Network = (typeof NETWORKS)[number];

/** A resource as it is planned, or as it is after an update. */
export interface PlannedResource {
  readonly urn: string;
  /** e.g. `aws:ec2/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  /** Inputs, and what is known of the outputs. Secrets are in the open, unknowns are {@link UNKNOWN}. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly protect: boolean;
  /** URN of the component that it belongs to. */
  readonly parent?: string;
  /** URNs of the resources whose outputs a property is made of. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Inputs of its provider, e.g. the region. */
  readonly provider?: Readonly<Record<string, unknown>>;
  /**
   * Top-level properties that hold a secret. Undefined where that is not known: the official CLI hands secrets to policy packs
   * unmarked.
   */
  readonly secrets?: ReadonlySet<string>;
}

/** What a stack's configuration says about its resources. */
export interface PolicyContext {
  readonly network: Network;
}

/** A mandatory rule ends the preview or the update, an advisory one is a warning. */
export type RuleSeverity = "mandatory" | "advisory";

/** What a rule found. */
export interface Finding {
  readonly resource: PlannedResource;
  /** e.g. `ingress[0].cidrBlocks`. */
  readonly property: string;
  /** What stands there; never a secret. Undefined when nothing does. */
  readonly value: unknown;
  /** One imperative sentence. */
  readonly fix: string;
}

/** What a rule that looks at one resource says of it. */
export type ResourceFinding = Omit<Finding, "resource">;

interface RuleBase {
  /** Lower-case words joined by hyphens; part of the public interface. */
  readonly name: string;
  /** One sentence: what must be so, and why. */
  readonly description: string;
  readonly severity: RuleSeverity;
}

/** Looks at one resource. */
export interface ResourceRule extends RuleBase {
  readonly kind: "resource";
  readonly check: (resource: PlannedResource, context: PolicyContext) => Iterable<ResourceFinding>;
}

/** Looks at all resources of a stack together. */
export interface StackRule extends RuleBase {
  readonly kind: "stack";
  readonly check: (resources: readonly PlannedResource[], context: PolicyContext) => Iterable<Finding>;
}

export type Rule = ResourceRule | StackRule;

/** Makes a resource rule of its parts. */
export function resourceRule(rule: Omit<ResourceRule, "kind">): ResourceRule {
  return { kind: "resource", ...rule };
}

/** Makes a stack rule of its parts. */
export function stackRule(rule: Omit<StackRule, "kind">): StackRule {
  return { kind: "stack", ...rule };
}

/** The network of a stack's configuration. What is not one of ours is held to the strictest rules. */
export function networkOf(text: string | undefined): Network {
  return NETWORKS.find((network) => network === text) ?? "mainnet";
}
