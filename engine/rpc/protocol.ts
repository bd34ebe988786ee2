/** The messages of the Pulumi protocols that the engine speaks, with their field numbers, and the services' methods. */
import type { MethodDefinition } from "@grpc/grpc-js";
import type { Json, PropertyMap } from "../values.ts";
import { decode, encode, message, type Message } from "./wire.ts";

export type Empty = Record<string, never>;
const empty = message<Empty>({});

interface Urns {
  urns: string[];
}
const urns = message<Urns>({ urns: [1, "strings"] });

export interface AliasSpec {
  name: string;
  type: string;
  stack: string;
  project: string;
  parentUrn: string;
  noParent: boolean;
}
export interface Alias {
  urn: string;
  spec?: AliasSpec;
}
const aliasSpec = message<AliasSpec>({
  name: [1, "string"],
  type: [2, "string"],
  stack: [3, "string"],
  project: [4, "string"],
  parentUrn: [5, "string"],
  noParent: [6, "bool"],
});
const alias = message<Alias>({ urn: [1, "string"], spec: [2, ["message", () => aliasSpec]] });

/** Durations as the program wrote them: `5m`, `30s`. */
export interface TimeoutSpec {
  create: string;
  update: string;
  delete: string;
}
const timeouts = message<TimeoutSpec>({ create: [1, "string"], update: [2, "string"], delete: [3, "string"] });

export interface RegisterResourceRequest {
  type: string;
  name: string;
  parent: string;
  custom: boolean;
  object?: PropertyMap;
  protect: boolean;
  dependencies: string[];
  provider: string;
  propertyDependencies: Record<string, Urns>;
  deleteBeforeReplace: boolean;
  version: string;
  ignoreChanges: string[];
  acceptSecrets: boolean;
  additionalSecretOutputs: string[];
  aliasUrns: string[];
  importId: string;
  customTimeouts?: TimeoutSpec;
  deleteBeforeReplaceDefined: boolean;
  remote: boolean;
  acceptResources: boolean;
  providers: Record<string, string>;
  replaceOnChanges: string[];
  pluginDownloadUrl: string;
  retainOnDelete: boolean;
  aliases: Alias[];
  deletedWith: string;
  transforms: Empty[];
  supportsResultReporting: boolean;
  packageRef: string;
  replaceWith: string[];
  replacementTrigger?: Json;
}
export const registerResourceRequest = message<RegisterResourceRequest>({
  type: [1, "string"],
  name: [2, "string"],
  parent: [3, "string"],
  custom: [4, "bool"],
  object: [5, "struct"],
  protect: [6, "bool"],
  dependencies: [7, "strings"],
  provider: [8, "string"],
  propertyDependencies: [9, ["messageMap", () => urns]],
  deleteBeforeReplace: [10, "bool"],
  version: [11, "string"],
  ignoreChanges: [12, "strings"],
  acceptSecrets: [13, "bool"],
  additionalSecretOutputs: [14, "strings"],
  aliasUrns: [15, "strings"],
  importId: [16, "string"],
  customTimeouts: [17, ["message", () => timeouts]],
  deleteBeforeReplaceDefined: [18, "bool"],
  remote: [20, "bool"],
  acceptResources: [21, "bool"],
  providers: [22, "stringMap"],
  replaceOnChanges: [23, "strings"],
  pluginDownloadUrl: [24, "string"],
  retainOnDelete: [25, "bool"],
  aliases: [26, ["messages", () => alias]],
  deletedWith: [27, "string"],
  transforms: [31, ["messages", () => empty]],
  supportsResultReporting: [32, "bool"],
  packageRef: [33, "string"],
  replaceWith: [38, "strings"],
  replacementTrigger: [39, "value"],
});

/** How a registration ended: the program goes on with unknown outputs after the last two. */
export const RegisterResult = { success: 0, fail: 1, skip: 2 } as const;
export interface RegisterResourceResponse {
  urn: string;
  id: string;
  object?: PropertyMap;
  propertyDependencies: Record<string, Urns>;
  result: number;
}
export const registerResourceResponse = message<RegisterResourceResponse>({
  urn: [1, "string"],
  id: [2, "string"],
  object: [3, "struct"],
  propertyDependencies: [6, ["messageMap", () => urns]],
  result: [7, "int"],
});

export interface RegisterOutputsRequest {
  urn: string;
  outputs?: PropertyMap;
}
export const registerOutputsRequest = message<RegisterOutputsRequest>({ urn: [1, "string"], outputs: [2, "struct"] });

