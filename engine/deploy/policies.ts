/** Asks the policies about what the program registers. */
import type { PolicyResource, PolicyViolation } from "../policies.ts";
import type { ResourceState } from "../state/types.ts";
import { isProviderType, parseProviderRef } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import type { RunContext } from "./context.ts";
import { StepFailed } from "./execute.ts";
import type { Goal } from "./goal.ts";

/**
 * Stands before every step. In a preview all violations are collected and shown; in an update a resource with a mandatory one gets
 * no step.
 */
export class PolicyGuard {
  private readonly context: RunContext;
  private readonly current: ReadonlyMap<string, ResourceState>;
  private readonly resources: PolicyResource[] = [];
  private refused = false;

  /** @param current states of this run, by URN */
  constructor(context: RunContext, current: ReadonlyMap<string, ResourceState>) {
    this.context = context;
    this.current = current;
  }

  /** Asks about a resource with its checked inputs. Throws {@link StepFailed} when it must not be. */
  admit(goal: Goal, inputs: PropertyMap): void {
    const { policies, dryRun } = this.context;
    if (!policies || isProviderType(goal.type)) return;
    const resource: PolicyResource = {
      urn: goal.urn,
      type: goal.type,
      name: goal.name,
      inputs,
      outputs: {},
      protect: goal.protect,
      parent: goal.parent,
      propertyDependencies: goal.propertyDependencies,
      provider: this.providerInputs(goal),
    };
    this.resources.push(resource);
    if (this.report(policies.resource(resource)) && !dryRun) {
      this.context.recorder.failed = true;
      throw new StepFailed("A mandatory policy refuses it.");
    }
  }

  /** Asks about all resources together. A program that failed has not registered them all: nothing is concluded then. */
  finish(): void {
    const { policies, recorder } = this.context;
    if (!policies) return;
    if (!recorder.failed) {
      const resources = this.resources.map((resource) => ({
        ...resource,
        outputs: this.current.get(resource.urn)?.outputs ?? {},
      }));
      this.report(policies.stack(resources));
    }
    if (this.refused) recorder.failed = true;
  }

  private providerInputs({ provider }: Goal): PropertyMap {
    return provider === "" ? {} : (this.current.get(parseProviderRef(provider).urn)?.inputs ?? {});
  }

  /** Shows violations; says whether one of them is mandatory. */
  private report(violations: readonly PolicyViolation[]): boolean {
    for (const { severity, message, urn } of violations) {
      this.context.recorder.diagnose({
        severity: severity === "mandatory" ? "error" : "warning",
        message,
        urn,
        origin: "policy",
      });
    }
    const refused = violations.some(({ severity }) => severity === "mandatory");
    this.refused ||= refused;
    return refused;
  }
}
