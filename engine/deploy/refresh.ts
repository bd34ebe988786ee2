/** Refresh: reads every resource as it is and takes that into the state. */
import { errorMessage } from "../../lib/errors.ts";
import { diffProperties, type PropertyDiff } from "../diff.ts";
import type { ResourceState } from "../state/types.ts";
import { isProviderType } from "../urn.ts";
import { equal, keepSecrets, type PropertyMap } from "../values.ts";
import type { RunContext } from "./context.ts";
import type { Executor } from "./execute.ts";

/** Reads all managed resources; differences are shown, counted and kept. */
export async function refreshAll(context: RunContext, executor: Executor): Promise<void> {
  await Promise.all(
    [...context.store.model.live.values()].map(async (state) => {
      if (!state.custom || isProviderType(state.type) || state.external || state.pendingReplacement) {
        // Counted as the CLI counts them: they are there and not read.
        context.recorder.start({ op: "same", urn: state.urn })();
        return;
      }
      await context.limiter.run(async () => {
        if (!context.signal.aborted) await refreshOne(context, executor, state);
      });
    }),
  );
}

async function refreshOne(context: RunContext, executor: Executor, state: ResourceState): Promise<void> {
  const end = context.recorder.start({ op: "refresh", urn: state.urn, id: state.id });
  try {
    if (state.provider === undefined) throw new Error("The state names no provider for it.");
    const provider = context.registry.fromState(state.provider);
    const inputs = state.inputs ?? {};
    const outputs = state.outputs ?? {};
    const found = await provider.read(state.urn, state.id ?? "", inputs, outputs);
    if (!found) {
      await executor.record([{ remove: state.urn }]);
      end({ op: "delete", diff: diffProperties(outputs, {}) });
      return;
    }
    const next = refreshed(state, found);
    if (next === state) {
      end({ op: "same" });
      return;
    }
    context.redactor.addSecrets(next.outputs ?? {});
    await executor.record([{ put: next }]);
    end({ op: "update", diff: driftOf(state, next) });
  } catch (error) {
    end({ error: errorMessage(error) });
    context.recorder.error(`refresh failed: ${errorMessage(error)}`, state.urn);
  }
}

/** The state after a read; the same object when nothing differs. */
export function refreshed(
  state: ResourceState,
  found: { readonly id: string; readonly inputs: PropertyMap | undefined; readonly outputs: PropertyMap },
): ResourceState {
  const inputs = state.inputs ?? {};
  const outputs = state.outputs ?? {};
  const names = state.additionalSecretOutputs ?? [];
  const newOutputs = keepSecrets(keepSecrets(found.outputs, outputs, names), inputs);
  const newInputs = found.inputs === undefined ? inputs : keepSecrets(found.inputs, inputs);
  const unchanged = equal(newOutputs, outputs) && equal(newInputs, inputs) && found.id === state.id;
  if (unchanged && !state.initErrors) return state;
  const { initErrors: _ready, ...rest } = state;
  return { ...rest, id: found.id, inputs: newInputs, outputs: newOutputs, modified: new Date().toISOString() };
}

function driftOf(before: ResourceState, after: ResourceState): PropertyDiff[] {
  const found = diffProperties(before.outputs ?? {}, after.outputs ?? {});
  const known = new Set(found.map(({ path }) => path));
  const inputs = diffProperties(before.inputs ?? {}, after.inputs ?? {}).filter(({ path }) => !known.has(path));
  return [...found, ...inputs];
}
