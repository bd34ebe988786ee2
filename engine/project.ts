/** Pulumi.yaml and Pulumi.<stack>.yaml: read, checked as a whole, and turned into what a program is given. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { errorMessage } from "../lib/errors.ts";
import { ProjectError } from "./errors.ts";
import type { Passphrase } from "./secrets.ts";
import type { Json } from "./values.ts";

/** A key of the configuration as Pulumi.yaml declares it. */
export interface ConfigDeclaration {
  readonly type?: "string" | "boolean" | "integer" | "array" | "object";
  readonly default?: Json;
  readonly value?: Json;
  readonly secret?: boolean;
}

/** Pulumi.yaml. */
export interface Project {
  readonly dir: string;
  readonly name: string;
  /** Where the program runs. */
  readonly workDir: string;
  /** What is run there: a file's name, or `.` to let package.json say. */
  readonly entry: string;
  readonly nodeArgs: readonly string[];
  readonly typescript: boolean;
  readonly config: Readonly<Record<string, ConfigDeclaration>>;
  /** Folders of providers that the project brings along, by name. */
  readonly providers: Readonly<Record<string, string>>;
}

/** A stack's configuration as the program gets it. */
export interface StackConfig {
  /** Full keys (`namespace:name`) with their values; structured ones as JSON. */
  readonly values: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  /** The salt of Pulumi.<stack>.yaml. */
  readonly salt: string | undefined;
}

interface RawProject {
  name?: unknown;
  main?: unknown;
  runtime?: unknown;
  config?: unknown;
  plugins?: { providers?: unknown } | null;
}

type RawMap = Record<string, unknown>;

/** Whether a parsed YAML value is a mapping. */
export function isRawMap(value: unknown): value is RawMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a YAML file as a mapping; faults are added to the list. */
export function readYaml(path: string, faults: string[]): RawMap {
  let value: unknown;
  try {
    value = parse(readFileSync(path, "utf8"));
  } catch (error) {
    faults.push(`${path} cannot be read: ${errorMessage(error)}`);
    return {};
  }
  if (value === null || value === undefined) return {};
  if (isRawMap(value)) return value;
  faults.push(`${path} must be a mapping.`);
  return {};
}

