import { parentPort, Worker, workerData } from "node:worker_threads";
import { proveInState, type StateProofs, type StateRequest } from "./state.ts";

/** Megabytes of objects that a worker may have: a state's bytes are not among them. */
const HEAP_MB = 512;

/**
 * Proves in a thread of its own: hashing a state takes seconds, in which the loops would stand still.
 * @param program URL of the program that runs {@link answerAsWorker} in a thread; the state's bytes move there
 */
export function proveInThread(program: string): (request: StateRequest) => Promise<StateProofs> {
  return (request) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(program), {
        workerData: request,
        transferList: [request.bytes.buffer],
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      });
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", (code) => reject(new Error(`the thread that hashes a state ended with ${code}`)));
    });
}

/** What the program does in such a thread. */
export function answerAsWorker(): void {
  parentPort?.postMessage(proveInState(workerData as StateRequest));
}
