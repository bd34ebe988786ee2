/** A provider plugin of the tests as a process: the engine's calls, answered by an object. */
import { Server, ServerCredentials, status, type handleUnaryCall } from "@grpc/grpc-js";
import { CHANNEL_OPTIONS } from "../../engine/plugins/client.ts";
import {
  providerMethods,
  type CheckRequest,
  type CheckResponse,
  type ConfigureRequest,
  type ConfigureResponse,
  type CreateRequest,
  type CreateResponse,
  type DeleteRequest,
  type DiffRequest,
  type DiffResponse,
  type InvokeRequest,
  type InvokeResponse,
  type ReadRequest,
  type ReadResponse,
  type UpdateRequest,
  type UpdateResponse,
} from "../../engine/rpc/protocol.ts";
import { errorMessage } from "../../lib/errors.ts";
import { exitWithParent } from "../../provider/parent-watch.ts";

type Answer<Response> = Response | Promise<Response>;

/** What the engine calls on a provider. */
export interface ServedProvider {
  configure(request: ConfigureRequest): ConfigureResponse;
  diffConfig(request: DiffRequest): DiffResponse;
  check(request: CheckRequest): CheckResponse;
  diff(request: DiffRequest): DiffResponse;
  create(request: CreateRequest): Answer<CreateResponse>;
  read(request: ReadRequest): ReadResponse;
  update(request: UpdateRequest): Answer<UpdateResponse>;
  delete(request: DeleteRequest): Answer<object>;
  invoke(request: InvokeRequest): InvokeResponse;
  /** Gives up what it is doing. */
  cancel(): void;
}

function unary<Request, Response>(work: (request: Request) => Answer<Response>): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => work(call.request))
      .then(
        (value) => callback(null, value),
        (error: unknown) => callback({ code: status.UNKNOWN, details: errorMessage(error) }),
      );
  };
}

/** Serves a provider on a free port, which goes to standard output, until the engine is gone. */
export function serve(provider: ServedProvider, version: string): void {
  exitWithParent();
  const server = new Server(CHANNEL_OPTIONS);
  // Without its other methods the engine does as providers that lack them ask for.
  const { getPluginInfo, configure, diffConfig, check, diff, create, read, update, invoke, cancel } = providerMethods;
  const methods = { getPluginInfo, configure, diffConfig, check, diff, create, read, update, invoke, cancel };
  server.addService(
    { ...methods, delete: providerMethods.delete },
    {
      getPluginInfo: unary(() => ({ version })),
      configure: unary((request: ConfigureRequest) => provider.configure(request)),
      diffConfig: unary((request: DiffRequest) => provider.diffConfig(request)),
      check: unary((request: CheckRequest) => provider.check(request)),
      diff: unary((request: DiffRequest) => provider.diff(request)),
      create: unary((request: CreateRequest) => provider.create(request)),
      read: unary((request: ReadRequest) => provider.read(request)),
      update: unary((request: UpdateRequest) => provider.update(request)),
      delete: unary((request: DeleteRequest) => provider.delete(request)),
      invoke: unary((request: InvokeRequest) => provider.invoke(request)),
      cancel: unary(() => {
        provider.cancel();
        return {};
      }),
    },
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${port}\n`);
  });
}
