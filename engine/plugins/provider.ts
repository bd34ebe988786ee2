/** A configured provider: the calls of its protocol with what the engine must add around them. */
import { randomBytes } from "node:crypto";
import {
  DiffChanges,
  providerMethods,
  type CallRequest,
  type CallResponse,
  type CheckRequest,
  type CheckResponse,
  type DiffRequest,
  type DiffResponse,
  type InvokeResponse,
} from "../rpc/protocol.ts";
import type { ResourceState } from "../state/types.ts";
import { parseUrn } from "../urn.ts";
import { dereference, equal, hasUnknown, keepSecrets, reveal, UNKNOWN, type PropertyMap } from "../values.ts";
import { isUnimplemented, type PluginClient } from "./client.ts";

/** A diff for which the provider says nothing: the inputs decide. */
export const UNKNOWN_DIFF: DiffResponse = {
  replaces: [],
  stables: [],
  deleteBeforeReplace: false,
  changes: DiffChanges.unknown,
  diffs: [],
  detailedDiff: {},
  hasDetailedDiff: false,
};

/** Inputs of a provider resource that are for the engine, not for the provider. */
const ENGINE_INPUTS = new Set(["version", "pluginDownloadURL", "__internal"]);

function forProvider(inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => !ENGINE_INPUTS.has(key)));
}

/** A provider of resources, with its configuration. */
export class Provider {
  readonly urn: string;
  readonly name: string;
  private readonly client: PluginClient;
  private inputs: PropertyMap = {};
  private configured: Promise<void> | undefined;
  private acceptsSecrets = false;
  private acceptsResources = false;
  private supportsPreview = false;
  private known = true;

  constructor(urn: string, client: PluginClient) {
    this.urn = urn;
    this.name = client.name;
    this.client = client;
  }

  /** Sets the configuration; it is sent before the first call that needs it. Unknown values leave the provider unconfigured. */
  configure(inputs: PropertyMap): void {
    this.inputs = inputs;
    this.known = !hasUnknown(inputs);
    this.configured = undefined;
  }

  private ready(): Promise<void> {
    this.configured ??= this.sendConfiguration();
    return this.configured;
  }

