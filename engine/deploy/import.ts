/** The `import` option: a resource that exists already comes under management. */
import { errorMessage } from "../../lib/errors.ts";
import { ResourceError } from "../errors.ts";
import type { Provider } from "../plugins/provider.ts";
import type { ResourceState } from "../state/types.ts";
import { keepSecrets, type PropertyMap } from "../values.ts";
import { decide } from "./decide.ts";
import { formatValue } from "../diff.ts";
import { stateOf, type Goal } from "./goal.ts";
import type { Registrar } from "./registrar.ts";

/** Reads the resource and takes it into the state, if it is as the program says. */
export async function importResource(
  registrar: Registrar,
  goal: Goal,
  provider: Provider,
  wanted: PropertyMap,
  old: ResourceState | undefined,
): Promise<ResourceState> {
  const { recorder } = registrar.context;
  if (old) {
    throw new ResourceError(
      `It exists in the state with the id ${old.id ?? ""} and cannot be imported as ${goal.importId}.`,
      { urn: goal.urn },
    );
  }
  const end = recorder.start({ op: "import", urn: goal.urn, id: goal.importId });
  try {
    const found = await provider.read(goal.urn, goal.importId, {}, {});
    if (!found)
      throw new ResourceError(`There is no resource with the id ${goal.importId} to import.`, { urn: goal.urn });
    const now = new Date().toISOString();
    const read = { id: found.id, outputs: found.outputs, created: now, modified: now, importID: goal.importId };
    const existing = stateOf(goal, { ...read, inputs: found.inputs ?? found.outputs });
    const inputs = await registrar.check(goal, provider, existing.inputs ?? {}, wanted);
    const decision = decide(existing, goal, inputs, await provider.diff(existing, inputs, goal.ignoreChanges));
    if (decision.action !== "same") {
      const lines = decision.diffs.map((diff) => `${diff.path}: ${formatValue(diff.old)} → ${formatValue(diff.new)}`);
      throw new ResourceError(
        `The inputs do not match the resource to import (${lines.join("; ")}).`,
        { urn: goal.urn },
        { remedy: "Write the resource's present values in the program." },
      );
    }
    const state = stateOf(goal, {
      ...read,
      inputs,
      outputs: keepSecrets(found.outputs, inputs, goal.additionalSecretOutputs),
    });
    await registrar.executor.record([{ put: state }]);
    end();
    return state;
  } catch (error) {
    end({ error: errorMessage(error) });
    throw error;
  }
}
