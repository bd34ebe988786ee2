// Loaded into the Node processes that the engine starts, before anything else.
"use strict";
const util = require("node:util");
const { isMainThread } = require("node:worker_threads");

// Ends this process when the engine that started it is gone: the engine holds the other end of standard input, and the system
// closes it even when the engine is killed. The handle is unreferenced, so it does not keep a finished program alive.
// Loaders (tsx) run in worker threads that load this file too: there, standard input must not be touched.
if (isMainThread && !process.stdin.isTTY) {
  process.stdin.on("error", () => undefined);
  process.stdin.on("end", () => process.exit(1));
  process.stdin.on("close", () => process.exit(1));
  process.stdin.resume();
  process.stdin.unref?.();
}

// The SDK hangs the promise of a failed call on its error and shows errors with util.inspect, which then walks through the
// promise's async context: gRPC channels, tracing, everything. That takes half a minute, for text that nobody reads. The error
// itself is shown as ever.
const { inspect } = util;
const hidden = (value) => {
  if (value instanceof Error && Object.prototype.propertyIsEnumerable.call(value, "promise")) {
    Object.defineProperty(value, "promise", { enumerable: false });
  }
  return value;
};
util.inspect = Object.defineProperties(
  (value, ...rest) => inspect(hidden(value), ...rest),
  Object.getOwnPropertyDescriptors(inspect),
);
