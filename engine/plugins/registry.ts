/** The providers of a run: one process for each provider resource, started when first needed (or ahead of time). */
import type { Project } from "../project.ts";
import type { StateModel } from "../state/model.ts";
import { packageOf, parseProviderRef, parseUrn } from "../urn.ts";
import type { PropertyMap } from "../values.ts";
import { ResourceError } from "../errors.ts";
import { PluginClient, type PluginHost } from "./client.ts";
import { locateProvider, type PluginCommands } from "./locate.ts";
import { Provider } from "./provider.ts";

/** Starts, finds and ends providers. */
export class ProviderRegistry {
  private readonly project: Project;
  private readonly host: PluginHost;
  private readonly model: StateModel;
  private readonly plugins: PluginCommands;
  /** Providers of this run's program by URN. */
  private readonly current = new Map<string, { readonly provider: Provider; id: string }>();
  /** Providers as the state has them, by reference: for deletes and refreshes. */
  private readonly stored = new Map<string, Provider>();
  /** Processes started ahead of time, by package. */
  private readonly spare = new Map<string, PluginClient>();
  private readonly clients: PluginClient[] = [];

  constructor(project: Project, host: PluginHost, model: StateModel, plugins: PluginCommands) {
    this.project = project;
    this.host = host;
    this.model = model;
    this.plugins = plugins;
  }

  /** Starts a process that will soon be wanted. Errors wait for whoever wants it. */
  prepare(name: string): void {
    if (this.spare.has(name)) return;
    try {
      this.spare.set(name, this.start(name));
    } catch {
      // Said when the provider is really needed.
    }
  }

  private start(name: string): PluginClient {
    const client = new PluginClient(locateProvider(name, this.project, this.plugins), this.host);
    this.clients.push(client);
    return client;
  }

  private create(urn: string): Provider {
    const name = packageOf(parseUrn(urn).type);
    const client = this.spare.get(name) ?? this.start(name);
    this.spare.delete(name);
    return new Provider(urn, client);
  }

  /** The provider that a provider resource of the program stands for; started at the first call. */
  open(urn: string): Provider {
    const found = this.current.get(urn);
    if (found) return found.provider;
    const provider = this.create(urn);
    this.current.set(urn, { provider, id: "" });
    return provider;
  }

  /** Gives the program's provider its configuration and the id that references carry. */
  configure(urn: string, id: string, inputs: PropertyMap): void {
    const provider = this.open(urn);
    provider.configure(inputs);
    this.current.set(urn, { provider, id });
  }

  /** The provider for a reference `urn::id` of the program. Throws {@link ResourceError} when it was not registered. */
  byReference(ref: string): Provider {
    const { urn } = parseProviderRef(ref);
    const found = this.current.get(urn);
    if (!found) throw new ResourceError(`The provider ${urn} is not registered.`, { urn });
    return found.provider;
  }

  /** The provider for a reference in the state: the program's own when it is the same one, else one with the state's inputs. */
  fromState(ref: string): Provider {
    const { urn, id } = parseProviderRef(ref);
    const live = this.current.get(urn);
    if (live?.id === id) return live.provider;
    const known = this.stored.get(ref);
    if (known) return known;
    const states = [this.model.live.get(urn), ...this.model.condemned.values()];
    const state = states.find((item) => item?.urn === urn && item.id === id) ?? this.model.live.get(urn);
    if (!state) throw new ResourceError(`The state does not have the provider ${ref}.`, { urn });
    const provider = this.create(urn);
    provider.configure(state.inputs ?? {});
    this.stored.set(ref, provider);
    return provider;
  }

  /** Asks every provider to give up what it does. */
  async cancel(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.cancel()));
  }

  /** Ends every provider process. */
  async close(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
  }

  /** Kills every provider process. */
  kill(): void {
    for (const client of this.clients) client.kill();
  }
}
