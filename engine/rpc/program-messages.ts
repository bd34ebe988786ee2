/** Messages between the program and the engine, with their field numbers. */
import type { Json, PropertyMap } from "../values.ts";
import { message } from "./message.ts";

/** A message without fields. */
export type Empty = Record<string, never>;
export const empty = message<Empty>({});

/** A list of URNs. */
export interface Urns {
  urns: string[];
}
export const urns = message<Urns>({ urns: [1, "strings"] });

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
export const readResourceRequest = message<ReadResourceRequest>({
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
export const readResourceResponse = message<ReadResourceResponse>({ urn: [1, "string"], properties: [2, "struct"] });

export interface ResourceInvokeRequest {
  tok: string;
  args?: PropertyMap;
  provider: string;
  version: string;
}
export const resourceInvokeRequest = message<ResourceInvokeRequest>({
  tok: [1, "string"],
  args: [2, "struct"],
  provider: [3, "string"],
  version: [4, "string"],
});
export interface ResourceCallRequest extends ResourceInvokeRequest {
  argDependencies: Record<string, Urns>;
}
export const resourceCallRequest = message<ResourceCallRequest>({
  tok: [1, "string"],
  args: [2, "struct"],
  argDependencies: [3, ["messageMap", () => urns]],
  provider: [4, "string"],
  version: [5, "string"],
});

export interface LogRequest {
  severity: number;
  message: string;
  urn: string;
  streamId: number;
  ephemeral: boolean;
}
export const logRequest = message<LogRequest>({
  severity: [1, "int"],
  message: [2, "string"],
  urn: [3, "string"],
  streamId: [4, "int"],
  ephemeral: [5, "bool"],
});
export interface FeatureRequest {
  id: string;
}
export const featureRequest = message<FeatureRequest>({ id: [1, "string"] });
export interface FeatureResponse {
  supported: boolean;
}
export const featureResponse = message<FeatureResponse>({ supported: [1, "bool"] });
export interface UrnMessage {
  urn: string;
}
export const urnMessage = message<UrnMessage>({ urn: [1, "string"] });
export interface PluginInfo {
  version: string;
}
export const pluginInfo = message<PluginInfo>({ version: [1, "string"] });
