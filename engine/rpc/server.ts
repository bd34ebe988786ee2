/** The two services of a run, on loopback: the resource monitor for the program, the engine for program and providers. */
import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { errorMessage } from "../../lib/errors.ts";
import { CancelledError } from "../errors.ts";
import type { Severity } from "../events.ts";
import { CHANNEL_OPTIONS } from "../plugins/client.ts";
import type { Invoker } from "../deploy/invokes.ts";
import type { Registrar } from "../deploy/registrar.ts";
import { engineMethods, monitorMethods, type LogRequest } from "./protocol.ts";

/** What the SDK may rely on. Everything else is answered with no. */
const FEATURES = new Set(["secrets", "resourceReferences", "aliasSpecs", "deletedWith"]);

const SEVERITIES: readonly Severity[] = ["debug", "info", "warning", "error"];

/** Makes a handler of a function; what it throws becomes the call's error. */
function unary<Q, R>(work: (request: Q) => R | Promise<R>): handleUnaryCall<Q, R> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (value) => callback(null, value),
        (error: unknown) => {
          // UNAVAILABLE makes the SDK end quietly.
          const code = error instanceof CancelledError ? status.UNAVAILABLE : status.UNKNOWN;
          callback({ code, details: errorMessage(error) });
        },
      );
  };
}

async function listen(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): Promise<{ server: Server; address: string }> {
  const server = new Server(CHANNEL_OPTIONS);
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return { server, address: `127.0.0.1:${port}` };
}

/** A service that listens. */
export interface Served {
  readonly address: string;
  readonly close: () => void;
}

/** Serves `pulumirpc.Engine`. */
export async function serveEngine(onLog: (severity: Severity, message: string, urn: string) => void): Promise<Served> {
  let root = "";
  const { server, address } = await listen(engineMethods, {
    log: unary((request: LogRequest) => {
      // The SDK's debug messages spell out whole requests and answers, secrets included.
      const severity = SEVERITIES[request.severity] ?? "info";
      if (!request.ephemeral && severity !== "debug") onLog(severity, request.message, request.urn);
      return {};
    }),
    getRootResource: unary(() => ({ urn: root })),
    setRootResource: unary((request: { urn: string }) => {
      root = request.urn;
      return {};
    }),
    requirePulumiVersion: unary(() => ({})),
  });
  return { address, close: () => server.forceShutdown() };
}

/** Serves `pulumirpc.ResourceMonitor`. */
export async function serveMonitor(registrar: Registrar, invoker: Invoker): Promise<Served> {
  const { server, address } = await listen(monitorMethods, {
    supportsFeature: unary((request: { id: string }) => ({ supported: FEATURES.has(request.id) })),
    invoke: unary((request: Parameters<Invoker["invoke"]>[0]) => invoker.invoke(request)),
    call: unary((request: Parameters<Invoker["call"]>[0]) => invoker.call(request)),
    readResource: unary((request: Parameters<Invoker["read"]>[0]) => invoker.read(request)),
    registerResource: unary((request: Parameters<Registrar["register"]>[0]) => registrar.register(request)),
    registerResourceOutputs: unary(async (request: Parameters<Registrar["outputs"]>[0]) => {
      await registrar.outputs(request);
      return {};
    }),
    // Deletes begin when the program has ended; no hook of the program needs to outlive it.
    signalAndWaitForShutdown: unary(() => ({})),
  });
  return { address, close: () => server.forceShutdown() };
}
