// Loaded into the Node processes that the engine starts, before anything else.
"use strict";
const util = require("node:util");
const { isMainThread } = require("node:worker_threads");

// Ends this process when the engine that started it is gone: the engine holds the other end of standard input, and the system
// closes it even when the engine is killed. The handle is unreferenced, so it does not keep a finished program alive.
// Loaders of modules run in worker threads that load this file too: there, standard input must not be touched.
if (isMainThread && !process.stdin.isTTY) {
  process.stdin.on("error", () => undefined);
  process.stdin.on("end", () => process.exit(1));
  process.stdin.on("close", () => process.exit(1));
  process.stdin.resume();
  process.stdin.unref?.();
}

// The SDK shows errors with util.inspect in colours. For some stacks with node_modules in them that never ends (Node 20): it
// builds a text until there is no room for more, half a minute later, and then the SDK shows the error without colours. So
// errors are shown without colours from the start.
const { inspect } = util;
const plain = (value, options, ...rest) =>
  value instanceof Error && typeof options === "object"
    ? inspect(value, { ...options, colors: false })
    : inspect(value, options, ...rest);
util.inspect = Object.defineProperties(plain, Object.getOwnPropertyDescriptors(inspect));

// For each of its promises the SDK keeps a stack trace with source positions, in case PULUMI_DEBUG_PROMISE_LEAKS asks for it. Looking
// the positions up takes a third of a large program's time, so without that variable those traces are left empty.
if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
  let prepare;
  const sparing = (error, frames) =>
    frames[0]?.getFunctionName() === "debuggablePromise" ? "" : prepare(error, frames);
  Object.defineProperty(Error, "prepareStackTrace", {
    configurable: true,
    get: () => prepare && sparing,
    set: (replacement) => {
      if (replacement !== sparing) prepare = replacement;
    },
  });
}

// The SDK sends a debug message before and after each call, one at a time, each waiting for the last to be answered. The engine
// drops them (they spell out secrets), so they are answered here, without the journey.
const Module = require("node:module");
const load = Module._load;
Module._load = function (request, ...rest) {
  if (LATER.test(request)) return later(() => load.call(this, request, ...rest));
  const loaded = load.call(this, request, ...rest);
  if (
    typeof request === "string" &&
    request.endsWith("engine_grpc_pb") &&
    loaded.EngineClient &&
    !loaded.EngineClient.quiet
  ) {
    loaded.EngineClient.quiet = true;
    const { log } = loaded.EngineClient.prototype;
    loaded.EngineClient.prototype.log = function (message, done, ...others) {
      if (message.getSeverity() === 0 && typeof done === "function") return void setTimeout(done, 0, null);
      return log.call(this, message, done, ...others);
    };
  }
  return loaded;
};

// TypeScript and npm's package trees are for programs that serialise functions or have no loader of their own. The SDK loads both at
// once, which takes a quarter of the time in which a small program runs: here they come when they are asked for something.
const LATER = /^(?:@npmcli\/arborist|(?:\.{1,2}\/)+typescript-shim)$/;
function later(load) {
  let loaded;
  return new Proxy(
    {},
    {
      // The SDK copies what says that it is no ES module.
      get: (_, name) => (name === "__esModule" ? true : (loaded ??= load())[name]),
      has: (_, name) => name in (loaded ??= load()),
    },
  );
}