export interface ReadResourceRequest {
  id: string;
  type: string;
  name: string;
  parent: string;
  properties?: PropertyMap;
  dependencies: string[];
  provider: string;
  version: string;
  additionalSecretOutputs: string[];
}
const readResourceRequest = message<ReadResourceRequest>({
  id: [1, "string"],
  type: [2, "string"],
  name: [3, "string"],
  parent: [4, "string"],
  properties: [5, "struct"],
  dependencies: [6, "strings"],
  provider: [7, "string"],
  version: [8, "string"],
  additionalSecretOutputs: [10, "strings"],
});
export interface ReadResourceResponse {
  urn: string;
  properties?: PropertyMap;
}
const readResourceResponse = message<ReadResourceResponse>({ urn: [1, "string"], properties: [2, "struct"] });

export interface ResourceInvokeRequest {
  tok: string;
  args?: PropertyMap;
  provider: string;
  version: string;
}
const resourceInvokeRequest = message<ResourceInvokeRequest>({
  tok: [1, "string"],
  args: [2, "struct"],
  provider: [3, "string"],
  version: [4, "string"],
});
export interface ResourceCallRequest extends ResourceInvokeRequest {
  argDependencies: Record<string, Urns>;
}
const resourceCallRequest = message<ResourceCallRequest>({
  tok: [1, "string"],
  args: [2, "struct"],
  argDependencies: [3, ["messageMap", () => urns]],
  provider: [4, "string"],
  version: [5, "string"],
});

/** One fault that a provider found in the inputs. */
export interface CheckFailure {
  property: string;
  reason: string;
}
const checkFailure = message<CheckFailure>({ property: [1, "string"], reason: [2, "string"] });

export interface InvokeRequest {
  tok: string;
  args: PropertyMap;
  preview: boolean;
}
const invokeRequest = message<InvokeRequest>({ tok: [1, "string"], args: [2, "struct"], preview: [7, "bool"] });
export interface InvokeResponse {
  return?: PropertyMap;
  failures: CheckFailure[];
}
const invokeResponse = message<InvokeResponse>({
  return: [1, "struct"],
  failures: [2, ["messages", () => checkFailure]],
});
export interface CallRequest {
  tok: string;
  args: PropertyMap;
  argDependencies: Record<string, Urns>;
  project: string;
  stack: string;
  config: Record<string, string>;
  configSecretKeys: string[];
  dryRun: boolean;
  parallel: number;
  monitorEndpoint: string;
  organization: string;
}
const callRequest = message<CallRequest>({
  tok: [1, "string"],
  args: [2, "struct"],
  argDependencies: [3, ["messageMap", () => urns]],
  project: [6, "string"],
  stack: [7, "string"],
  config: [8, "stringMap"],
  configSecretKeys: [9, "strings"],
  dryRun: [10, "bool"],
  parallel: [11, "int"],
  monitorEndpoint: [12, "string"],
  organization: [14, "string"],
});
export interface CallResponse {
  return?: PropertyMap;
  returnDependencies: Record<string, Urns>;
  failures: CheckFailure[];
}
const callResponse = message<CallResponse>({
  return: [1, "struct"],
  returnDependencies: [2, ["messageMap", () => urns]],
  failures: [3, ["messages", () => checkFailure]],
});

export interface CheckRequest {
  urn: string;
  olds: PropertyMap;
  news: PropertyMap;
  randomSeed: Uint8Array;
  name: string;
  type: string;
}
const checkRequest = message<CheckRequest>({
  urn: [1, "string"],
  olds: [2, "struct"],
  news: [3, "struct"],
  randomSeed: [5, "bytes"],
  name: [6, "string"],
  type: [7, "string"],
});
export interface CheckResponse {
  inputs?: PropertyMap;
  failures: CheckFailure[];
}
const checkResponse = message<CheckResponse>({
  inputs: [1, "struct"],
  failures: [2, ["messages", () => checkFailure]],
});

