/** The methods of the Pulumi protocols that the engine speaks. */
import type { MethodDefinition } from "@grpc/grpc-js";
import type { Message } from "./message.ts";
import {
  empty,
  readResourceRequest,
  readResourceResponse,
  registerOutputsRequest,
  registerResourceRequest,
  registerResourceResponse,
  resourceCallRequest,
  resourceInvokeRequest,
  logRequest,
  featureRequest,
  featureResponse,
  urnMessage,
  pluginInfo,
} from "./program-messages.ts";
import {
  invokeRequest,
  invokeResponse,
  callRequest,
  callResponse,
  checkRequest,
  checkResponse,
  diffRequest,
  diffResponse,
  configureRequest,
  configureResponse,
  createRequest,
  createResponse,
  readRequest,
  readResponse,
  updateRequest,
  updateResponse,
  deleteRequest,
} from "./provider-messages.ts";
import { decode, encode } from "./wire.ts";

export * from "./program-messages.ts";
export * from "./provider-messages.ts";

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
