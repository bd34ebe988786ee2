// Ends this process when the engine that started it is gone: the engine holds the other end of standard input, and the system
// closes it even when the engine is killed. The handle is unreferenced, so it does not keep a finished program alive.
// Loaders (tsx) run in worker threads that load this file too: there, standard input must not be touched.
"use strict";
if (require("node:worker_threads").isMainThread && !process.stdin.isTTY) {
  process.stdin.on("error", () => undefined);
  process.stdin.on("end", () => process.exit(1));
  process.stdin.on("close", () => process.exit(1));
  process.stdin.resume();
  process.stdin.unref?.();
}