export interface DiffRequest {
  id: string;
  urn: string;
  olds: PropertyMap;
  news: PropertyMap;
  ignoreChanges: string[];
  oldInputs: PropertyMap;
  name: string;
  type: string;
}
const diffRequest = message<DiffRequest>({
  id: [1, "string"],
  urn: [2, "string"],
  olds: [3, "struct"],
  news: [4, "struct"],
  ignoreChanges: [5, "strings"],
  oldInputs: [6, "struct"],
  name: [7, "string"],
  type: [8, "string"],
});
/** Kinds of a {@link PropertyDiffMessage}; odd ones cause a replacement. */
export const DiffKind = { add: 0, addReplace: 1, delete: 2, deleteReplace: 3, update: 4, updateReplace: 5 } as const;
export interface PropertyDiffMessage {
  kind: number;
  inputDiff: boolean;
}
const propertyDiff = message<PropertyDiffMessage>({ kind: [1, "int"], inputDiff: [2, "bool"] });
/** What a provider says of changes as a whole. */
export const DiffChanges = { unknown: 0, none: 1, some: 2 } as const;
export interface DiffResponse {
  replaces: string[];
  stables: string[];
  deleteBeforeReplace: boolean;
  changes: number;
  diffs: string[];
  detailedDiff: Record<string, PropertyDiffMessage>;
  hasDetailedDiff: boolean;
}
const diffResponse = message<DiffResponse>({
  replaces: [1, "strings"],
  stables: [2, "strings"],
  deleteBeforeReplace: [3, "bool"],
  changes: [4, "int"],
  diffs: [5, "strings"],
  detailedDiff: [6, ["messageMap", () => propertyDiff]],
  hasDetailedDiff: [7, "bool"],
});

export interface ConfigureRequest {
  variables: Record<string, string>;
  args: PropertyMap;
  acceptSecrets: boolean;
  acceptResources: boolean;
  sendsOldInputs: boolean;
  sendsOldInputsToDelete: boolean;
}
const configureRequest = message<ConfigureRequest>({
  variables: [1, "stringMap"],
  args: [2, "struct"],
  acceptSecrets: [3, "bool"],
  acceptResources: [4, "bool"],
  sendsOldInputs: [5, "bool"],
  sendsOldInputsToDelete: [6, "bool"],
});
export interface ConfigureResponse {
  acceptSecrets: boolean;
  supportsPreview: boolean;
  acceptResources: boolean;
  acceptOutputs: boolean;
}
const configureResponse = message<ConfigureResponse>({
  acceptSecrets: [1, "bool"],
  supportsPreview: [2, "bool"],
  acceptResources: [3, "bool"],
  acceptOutputs: [4, "bool"],
});

export interface CreateRequest {
  urn: string;
  properties: PropertyMap;
  timeout: number;
  preview: boolean;
  name: string;
  type: string;
}
const createRequest = message<CreateRequest>({
  urn: [1, "string"],
  properties: [2, "struct"],
  timeout: [3, "double"],
  preview: [4, "bool"],
  name: [5, "string"],
  type: [6, "string"],
});
export interface CreateResponse {
  id: string;
  properties?: PropertyMap;
}
const createResponse = message<CreateResponse>({ id: [1, "string"], properties: [2, "struct"] });

export interface ReadRequest {
  id: string;
  urn: string;
  properties: PropertyMap;
  inputs: PropertyMap;
  name: string;
  type: string;
}
const readRequest = message<ReadRequest>({
  id: [1, "string"],
  urn: [2, "string"],
  properties: [3, "struct"],
  inputs: [4, "struct"],
  name: [5, "string"],
  type: [6, "string"],
});
export interface ReadResponse {
  id: string;
  properties?: PropertyMap;
  inputs?: PropertyMap;
}
const readResponse = message<ReadResponse>({ id: [1, "string"], properties: [2, "struct"], inputs: [3, "struct"] });

export interface UpdateRequest {
  id: string;
  urn: string;
  olds: PropertyMap;
  news: PropertyMap;
  timeout: number;
  ignoreChanges: string[];
  preview: boolean;
  oldInputs: PropertyMap;
  name: string;
  type: string;
}
const updateRequest = message<UpdateRequest>({
  id: [1, "string"],
  urn: [2, "string"],
  olds: [3, "struct"],
  news: [4, "struct"],
  timeout: [5, "double"],
  ignoreChanges: [6, "strings"],
  preview: [7, "bool"],
  oldInputs: [8, "struct"],
  name: [9, "string"],
  type: [10, "string"],
});
export interface UpdateResponse {
  properties?: PropertyMap;
}
const updateResponse = message<UpdateResponse>({ properties: [1, "struct"] });

export interface DeleteRequest {
  id: string;
  urn: string;
  properties: PropertyMap;
  timeout: number;
  oldInputs: PropertyMap;
  name: string;
  type: string;
}
const deleteRequest = message<DeleteRequest>({
  id: [1, "string"],
  urn: [2, "string"],
  properties: [3, "struct"],
  timeout: [4, "double"],
  oldInputs: [5, "struct"],
  name: [6, "string"],
  type: [7, "string"],
});

