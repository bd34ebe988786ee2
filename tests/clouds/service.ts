/** One simulated provider: the calls of pulumirpc.ResourceProvider over a cloud's state and its types' behaviours. */
import { DiffChanges } from "../../engine/rpc/protocol.ts";
import type {
  CheckRequest,
  CheckResponse,
  ConfigureRequest,
  ConfigureResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  InvokeRequest,
  InvokeResponse,
  ReadRequest,
  ReadResponse,
  UpdateRequest,
  UpdateResponse,
} from "../../engine/rpc/protocol.ts";
import { parseUrn } from "../../engine/urn.ts";
import { equal, hasUnknown, isMap, UNKNOWN, type Json, type PropertyMap } from "../../engine/values.ts";
import { text, type Behaviour, type Making } from "./behaviour.ts";
import type { Cloud, Thing } from "./cloud.ts";
import type { Package } from "./package.ts";
import { schemaFaults, schemaOf } from "./schema.ts";
import type { ServedProvider } from "./serve.ts";

/** Serves one package. */
export class SimulatedProvider implements ServedProvider {
  private readonly simulated: Package;
  private readonly cloud: Cloud;
  private readonly delayMs: number;
  private config: PropertyMap = {};

  constructor(simulated: Package, cloud: Cloud, delayMs: number) {
    this.simulated = simulated;
    this.cloud = cloud;
    this.delayMs = delayMs;
  }

  configure(request: ConfigureRequest): ConfigureResponse {
    this.config = request.args;
    // Secrets arrive in the open, as they would at a cloud; the engine keeps what it knows to be secret.
    return { acceptSecrets: false, supportsPreview: true, acceptResources: false, acceptOutputs: false };
  }

  /** A provider of another region reaches other things. */
  diffConfig(request: DiffRequest): DiffResponse {
    const changed = changedKeys(request.olds, request.news);
    return answer(
      changed,
      changed.filter((key) => key === "region"),
    );
  }

  check(request: CheckRequest): CheckResponse {
    const type = typeOf(request.urn);
    const behaviour = this.behaviour(type);
    const inputs: PropertyMap = { ...request.news };
    const failures = [...schemaFaults(type, inputs), ...(behaviour.faults?.(inputs) ?? [])];
    const { autoName } = behaviour;
    if (autoName !== undefined && inputs[autoName] === undefined) {
      const suffix = Buffer.from(request.randomSeed).toString("hex").slice(0, 7);
      const given = request.olds[autoName] ?? this.repeated(type, request.urn)?.inputs[autoName];
      inputs[autoName] = given ?? `${parseUrn(request.urn).name}-${suffix}`;
    }
    return { inputs, failures };
  }

  diff(request: DiffRequest): DiffResponse {
    const type = typeOf(request.urn);
    this.acknowledge(type, request.id);
    const changed = changedKeys(request.oldInputs, request.news);
    const replace = this.behaviour(type).replace ?? [];
    return answer(
      changed,
      changed.filter((key) => replace.includes(key)),
    );
  }

  async create(request: CreateRequest): Promise<CreateResponse> {
    const type = typeOf(request.urn);
    const behaviour = this.behaviour(type);
    const inputs = request.properties;
    if (request.preview) {
      const computed = this.computed(type).map((key): [string, Json] => [key, UNKNOWN]);
      return { id: "", properties: { ...Object.fromEntries(computed), ...inputs } };
    }
    if (hasUnknown(inputs)) throw new Error("the inputs hold unknown values");
    this.checkReferences(behaviour, inputs);
    const repeated = this.repeated(type, request.urn);
    const key = behaviour.unique?.(inputs);
    const twin = this.cloud
      .all(type)
      .find((thing) => thing.id !== repeated?.id && behaviour.unique?.(thing.inputs) === key);
    if (key !== undefined && twin) throw new Error(`${key} already exists (${twin.id})`);
    const base = { inputs, config: this.config, before: repeated?.outputs ?? {}, find: this.find };
    const id = repeated?.id ?? behaviour.id(base);
    const making: Making = { ...base, id };
    await this.delay();
    const thing: Thing = {
      type,
      id,
      urn: request.urn,
      inputs,
      outputs: this.outputs(type, making),
      acknowledged: false,
    };
    this.cloud.put(thing);
    behaviour.notify?.("create", making);
    await this.delay();
    return { id, properties: { ...thing.outputs, ...inputs } };
  }

  async update(request: UpdateRequest): Promise<UpdateResponse> {
    const type = typeOf(request.urn);
    const behaviour = this.behaviour(type);
    const { unsettles = {} } = behaviour;
    const computed = Object.fromEntries(
      this.computed(type).map((key): [string, Json] => [key, request.olds[key] ?? null]),
    );
    const changed = changedKeys(request.oldInputs, request.news);
    const refused = behaviour.refuse?.(request.oldInputs, request.news);
    if (refused !== undefined) throw new Error(refused);
    if (request.preview) {
      for (const key of changed.flatMap((name) => unsettles[name] ?? [])) computed[key] = UNKNOWN;
      return { properties: { ...computed, ...request.news } };
    }
    if (hasUnknown(request.news)) throw new Error("the inputs hold unknown values");
    const found = this.cloud.get(type, request.id);
    if (!found) throw new Error(`${type} ${request.id} does not exist`);
    this.checkReferences(behaviour, request.news);
    const making: Making = {
      id: request.id,
      inputs: request.news,
      config: this.config,
      before: found.outputs,
      find: this.find,
    };
    await this.delay();
    const outputs = this.outputs(type, making);
    this.cloud.put({ ...found, inputs: request.news, outputs, acknowledged: true });
    behaviour.notify?.("update", making);
    return { properties: { ...outputs, ...request.news } };
  }

