/** Default providers: registered when the first resource of a package asks for one. */
import { ResourceError } from "../errors.ts";
import { defaultProviderName, makeUrn, providerType } from "../urn.ts";
import { secret, type PropertyMap } from "../values.ts";
import type { Goal } from "./goal.ts";
import type { Registrar } from "./registrar.ts";

/** Gives each resource a provider reference. */
export class DefaultProviders {
  private readonly registrar: Registrar;
  private readonly references = new Map<string, Promise<string>>();

  constructor(registrar: Registrar) {
    this.registrar = registrar;
  }

  /** The reference that the program gave, or that of the package's default provider. */
  resolve(given: string, name: string, version: string): Promise<string> {
    if (given !== "") return Promise.resolve(given);
    const key = `${name}@${version}`;
    let found = this.references.get(key);
    if (!found) this.references.set(key, (found = this.register(name, version)));
    return found;
  }

  private async register(name: string, version: string): Promise<string> {
    const { context } = this.registrar;
    const type = providerType(name);
    const urn = makeUrn(context.stack, context.project.name, undefined, type, defaultProviderName(version));
    const inputs: PropertyMap = {};
    for (const [key, value] of Object.entries(context.config.values)) {
      if (!key.startsWith(`${name}:`)) continue;
      inputs[key.slice(name.length + 1)] = context.config.secretKeys.includes(key) ? secret(value) : value;
    }
    if (version !== "") inputs["version"] = version;
    const goal: Goal = {
      urn,
      type,
      name: defaultProviderName(version),
      custom: true,
      inputs,
      parent: "",
      protect: false,
      dependencies: [],
      propertyDependencies: {},
      provider: "",
      ignoreChanges: [],
      additionalSecretOutputs: [],
      aliases: [],
      importId: "",
      timeouts: {},
      deleteBeforeReplace: undefined,
      replaceOnChanges: [],
      retainOnDelete: false,
      deletedWith: "",
      replacementTrigger: undefined,
    };
    const { state } = await this.registrar.registerGoal(goal);
    if (!state) throw new ResourceError(`The default provider of ${name} could not be started.`, { urn });
    return `${urn}::${state.id ?? ""}`;
  }
}