/** Detail of an error after which the resource exists but did not become ready. */
export interface InitFailed {
  id: string;
  properties?: PropertyMap;
  reasons: string[];
  inputs?: PropertyMap;
}
export const initFailed = message<InitFailed>({
  id: [1, "string"],
  properties: [2, "struct"],
  reasons: [3, "strings"],
  inputs: [4, "struct"],
});
interface AnyMessage {
  typeUrl: string;
  value: Uint8Array;
}
const anyMessage = message<AnyMessage>({ typeUrl: [1, "string"], value: [2, "bytes"] });
export interface RpcStatus {
  code: number;
  message: string;
  details: AnyMessage[];
}
/** google.rpc.Status, as carried in the trailer `grpc-status-details-bin`. */
export const rpcStatus = message<RpcStatus>({
  code: [1, "int"],
  message: [2, "string"],
  details: [3, ["messages", () => anyMessage]],
});

export interface LogRequest {
  severity: number;
  message: string;
  urn: string;
  streamId: number;
  ephemeral: boolean;
}
const logRequest = message<LogRequest>({
  severity: [1, "int"],
  message: [2, "string"],
  urn: [3, "string"],
  streamId: [4, "int"],
  ephemeral: [5, "bool"],
});
interface FeatureRequest {
  id: string;
}
const featureRequest = message<FeatureRequest>({ id: [1, "string"] });
interface FeatureResponse {
  supported: boolean;
}
const featureResponse = message<FeatureResponse>({ supported: [1, "bool"] });
interface UrnMessage {
  urn: string;
}
const urnMessage = message<UrnMessage>({ urn: [1, "string"] });
interface PluginInfo {
  version: string;
}
const pluginInfo = message<PluginInfo>({ version: [1, "string"] });

function method<Q extends object, R extends object>(
  path: string,
  request: Message<Q>,
  response: Message<R>,
): MethodDefinition<Q, R> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (value) => encode(request, value),
    requestDeserialize: (bytes) => decode(request, bytes),
    responseSerialize: (value) => encode(response, value),
    responseDeserialize: (bytes) => decode(response, bytes),
  };
}

const monitor = <Q extends object, R extends object>(name: string, request: Message<Q>, response: Message<R>) =>
  method(`/pulumirpc.ResourceMonitor/${name}`, request, response);
/** What a program calls. */
export const monitorMethods = {
  supportsFeature: monitor("SupportsFeature", featureRequest, featureResponse),
  invoke: monitor("Invoke", resourceInvokeRequest, invokeResponse),
  call: monitor("Call", resourceCallRequest, callResponse),
  readResource: monitor("ReadResource", readResourceRequest, readResourceResponse),
  registerResource: monitor("RegisterResource", registerResourceRequest, registerResourceResponse),
  registerResourceOutputs: monitor("RegisterResourceOutputs", registerOutputsRequest, empty),
  signalAndWaitForShutdown: monitor("SignalAndWaitForShutdown", empty, empty),
};

const engine = <Q extends object, R extends object>(name: string, request: Message<Q>, response: Message<R>) =>
  method(`/pulumirpc.Engine/${name}`, request, response);
/** What programs and providers call. */
export const engineMethods = {
  log: engine("Log", logRequest, empty),
  getRootResource: engine("GetRootResource", empty, urnMessage),
  setRootResource: engine("SetRootResource", urnMessage, empty),
  requirePulumiVersion: engine("RequirePulumiVersion", empty, empty),
};

const provider = <Q extends object, R extends object>(name: string, request: Message<Q>, response: Message<R>) =>
  method(`/pulumirpc.ResourceProvider/${name}`, request, response);
/** What the engine calls on providers. */
export const providerMethods = {
  getPluginInfo: provider("GetPluginInfo", empty, pluginInfo),
  checkConfig: provider("CheckConfig", checkRequest, checkResponse),
  diffConfig: provider("DiffConfig", diffRequest, diffResponse),
  configure: provider("Configure", configureRequest, configureResponse),
  invoke: provider("Invoke", invokeRequest, invokeResponse),
  call: provider("Call", callRequest, callResponse),
  check: provider("Check", checkRequest, checkResponse),
  diff: provider("Diff", diffRequest, diffResponse),
  create: provider("Create", createRequest, createResponse),
  read: provider("Read", readRequest, readResponse),
  update: provider("Update", updateRequest, updateResponse),
  delete: provider("Delete", deleteRequest, empty),
  cancel: provider("Cancel", empty, empty),
};
