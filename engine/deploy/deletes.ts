/** Deletes: what depends on a resource goes before it, as many at once as the limit allows. */
import { ResourceError } from "../errors.ts";
import { referencesOf } from "../state/model.ts";
import type { Effect, ResourceState } from "../state/types.ts";
import type { RunContext } from "./context.ts";
import { StepFailed, type Executor } from "./execute.ts";

/** Why a protected resource is not deleted. */
export function protectedError(urn: string, what: "delete" | "replace"): ResourceError {
  return new ResourceError(
    `Cannot ${what} the resource: it is protected.`,
    { urn },
    { remedy: "Remove `protect` from it in the program and run `up` first." },
  );
}

interface Node {
  readonly state: ResourceState;
  /** How many that refer to this one are still there. */
  blockers: number;
  blocked: boolean;
  readonly targets: Node[];
}

/** Orders states so that each comes after everything that refers to it. */
function graphOf(states: readonly ResourceState[]): Node[] {
  const nodes = states.map((state): Node => ({ state, blockers: 0, blocked: false, targets: [] }));
  const byUrn = new Map<string, Node[]>();
  for (const node of nodes) byUrn.set(node.state.urn, [...(byUrn.get(node.state.urn) ?? []), node]);
  for (const node of nodes) {
    for (const urn of referencesOf(node.state)) {
      for (const target of byUrn.get(urn) ?? []) {
        node.targets.push(target);
        target.blockers++;
      }
    }
  }
  return nodes;
}

/** What deleting a resource does to the state. */
export function deletionEffects(state: ResourceState): Effect[] {
  return state.delete ? [{ buried: { urn: state.urn, id: state.id ?? "" } }] : [{ remove: state.urn }];
}

/**
 * Deletes all the given states. Protected ones are refused before anything is deleted. When one fails, what it refers to is kept
 * and the rest goes on.
 */
export async function deleteAll(
  context: RunContext,
  executor: Executor,
  states: readonly ResourceState[],
): Promise<void> {
  const guarded = states.filter((state) => state.protect && !state.delete);
  for (const state of guarded) context.recorder.error(protectedError(state.urn, "delete").message, state.urn);
  if (guarded.length > 0) return;
  const going = new Set(states.map(({ urn }) => urn));
  const nodes = graphOf(states);
  const ready = nodes.filter((node) => node.blockers === 0);
  const running = new Set<Promise<void>>();
  const run = async (node: Node): Promise<void> => {
    let done = !node.blocked && !context.signal.aborted;
    if (done) {
      try {
        await context.limiter.run(() => removeOne(executor, node.state, going));
      } catch (error) {
        if (!(error instanceof StepFailed)) throw error;
        done = false;
      }
    }
    for (const target of node.targets) {
      if (!done) target.blocked = true;
      if (--target.blockers === 0) start(target);
    }
  };
  const start = (node: Node): void => {
    const work = run(node).finally(() => running.delete(work));
    running.add(work);
  };
  for (const node of ready) start(node);
  while (running.size > 0) await Promise.all(running);
}

async function removeOne(executor: Executor, state: ResourceState, going: ReadonlySet<string>): Promise<void> {
  // Deleted together with another resource, or to be left in the world: only the record goes.
  const leave = state.retainOnDelete === true || (state.deletedWith !== undefined && going.has(state.deletedWith));
  if (state.pendingReplacement) return executor.record(deletionEffects(state));
  await executor.remove(state, state.delete ? "delete-replaced" : "delete", deletionEffects(state), leave);
}