/** Splits the text of `nodeargs` as a shell would, quotes included. */
export function splitArgs(text: string): string[] {
  const found = text.match(/(?:"[^"]*"|'[^']*'|[^\s"']+)+/g) ?? [];
  return found.map((part) => part.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** The nodeargs of a `runtime` entry. */
export function nodeArgsOf(options: unknown): string[] {
  const given = isRawMap(options) ? options["nodeargs"] : undefined;
  if (typeof given === "string") return splitArgs(given);
  return Array.isArray(given) ? given.map(String) : [];
}

/** Reads Pulumi.yaml of a folder. Throws {@link ProjectError} with every fault. */
export function readProject(projectDir: string): Project {
  const dir = resolve(projectDir);
  const path = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(dir, name)).find((file) => existsSync(file));
  if (path === undefined) throw new ProjectError([`There is no Pulumi.yaml in ${dir}.`]);
  const faults: string[] = [];
  const raw = readYaml(path, faults) as RawProject;
  const name = typeof raw.name === "string" ? raw.name : "";
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(name)) {
    faults.push("Pulumi.yaml: `name` must be letters, digits, `-`, `_` or `.`.");
  }
  const runtime = isRawMap(raw.runtime) ? raw.runtime : { name: raw.runtime };
  if (runtime["name"] !== "nodejs")
    faults.push("Pulumi.yaml: `runtime` must be nodejs; this engine runs no other language.");
  const options = isRawMap(runtime["options"]) ? runtime["options"] : {};
  const place = placeOf(dir, raw.main, faults);
  const project: Project = {
    dir,
    name,
    ...place,
    nodeArgs: nodeArgsOf(options),
    typescript: options["typescript"] !== false,
    config: declarations(raw.config, faults),
    providers: providersOf(dir, raw.plugins?.providers, faults),
  };
  if (faults.length > 0) throw new ProjectError(faults);
  return project;
}

function placeOf(dir: string, main: unknown, faults: string[]): { workDir: string; entry: string } {
  if (main === undefined || main === null || main === "") return { workDir: dir, entry: "." };
  if (typeof main !== "string") {
    faults.push("Pulumi.yaml: `main` must be a path.");
    return { workDir: dir, entry: "." };
  }
  const path = resolve(dir, main);
  if (!existsSync(path)) faults.push(`Pulumi.yaml: \`main\` names ${main}, which does not exist.`);
  else if (statSync(path).isDirectory()) return { workDir: path, entry: "." };
  return { workDir: dirname(path), entry: path.slice(dirname(path).length + 1) };
}

function providersOf(dir: string, given: unknown, faults: string[]): Record<string, string> {
  const result: Record<string, string> = {};
  if (given === undefined || given === null) return result;
  if (!Array.isArray(given)) {
    faults.push("Pulumi.yaml: `plugins.providers` must be a list.");
    return result;
  }
  for (const [index, item] of given.entries()) {
    const { name, path } = (isRawMap(item) ? item : {}) as { name?: unknown; path?: unknown };
    if (typeof name !== "string" || typeof path !== "string") {
      faults.push(`Pulumi.yaml: \`plugins.providers[${index}]\` needs a name and a path.`);
    } else if (!existsSync(resolve(dir, path))) {
      faults.push(`Pulumi.yaml: the provider ${name} has the path ${path}, which does not exist.`);
    } else result[name] = resolve(dir, path);
  }
  return result;
}

const TYPES = ["string", "boolean", "integer", "array", "object"];

function declarations(given: unknown, faults: string[]): Record<string, ConfigDeclaration> {
  const result: Record<string, ConfigDeclaration> = {};
  if (given === undefined || given === null) return result;
  if (!isRawMap(given)) {
    faults.push("Pulumi.yaml: `config` must be a mapping.");
    return result;
  }
  for (const [key, item] of Object.entries(given)) {
    // `key: value` is short for a default.
    if (!isRawMap(item)) result[key] = { default: item as Json };
    else if (item["type"] !== undefined && !TYPES.includes(item["type"] as string)) {
      faults.push(`Pulumi.yaml: \`config.${key}.type\` must be one of ${TYPES.join(", ")}.`);
    } else result[key] = item as ConfigDeclaration;
  }
  return result;
}

/** Path of a stack's configuration file. */
export function stackFile(project: Project, stack: string): string {
  return join(project.dir, `Pulumi.${stack}.yaml`);
}

/** Reads a stack's configuration, with the project's defaults. Throws {@link ProjectError} with every fault. */
export async function readStackConfig(
  project: Project,
  stack: string,
  passphrase: Passphrase,
  overrides: Readonly<Record<string, string>> = {},
): Promise<StackConfig> {
  const faults: string[] = [];
  const path = stackFile(project, stack);
  const raw = existsSync(path) ? readYaml(path, faults) : {};
  const salt = typeof raw["encryptionsalt"] === "string" ? raw["encryptionsalt"] : undefined;
  const given = raw["config"] ?? {};
  if (!isRawMap(given)) faults.push(`Pulumi.${stack}.yaml: \`config\` must be a mapping.`);
  const values: Record<string, string> = {};
  const secretKeys = new Set<string>();
  const declaredKeys = Object.entries(project.config).map(([key, item]) => [fullKey(project, key), item] as const);
  for (const [key, declared] of declaredKeys) {
    const value = declared.value ?? declared.default;
    if (value !== undefined) values[key] = text(value);
    if (declared.secret === true) secretKeys.add(key);
  }
  for (const [name, value] of Object.entries(isRawMap(given) ? given : {})) {
    const key = fullKey(project, name);
    try {
      const { plain, secret } = await decrypt(value, salt, passphrase, `Pulumi.${stack}.yaml has the secret ${key}`);
      values[key] = text(plain);
      if (secret) secretKeys.add(key);
    } catch (error) {
      // A missing or wrong passphrase concerns every secret alike: say it once.
      if (!faults.includes(errorMessage(error))) faults.push(errorMessage(error));
    }
  }
  for (const [name, value] of Object.entries(overrides)) values[fullKey(project, name)] = value;
  for (const [key, declared] of declaredKeys) faults.push(...checkType(key, declared, values[key], stack));
  if (faults.length > 0) throw new ProjectError(faults);
  return { values, secretKeys: [...secretKeys], salt };
}

/** A key with its namespace: the project's when it has none. */
export function fullKey(project: Project, key: string): string {
  return key.includes(":") ? key : `${project.name}:${key}`;
}

/** A value as the CLI hands it on: structured ones as Go writes JSON, with sorted keys, because it ends up in the state as a text. */
function text(value: Json): string {
  if (typeof value === "string") return value;
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRawMap(value)) return value;
  const entries = Object.entries(value as Record<string, Json>).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

async function decrypt(
  value: unknown,
  salt: string | undefined,
  passphrase: Passphrase,
  why: string,
): Promise<{ plain: Json; secret: boolean }> {
  if (isRawMap(value) && Object.keys(value).length === 1 && typeof value["secure"] === "string") {
    if (salt === undefined) throw new ProjectError([`${why}, but no encryptionsalt.`]);
    return { plain: (await passphrase.crypter(salt, why)).decrypt(value["secure"]), secret: true };
  }
  if (Array.isArray(value)) {
    const parts = await Promise.all(value.map((item) => decrypt(item, salt, passphrase, why)));
    return { plain: parts.map((part) => part.plain), secret: parts.some((part) => part.secret) };
  }
  if (isRawMap(value)) {
    const parts = await Promise.all(
      Object.entries(value).map(async ([key, item]) => [key, await decrypt(item, salt, passphrase, why)] as const),
    );
    return {
      plain: Object.fromEntries(parts.map(([key, part]) => [key, part.plain])),
      secret: parts.some(([, part]) => part.secret),
    };
  }
  return { plain: (value ?? null) as Json, secret: false };
}

function checkType(key: string, declared: ConfigDeclaration, value: string | undefined, stack: string): string[] {
  if (value === undefined) {
    // A key of another namespace without a default only says that the key may be there.
    return declared.type === undefined
      ? []
      : [`The configuration value ${key} is missing. Set it in Pulumi.${stack}.yaml.`];
  }
  let parsed: unknown = value;
  if (declared.type !== undefined && declared.type !== "string") {
    try {
      parsed = JSON.parse(value);
    } catch {
      parsed = undefined;
    }
  }
  const fits =
    declared.type === undefined ||
    (declared.type === "string" && typeof parsed === "string") ||
    (declared.type === "boolean" && typeof parsed === "boolean") ||
    (declared.type === "integer" && Number.isInteger(parsed)) ||
    (declared.type === "array" && Array.isArray(parsed)) ||
    (declared.type === "object" && isRawMap(parsed));
  return fits ? [] : [`The configuration value ${key} must be of the type ${declared.type ?? "any"}.`];
}
