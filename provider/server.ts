import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { credentials } from "@grpc/grpc-js";
import { errorMessage } from "../lib/errors.ts";
import {
  checkInputs,
  diffInputs,
  isInput,
  type AnyHandler,
  type CheckFailure,
  type OperationContext,
} from "./resource.ts";
import { UnknownResourceTypeError } from "./errors.ts";
import {
  containsUnknown,
  isObject,
  keepSecrets,
  secretKeys,
  UNKNOWN,
  unwrapSecrets,
  type Properties,
} from "./values.ts";

/** Large states (thousands of keys) exceed gRPC's default of 4 MiB; the CLI allows 400 MiB. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

export interface ProviderOptions {
  /** Handlers by resource type token, e.g. `ethstake:index:Contract`. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  readonly version: string;
}

/**
 * Serves Pulumi's provider protocol (pulumirpc.ResourceProvider) on a loopback port.
 *
 * Our own server rather than the SDK's `pulumi.provider.main`, because that one has no previews: with them a plan shows the
 * addresses that contracts will have, and a dependent resource is not said to change only because something before it does.
 * @returns the port
 */
export async function serveProvider(options: ProviderOptions): Promise<number> {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(providerGrpc.ResourceProviderService, new ProviderService(options).methods());
  return await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

type Call<Request> = ServerUnaryCall<Request, unknown>;

class ProviderService {
  readonly #options: ProviderOptions;
  readonly #cancelled = new AbortController();
  #engine: InstanceType<typeof engineGrpc.EngineClient> | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
    const engineAddress = process.argv.find((argument) => /^[\w.]+:\d+$/.test(argument));
    if (engineAddress) this.#connect(engineAddress);
  }

  /** The service's methods, as grpc-js wants them: callbacks around promises. */
  methods() {
    const unary =
      <Request, Response>(method: (request: Request) => Promise<Response> | Response) =>
      (call: Call<Request>, callback: sendUnaryData<Response>) => {
        Promise.resolve()
          .then(() => method(call.request))
          .then(
            (response) => callback(null, response),
            (error: unknown) => callback({ code: status.UNKNOWN, details: errorMessage(error) }),
          );
      };
    const unimplemented = (_call: unknown, callback: sendUnaryData<never>) =>
      callback({ code: status.UNIMPLEMENTED, details: "not implemented by the provider ethstake" });
    return {
      handshake: unary((request: providerPb.ProviderHandshakeRequest) => this.handshake(request)),
      attach: unary((request: pluginPb.PluginAttach) => this.attach(request)),
      getPluginInfo: unary(() => this.getPluginInfo()),
      getSchema: unary(() => this.getSchema()),
      configure: unary(() => this.configure()),
      check: unary((request: providerPb.CheckRequest) => this.check(request)),
      diff: unary((request: providerPb.DiffRequest) => this.diff(request)),
      create: unary((request: providerPb.CreateRequest) => this.create(request)),
      read: unary((request: providerPb.ReadRequest) => this.read(request)),
      update: unary((request: providerPb.UpdateRequest) => this.update(request)),
      delete: unary((request: providerPb.DeleteRequest) => this.delete(request)),
      cancel: unary(() => this.cancel()),
      checkConfig: unimplemented,
      diffConfig: unimplemented,
      parameterize: unimplemented,
      invoke: unimplemented,
      call: unimplemented,
      construct: unimplemented,
      getMapping: unimplemented,
      getMappings: unimplemented,
      list: (call: { emit(event: "error", error: object): void }) => {
        call.emit("error", { code: status.UNIMPLEMENTED, details: "not implemented by the provider ethstake" });
      },
    };
  }

  handshake(request: providerPb.ProviderHandshakeRequest): providerPb.ProviderHandshakeResponse {
    this.#connect(request.getEngineAddress());
    const response = new providerPb.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    response.setAcceptResources(false);
    response.setAcceptOutputs(false);
    return response;
  }

  attach(request: pluginPb.PluginAttach): emptyPb.Empty {
    this.#connect(request.getAddress());
    return new emptyPb.Empty();
  }

  getPluginInfo(): pluginPb.PluginInfo {
    const info = new pluginPb.PluginInfo();
    info.setVersion(this.#options.version);
    return info;
  }

  getSchema(): providerPb.GetSchemaResponse {
    const response = new providerPb.GetSchemaResponse();
    const resources = Object.fromEntries([...this.#options.handlers.keys()].map((token) => [token, {}]));
    response.setSchema(JSON.stringify({ name: "ethstake", version: this.#options.version, resources }));
    return response;
  }

  configure(): providerPb.ConfigureResponse {
    const response = new providerPb.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    return response;
  }

  async check(request: providerPb.CheckRequest): Promise<providerPb.CheckResponse> {
    const handler = this.#handler(request.getUrn());
    const raw = fromStruct(request.getNews());
    const old = request.hasOlds() ? plain(fromStruct(request.getOlds())) : {};
    let { inputs, failures }: { inputs: Properties; failures: readonly CheckFailure[] } = checkInputs(
      handler.schema,
      plain(raw),
      secretKeys(raw),
    );
    const known = !containsUnknown(inputs);
    if (failures.length === 0 && (known || handler.validatesEarly)) {
      failures = (await handler.validate?.(inputs, Object.keys(old).length > 0 ? old : undefined)) ?? [];
    }
    if (failures.length === 0 && known && handler.derive) inputs = await handler.derive(inputs);
    const response = new providerPb.CheckResponse();
    response.setInputs(toStruct(keepSecrets(raw, inputs)));
    response.setFailuresList(
      failures.map(({ property, reason }) => {
        const failure = new providerPb.CheckFailure();
        // The CLI shows the value of the property it is given, which for a path within one would be <nil>.
        const nested = /[.[]/.test(property);
        failure.setProperty(nested ? "" : property);
        failure.setReason(nested ? `${property}: ${reason}` : reason);
        return failure;
      }),
    );
    return response;
  }

  diff(request: providerPb.DiffRequest): providerPb.DiffResponse {
    const handler = this.#handler(request.getUrn());
    const ignored = request.getIgnorechangesList();
    const old = plain(fromStruct(request.getOlds()));
    const inputs = plain(fromStruct(request.getNews()));
    const { changed, replaces } = diffInputs(handler, old, inputs);
    const effective = changed.filter((key) => !ignored.includes(key));
    const response = new providerPb.DiffResponse();
    response.setChanges(
      effective.length > 0
        ? providerPb.DiffResponse.DiffChanges.DIFF_SOME
        : providerPb.DiffResponse.DiffChanges.DIFF_NONE,
    );
    response.setDiffsList(effective);
    response.setReplacesList(replaces.filter((key) => !ignored.includes(key)));
    response.setDeletebeforereplace(handler.deleteBeforeReplace ?? false);
    response.setHasdetaileddiff(true);
    // Outputs that drifted have nothing to be shown beside: they are named only where no input tells the change.
    const settable = effective.filter((key) => key in inputs || isInput(handler, key));
    for (const key of settable.length > 0 ? settable : effective) {
      const detail = new providerPb.PropertyDiff();
      detail.setKind(
        diffKind(old[key], inputs[key], { replace: replaces.includes(key), input: isInput(handler, key) }),
      );
      detail.setInputdiff(false);
      response.getDetaileddiffMap().set(key, detail);
    }
    return response;
  }

  async create(request: providerPb.CreateRequest): Promise<providerPb.CreateResponse> {
    const handler = this.#handler(request.getUrn());
    const raw = fromStruct(request.getProperties());
    const inputs = plain(raw);
    const response = new providerPb.CreateResponse();
    if (request.getPreview()) {
      response.setProperties(toStruct(keepSecrets(raw, await this.#predict(handler, inputs, undefined))));
      return response;
    }
    const { id, outputs } = await handler.create(inputs, this.#context(request.getUrn()));
    response.setId(id);
    response.setProperties(toStruct(keepSecrets(raw, outputs)));
    return response;
  }

  async read(request: providerPb.ReadRequest): Promise<providerPb.ReadResponse> {
    const handler = this.#handler(request.getUrn());
    const response = new providerPb.ReadResponse();
    const raw = fromStruct(request.getProperties());
    const importing = Object.keys(raw).length === 0;
    if (importing && !handler.locate)
      throw new Error(`A resource of this type cannot be imported: ${typeOf(request.getUrn())}.`);
    const last = importing ? await handler.locate?.(request.getId()) : plain(raw);
    const observed = await handler.read(request.getId(), last ?? {}, this.#context(request.getUrn()));
    if (!observed) return response;
    response.setId(request.getId());
    response.setProperties(toStruct(keepSecrets(raw, observed.outputs)));
    response.setInputs(toStruct(keepSecrets(raw, observed.inputs)));
    return response;
  }

  async update(request: providerPb.UpdateRequest): Promise<providerPb.UpdateResponse> {
    const handler = this.#handler(request.getUrn());
    const old = plain(fromStruct(request.getOlds()));
    const raw = fromStruct(request.getNews());
    const inputs = plain(raw);
    const response = new providerPb.UpdateResponse();
    const outputs = request.getPreview()
      ? await this.#predict(handler, inputs, old)
      : await handler.update(request.getId(), old, inputs, this.#context(request.getUrn()));
    response.setProperties(toStruct(keepSecrets(raw, outputs)));
    return response;
  }

  async delete(request: providerPb.DeleteRequest): Promise<emptyPb.Empty> {
    const last = plain(fromStruct(request.getProperties()));
    await this.#handler(request.getUrn()).delete(request.getId(), last, this.#context(request.getUrn()));
    return new emptyPb.Empty();
  }

  cancel(): emptyPb.Empty {
    this.#cancelled.abort();
    return new emptyPb.Empty();
  }

  /** Outputs for a preview: the inputs, what the handler can tell, and "unknown" for the rest of what the old outputs had. */
  async #predict(handler: AnyHandler, inputs: Properties, old: Properties | undefined): Promise<Properties> {
    const known = containsUnknown(inputs) ? {} : ((await handler.predict?.(inputs, old)) ?? {});
    const unsettled = Object.keys(old ?? {}).filter((key) => !(key in inputs) && !(key in known));
    return { ...Object.fromEntries(unsettled.map((key) => [key, UNKNOWN])), ...inputs, ...known };
  }

  #handler(urn: string): AnyHandler {
    const type = typeOf(urn);
    const handler = this.#options.handlers.get(type);
    if (!handler) throw new UnknownResourceTypeError(type, [...this.#options.handlers.keys()]);
    return handler;
  }

  #context(urn: string): OperationContext {
    return { urn, signal: this.#cancelled.signal, log: (message) => this.#log(urn, message) };
  }

  #connect(address: string): void {
    if (!address || this.#engine) return;
    this.#engine = new engineGrpc.EngineClient(address, credentials.createInsecure());
  }

  #log(urn: string, message: string): void {
    const request = new enginePb.LogRequest();
    request.setSeverity(enginePb.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(message);
    // A log line that does not arrive must not fail an operation that did.
    this.#engine?.log(request, () => undefined);
  }
}

/** How a change of a property is to be shown. What is no input cannot be removed by the program. */
function diffKind(before: unknown, after: unknown, { replace, input }: { replace: boolean; input: boolean }) {
  const kinds = providerPb.PropertyDiff.Kind;
  if (before === undefined || before === null) return replace ? kinds.ADD_REPLACE : kinds.ADD;
  if (input && (after === undefined || after === null)) return replace ? kinds.DELETE_REPLACE : kinds.DELETE;
  return replace ? kinds.UPDATE_REPLACE : kinds.UPDATE;
}

/** The type of the resource that a URN names (urn:pulumi:stack::project::parent$type::name). */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function fromStruct(struct: structPb.Struct | undefined): Properties {
  const value: unknown = struct?.toJavaScript() ?? {};
  return isObject(value) ? value : {};
}

/** JSON round trip first: a struct can hold neither undefined members nor bigints. */
function toStruct(properties: Properties): structPb.Struct {
  return structPb.Struct.fromJavaScript(
    JSON.parse(JSON.stringify(properties)) as Parameters<typeof structPb.Struct.fromJavaScript>[0],
  );
}

function plain(properties: Properties): Properties {
  return unwrapSecrets(properties) as Properties;
}