  private async sendConfiguration(): Promise<void> {
    const open = reveal(forProvider(this.inputs));
    const variables = Object.entries(open).map(([key, value]) => [
      `${this.name}:config:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const answer = await this.client.call(providerMethods.configure, {
      variables: Object.fromEntries(variables) as Record<string, string>,
      args: forProvider(this.inputs),
      acceptSecrets: true,
      acceptResources: true,
      sendsOldInputs: true,
      sendsOldInputsToDelete: true,
    });
    this.acceptsSecrets = answer.acceptSecrets;
    this.acceptsResources = answer.acceptResources;
    this.supportsPreview = answer.supportsPreview;
  }

  /** Values in the form that this provider takes. */
  private send(values: PropertyMap): PropertyMap {
    const plain = this.acceptsSecrets ? values : reveal(values);
    return this.acceptsResources ? plain : dereference(plain);
  }

  /** Checks a provider's configuration; providers without the method accept everything. */
  async checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckResponse> {
    const engine = Object.entries(news).filter(([key]) => ENGINE_INPUTS.has(key));
    try {
      const answer = await this.client.call(
        providerMethods.checkConfig,
        this.checkRequest(urn, forProvider(olds), forProvider(news)),
      );
      return { ...answer, inputs: { ...answer.inputs, ...Object.fromEntries(engine) } };
    } catch (error) {
      if (isUnimplemented(error)) return { inputs: news, failures: [] };
      throw error;
    }
  }

  /** Compares two configurations; providers without the method need no replacement for any change. */
  async diffConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResponse> {
    const changes = equal(olds, news) ? DiffChanges.none : DiffChanges.some;
    if (hasUnknown(news)) return { ...UNKNOWN_DIFF, changes };
    try {
      const answer = await this.client.call(providerMethods.diffConfig, {
        ...this.named(urn),
        id: "",
        olds: forProvider(olds),
        news: forProvider(news),
        ignoreChanges: [],
        oldInputs: forProvider(olds),
      });
      return answer.changes === DiffChanges.unknown ? { ...answer, changes } : answer;
    } catch (error) {
      if (isUnimplemented(error)) return { ...UNKNOWN_DIFF, changes };
      throw error;
    }
  }

  private named(urn: string): { urn: string; name: string; type: string } {
    const { name, type } = parseUrn(urn);
    return { urn, name, type };
  }

  private checkRequest(urn: string, olds: PropertyMap, news: PropertyMap): CheckRequest {
    return { ...this.named(urn), olds, news, randomSeed: randomBytes(32) };
  }

  /** Checks inputs and fills in defaults. */
  async check(
    urn: string,
    olds: PropertyMap,
    news: PropertyMap,
  ): Promise<{ inputs: PropertyMap; failures: CheckResponse["failures"] }> {
    if (!this.known) return { inputs: news, failures: [] };
    await this.ready();
    try {
      const answer = await this.client.call(
        providerMethods.check,
        this.checkRequest(urn, this.send(olds), this.send(news)),
      );
      // What a provider hands back in the open is still secret where the program said so.
      return { inputs: keepSecrets(answer.inputs ?? {}, news), failures: answer.failures };
    } catch (error) {
      if (isUnimplemented(error)) return { inputs: news, failures: [] };
      throw error;
    }
  }

  /** Compares what is with what shall be. */
  async diff(state: ResourceState, news: PropertyMap, ignoreChanges: readonly string[]): Promise<DiffResponse> {
    if (!this.known) return UNKNOWN_DIFF;
    await this.ready();
    const request: DiffRequest = {
      ...this.named(state.urn),
      id: state.id ?? "",
      olds: this.send(state.outputs ?? {}),
      oldInputs: this.send(state.inputs ?? {}),
      news: this.send(news),
      ignoreChanges: [...ignoreChanges],
    };
    try {
      return await this.client.call(providerMethods.diff, request);
    } catch (error) {
      if (isUnimplemented(error)) return UNKNOWN_DIFF;
      throw error;
    }
  }

  /** Creates the resource; in a preview says what its outputs would be. */
  async create(
    urn: string,
    inputs: PropertyMap,
    timeout: number,
    preview: boolean,
  ): Promise<{ id: string; outputs: PropertyMap }> {
    if (preview && !this.known) return { id: "", outputs: {} };
    await this.ready();
    // A provider that cannot preview is taken to echo its inputs; all other outputs are unknown.
    if (preview && !this.supportsPreview) return { id: "", outputs: inputs };
    const answer = await this.client.call(providerMethods.create, {
      ...this.named(urn),
      properties: this.send(inputs),
      timeout,
      preview,
    });
    return { id: answer.id, outputs: answer.properties ?? {} };
  }

  /** Updates the resource in place; in a preview says what its outputs would be. */
  async update(
    state: ResourceState,
    inputs: PropertyMap,
    options: { timeout: number; preview: boolean; ignoreChanges: readonly string[] },
  ): Promise<PropertyMap> {
    if (options.preview && !this.known) return {};
    await this.ready();
    if (options.preview && !this.supportsPreview) return inputs;
    const answer = await this.client.call(providerMethods.update, {
      ...this.named(state.urn),
      id: state.id ?? "",
      olds: this.send(state.outputs ?? {}),
      oldInputs: this.send(state.inputs ?? {}),
      news: this.send(inputs),
      timeout: options.timeout,
      preview: options.preview,
      ignoreChanges: [...options.ignoreChanges],
    });
    return answer.properties ?? {};
  }

  /** Deletes the resource. */
  async delete(state: ResourceState, timeout: number): Promise<void> {
    await this.ready();
    await this.client.call(providerMethods.delete, {
      ...this.named(state.urn),
      id: state.id ?? "",
      properties: this.send(state.outputs ?? {}),
      oldInputs: this.send(state.inputs ?? {}),
      timeout,
    });
  }

  /** Reads the resource as it is; undefined when there is none. */
  async read(
    urn: string,
    id: string,
    inputs: PropertyMap,
    outputs: PropertyMap,
  ): Promise<{ id: string; inputs: PropertyMap | undefined; outputs: PropertyMap } | undefined> {
    if (!this.known || id === UNKNOWN) return { id, inputs: undefined, outputs: {} };
    await this.ready();
    const answer = await this.client.call(providerMethods.read, {
      ...this.named(urn),
      id,
      properties: this.send(outputs),
      inputs: this.send(inputs),
    });
    if (answer.id === "") return undefined;
    return { id: answer.id, inputs: answer.inputs, outputs: answer.properties ?? {} };
  }

  /** Calls a function of the provider. */
  async invoke(tok: string, args: PropertyMap, preview: boolean): Promise<InvokeResponse> {
    if (!this.known) return { return: {}, failures: [] };
    await this.ready();
    return this.client.call(providerMethods.invoke, { tok, args: this.send(args), preview });
  }

  /** Calls a method of a resource. */
  async callMethod(request: CallRequest): Promise<CallResponse> {
    await this.ready();
    return this.client.call(providerMethods.call, { ...request, args: this.send(request.args) });
  }
}
