/** Rules that a stack's resources must keep. The engine asks, whoever knows the rules answers. */
import type { PropertyMap } from "./values.ts";

/** A resource as the engine knows it. Secrets and unknowns are marked as in every property of the engine. */
export interface PolicyResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: PropertyMap;
  /** Before its step: none. In a preview: what is known of them. */
  readonly outputs: PropertyMap;
  readonly protect: boolean;
  /** URN of its parent; empty when it has none. */
  readonly parent: string;
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  /** Inputs of its provider. */
  readonly provider: PropertyMap;
}

/** A rule that is broken. */
export interface PolicyViolation {
  /** A mandatory one ends the run, an advisory one is a warning. */
  readonly severity: "mandatory" | "advisory";
  readonly urn: string;
  /** Names the rule, the resource, the property, its value and what to do. */
  readonly message: string;
}

/** The rules for one stack. */
export interface Policies {
  /** Asked of each resource before anything is done with it. */
  readonly resource: (resource: PolicyResource) => readonly PolicyViolation[];
  /** Asked of all resources at the end of the program. */
  readonly stack: (resources: readonly PolicyResource[]) => readonly PolicyViolation[];
}

/** Makes the rules for a stack with this configuration (full keys, e.g. `ethstake:network`). */
export type PolicyFactory = (config: Readonly<Record<string, string>>) => Policies;