  read(request: ReadRequest): ReadResponse {
    const type = typeOf(request.urn);
    this.behaviour(type);
    const thing = this.cloud.get(type, request.id);
    if (!thing) return { id: "" };
    this.acknowledge(type, request.id);
    return { id: thing.id, inputs: thing.inputs, properties: { ...thing.outputs, ...thing.inputs } };
  }

  async delete(request: DeleteRequest): Promise<object> {
    const type = typeOf(request.urn);
    const behaviour = this.behaviour(type);
    const thing = this.cloud.get(type, request.id);
    if (!thing) return {};
    const { guard } = behaviour;
    if (guard !== undefined && thing.inputs[guard] === true) {
      throw new Error(`${type} ${thing.id} is protected by ${guard}`);
    }
    const user = this.usersOf(thing)[0];
    if (user) throw new Error(`${type} ${thing.id} is in use by ${user.type} ${user.id}`);
    await this.delay();
    this.cloud.remove(type, request.id);
    behaviour.notify?.("delete", {
      id: thing.id,
      inputs: thing.inputs,
      config: this.config,
      before: thing.outputs,
      find: this.find,
    });
    return {};
  }

  invoke(request: InvokeRequest): InvokeResponse {
    const work = this.simulated.functions?.[request.tok];
    if (!work) throw new Error(`The simulated cloud has no function ${request.tok}.`);
    return { return: hasUnknown(request.args) ? {} : work(request.args, this.config), failures: [] };
  }

  /** Changes of a cloud are not given up half-way. */
  cancel(): void {
    return undefined;
  }

  private readonly find = (type: string, id: Json | undefined): Thing | undefined => this.cloud.get(type, text(id));

  /**
   * What a create that was cut off left behind. The same create coming again is the same request: clouds tell by a token of the
   * client or by the name, here the URN does.
   */
  private repeated(type: string, urn: string): Thing | undefined {
    return this.cloud.all(type).find((thing) => thing.urn === urn && !thing.acknowledged);
  }

  private outputs(type: string, making: Making): PropertyMap {
    const { computed, inputs } = schemaOf(type);
    const given = this.behaviour(type).outputs?.(making) ?? {};
    const foreign = Object.keys(given).filter((key) => !computed.includes(key) && !inputs.has(key));
    if (foreign.length > 0) throw new Error(`The simulation of ${type} gives ${foreign.join(", ")}, which it has not.`);
    return given;
  }

  /** What the cloud says of a thing, and not the program. */
  private computed(type: string): readonly string[] {
    return [...schemaOf(type).computed, ...(this.behaviour(type).fills ?? [])];
  }

  private behaviour(type: string): Behaviour {
    const found = this.simulated.types[type];
    if (!found) throw new Error(`The simulated clouds do not know ${type}: add it to tests/clouds/packages.`);
    return found;
  }

  private acknowledge(type: string, id: string): void {
    const thing = this.cloud.get(type, id);
    if (thing && !thing.acknowledged) this.cloud.put({ ...thing, acknowledged: true });
  }

  private checkReferences(behaviour: Behaviour, inputs: PropertyMap): void {
    for (const [path, { type }] of Object.entries(behaviour.refers ?? {})) {
      for (const value of valuesAt(inputs, path)) {
        if (!this.find(type, value)) throw new Error(`${path}: there is no ${type} ${text(value)}`);
      }
    }
  }

  /** Things that stop the deletion of one. */
  private usersOf(thing: Thing): Thing[] {
    return this.cloud.all().filter((other) => {
      const refers = Object.entries(this.simulated.types[other.type]?.refers ?? {});
      return refers.some(
        ([path, { type, blocks }]) =>
          blocks === true &&
          type === thing.type &&
          valuesAt(other.inputs, path).some((value) => text(value) === thing.id),
      );
    });
  }

  private delay(): Promise<void> {
    return this.delayMs === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, this.delayMs));
  }
}

/** A difference in inputs. */
export function answer(changed: string[], replaces: string[]): DiffResponse {
  return {
    changes: changed.length > 0 ? DiffChanges.some : DiffChanges.none,
    diffs: changed,
    replaces,
    stables: [],
    deleteBeforeReplace: false,
    detailedDiff: {},
    hasDetailedDiff: false,
  };
}

/** Inputs that are not what they were. */
export function changedKeys(olds: PropertyMap, news: PropertyMap): string[] {
  return [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
    (key) => !key.startsWith("__") && key !== "version" && !equal(olds[key], news[key]),
  );
}

function typeOf(urn: string): string {
  return parseUrn(urn).type;
}

/** The values at a path such as `publicNets[].ipv4`; none where something on the way is missing. */
function valuesAt(inputs: PropertyMap, path: string): Json[] {
  return path.split(".").reduce<Json[]>(
    (values, step) => {
      const key = step.replace("[]", "");
      const next = values.map((value) => (isMap(value) ? value[key] : undefined));
      const all = step.endsWith("[]") ? next.flatMap((value) => (Array.isArray(value) ? value : [])) : next;
      return all.filter((value): value is Json => value !== undefined && value !== null);
    },
    [inputs],
  );
}
