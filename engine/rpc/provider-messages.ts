/** Messages between the engine and providers, with their field numbers. */
import type { PropertyMap } from "../values.ts";
import { message } from "./message.ts";
import { urns, type Urns } from "./program-messages.ts";

/** One fault that a provider found in the inputs. */
export interface CheckFailure {
  property: string;
  reason: string;
}
export const checkFailure = message<CheckFailure>({ property: [1, "string"], reason: [2, "string"] });

export interface InvokeRequest {
  tok: string;
  args: PropertyMap;
  preview: boolean;
}
export const invokeRequest = message<InvokeRequest>({ tok: [1, "string"], args: [2, "struct"], preview: [7, "bool"] });
export interface InvokeResponse {
  return?: PropertyMap;
  failures: CheckFailure[];
}
export const invokeResponse = message<InvokeResponse>({
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
export const callRequest = message<CallRequest>({
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
export const callResponse = message<CallResponse>({
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
export const checkRequest = message<CheckRequest>({
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
export const checkResponse = message<CheckResponse>({
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
export const diffRequest = message<DiffRequest>({
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
export const propertyDiff = message<PropertyDiffMessage>({ kind: [1, "int"], inputDiff: [2, "bool"] });
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
export const diffResponse = message<DiffResponse>({
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
export const configureRequest = message<ConfigureRequest>({
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
export const configureResponse = message<ConfigureResponse>({
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
export const createRequest = message<CreateRequest>({
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
export const createResponse = message<CreateResponse>({ id: [1, "string"], properties: [2, "struct"] });

export interface ReadRequest {
  id: string;
  urn: string;
  properties: PropertyMap;
  inputs: PropertyMap;
  name: string;
  type: string;
}
export const readRequest = message<ReadRequest>({
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
export const readResponse = message<ReadResponse>({
  id: [1, "string"],
  properties: [2, "struct"],
  inputs: [3, "struct"],
});

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
export const updateRequest = message<UpdateRequest>({
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
export const updateResponse = message<UpdateResponse>({ properties: [1, "struct"] });

export interface DeleteRequest {
  id: string;
  urn: string;
  properties: PropertyMap;
  timeout: number;
  oldInputs: PropertyMap;
  name: string;
  type: string;
}
export const deleteRequest = message<DeleteRequest>({
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
export const anyMessage = message<AnyMessage>({ typeUrl: [1, "string"], value: [2, "bytes"] });
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
