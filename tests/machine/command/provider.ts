/** The calls of the engine: which command runs when. */
import type {
  CheckRequest,
  CheckResponse,
  ConfigureResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  InvokeRequest,
  ReadRequest,
  ReadResponse,
  UpdateRequest,
  UpdateResponse,
} from "../../../engine/rpc/protocol.ts";
import { parseUrn } from "../../../engine/urn.ts";
import { isMap, UNKNOWN, type Json, type PropertyMap } from "../../../engine/values.ts";
import { hex, text } from "../../clouds/behaviour.ts";
import { schemaFaults } from "../../clouds/schema.ts";
import type { ServedProvider } from "../../clouds/serve.ts";
import { answer, changedKeys } from "../../clouds/service.ts";
import { runHere } from "./local.ts";
import type { Output, Work } from "./outcome.ts";
import { runThere, type Connection } from "./remote.ts";

const REMOTE = "command:remote:Command";
const LOCAL = "command:local:Command";

/** What is not done here, by type; of `connection` too. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  [REMOTE]: [],
  [LOCAL]: ["assetPaths", "archivePaths"],
};
const REFUSED_CONNECTION = ["password", "privateKeyPassword", "agentSocketPath", "proxy"];

const CONNECTION_DEFAULTS = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 } as const;

/** Runs commands. */
export class CommandProvider implements ServedProvider {
  private readonly aborter = new AbortController();

  configure(): ConfigureResponse {
    // Secrets arrive in the open and stay in this process; the engine keeps what it knows to be secret.
    return { acceptSecrets: false, supportsPreview: true, acceptResources: false, acceptOutputs: false };
  }

  /** There is nothing to configure. */
  diffConfig(): DiffResponse {
    return answer([], []);
  }

  check({ urn, news }: CheckRequest): CheckResponse {
    const type = typeOf(urn);
    const { connection } = news;
    const given = isMap(connection) ? connection : {};
    const refused = [
      ...(REFUSED[type] ?? []).filter((property) => news[property] !== undefined),
      ...REFUSED_CONNECTION.filter((property) => given[property] !== undefined).map((name) => `connection.${name}`),
    ];
    const failures = [
      ...schemaFaults(type, news),
      ...refused.map((property) => ({ property, reason: "the stand-in for the official plugin does not do this" })),
    ];
    const inputs = isMap(connection) ? { ...news, connection: { ...CONNECTION_DEFAULTS, ...connection } } : news;
    return { inputs, failures };
  }

  diff({ oldInputs, news }: DiffRequest): DiffResponse {
    const changed = changedKeys(oldInputs, news);
    return answer(
      changed,
      changed.filter((key) => key === "triggers"),
    );
  }

  async create({ urn, properties: inputs, preview }: CreateRequest): Promise<CreateResponse> {
    const { type, name } = parseUrn(urn);
    if (preview) return { id: "", properties: { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN } };
    const output = await this.run(type, "create", inputs, { stdout: "", stderr: "" });
    return { id: `${name}${hex(8)}`, properties: { ...inputs, ...output } };
  }

  /** Runs `update`, or else `create` again. */
  async update({ urn, news, olds, preview }: UpdateRequest): Promise<UpdateResponse> {
    if (preview) return { properties: { ...news, stdout: UNKNOWN, stderr: UNKNOWN } };
    const operation = news["update"] === undefined ? "create" : "update";
    const output = await this.run(typeOf(urn), operation, news, outputOf(olds));
    return { properties: { ...news, ...output } };
  }

  /** Nothing is known of a command but what it said. */
  read({ id, inputs, properties }: ReadRequest): ReadResponse {
    return { id, inputs, properties };
  }

  async delete({ urn, properties }: DeleteRequest): Promise<object> {
    await this.run(typeOf(urn), "delete", properties, outputOf(properties));
    return {};
  }

  invoke({ tok }: InvokeRequest): never {
    throw new Error(`The stand-in for the official plugin does not do ${tok}.`);
  }

  cancel(): void {
    this.aborter.abort(new Error("the engine gave up"));
  }

  /** @param before what the last command said: the next one finds it in its environment, and it stays when there is no command */
  private run(type: string, operation: string, inputs: PropertyMap, before: Output): Promise<Output> {
    const command = inputs[operation];
    if (typeof command !== "string") return Promise.resolve(before);
    const previous = inputs["addPreviousOutputInEnv"] === false ? { stdout: "", stderr: "" } : before;
    const work: Work = {
      command,
      stdin: text(inputs["stdin"]),
      environment: {
        ...textsOf(inputs["environment"]),
        ...(previous.stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: previous.stdout }),
        ...(previous.stderr === "" ? {} : { PULUMI_COMMAND_STDERR: previous.stderr }),
      },
      signal: this.aborter.signal,
    };
    if (type === REMOTE) return runThere(connectionOf(inputs["connection"]), work);
    const { interpreter, dir } = inputs;
    const given = Array.isArray(interpreter) ? interpreter.map(text) : [];
    return runHere({
      ...work,
      interpreter: given.length > 0 ? given : ["/bin/sh", "-c"],
      dir: typeof dir === "string" ? dir : undefined,
    });
  }
}

function connectionOf(value: Json | undefined): Connection {
  if (!isMap(value)) throw new Error("There is no connection.");
  const given: PropertyMap = { ...CONNECTION_DEFAULTS, ...value };
  const hostKey = given["hostKey"];
  return {
    host: text(given["host"]),
    port: Number(given["port"]),
    user: text(given["user"]),
    privateKey: text(given["privateKey"]),
    hostKey: typeof hostKey === "string" ? hostKey : undefined,
    dialErrorLimit: Number(given["dialErrorLimit"]),
    perDialTimeout: Number(given["perDialTimeout"]),
  };
}

function textsOf(value: Json | undefined): Record<string, string> {
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, text(item)])) : {};
}

function outputOf(properties: PropertyMap): Output {
  return { stdout: text(properties["stdout"]), stderr: text(properties["stderr"]) };
}

/** @throws when the type is not one of the two */
function typeOf(urn: string): string {
  const { type } = parseUrn(urn);
  if (type !== REMOTE && type !== LOCAL) throw new Error(`The stand-in for the official plugin does not do ${type}.`);
  return type;
}
