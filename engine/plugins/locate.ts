/** Finds a provider's program: a folder that the project names, or an executable on the PATH. */
import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join, resolve } from "node:path";
import { errorMessage } from "../../lib/errors.ts";
import { ProviderNotFoundError, PluginError, UsageError } from "../errors.ts";
import { isRawMap, nodeArgsOf, readYaml, type Project } from "../project.ts";
import { NO_COMPILER, PRELOAD } from "./process.ts";

/** A command that starts a provider; the engine's address is added as the last argument. */
export interface PluginCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to the process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Commands that start providers, by package: they come before the project's own and the PATH. */
export type PluginCommands = Readonly<Record<string, Omit<PluginCommand, "name" | "cwd"> & { readonly cwd?: string }>>;

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a module as a file in `dir` would resolve it. */
export function resolveFrom(dir: string, module: string): string {
  return createRequire(join(realpathSync(dir), "index.js")).resolve(module);
}

/** Decides how a provider is started. Throws {@link ProviderNotFoundError} with what was searched. */
export function locateProvider(
  name: string,
  project: Project,
  plugins: PluginCommands = {},
  path = process.env["PATH"] ?? "",
): PluginCommand {
  const given = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  if (given) return { name, cwd: project.dir, ...given };
  const searched: string[] = [];
  const folder = project.providers[name];
  if (folder !== undefined) {
    const manifest = join(folder, "PulumiPlugin.yaml");
    if (existsSync(manifest)) return scripted(name, folder, manifest, project);
    searched.push(manifest);
    const binary = join(folder, `pulumi-resource-${name}`);
    if (executable(binary)) return { name, command: binary, args: [], cwd: folder };
    searched.push(binary);
  } else searched.push("plugins.providers in Pulumi.yaml");
  for (const dir of path.split(delimiter).filter((part) => part !== "")) {
    const binary = join(dir, `pulumi-resource-${name}`);
    if (executable(binary)) return { name, command: binary, args: [], cwd: project.dir };
  }
  searched.push(`pulumi-resource-${name} on the PATH`);
  throw new ProviderNotFoundError(name, searched);
}

function scripted(name: string, folder: string, manifest: string, project: Project): PluginCommand {
  const faults: string[] = [];
  const raw = readYaml(manifest, faults);
  const runtime = isRawMap(raw["runtime"]) ? raw["runtime"] : { name: raw["runtime"] };
  if (faults.length > 0) throw new PluginError(faults.join(" "), { name });
  if (runtime["name"] !== "nodejs") {
    throw new PluginError(
      `The provider ${name} has the runtime ${JSON.stringify(runtime["name"])}; only nodejs is supported.`,
      { name },
    );
  }
  const runner = runnerFrom(folder, project.dir);
  const options = runtime["options"];
  const preloads = isRawMap(options) && options["typescript"] === false ? [PRELOAD, NO_COMPILER] : [PRELOAD];
  return {
    name,
    command: process.execPath,
    args: [...preloads.flatMap((file) => ["--require", file]), ...nodeArgsOf(options), runner, folder],
    cwd: folder,
  };
}

/** The SDK's own starter of plugins, from the provider's dependencies or else the project's. */
function runnerFrom(...dirs: readonly string[]): string {
  let cause: unknown;
  for (const dir of dirs) {
    try {
      return resolveFrom(dir, "@pulumi/pulumi/cmd/run-plugin/index.js");
    } catch (error) {
      cause = error;
    }
  }
  throw new PluginError(`@pulumi/pulumi is not installed for ${dirs.join(" or ")}.`, { name: "pulumi" }, { cause });
}

/**
 * Reads a file of commands that start providers. They run in the file's folder, so that their paths may be relative to it. Throws
 * {@link UsageError} with every fault.
 */
export function readPlugins(path: string): PluginCommands {
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${errorMessage(error)}`);
  }
  if (!isRawMap(raw)) throw new UsageError(`${path} must be an object: {package: {command, args, env}}.`);
  const faults: string[] = [];
  const result: Record<string, PluginCommands[string]> = {};
  for (const [name, item] of Object.entries(raw)) {
    const { command, args = [], env = {}, ...rest } = isRawMap(item) ? item : {};
    const unknown = Object.keys(rest);
    if (typeof command !== "string" || command === "") faults.push(`${name}.command must be text`);
    else if (!isTexts(args)) faults.push(`${name}.args must be a list of texts`);
    else if (!isRawMap(env) || !isTexts(Object.values(env))) faults.push(`${name}.env must be an object of texts`);
    else if (unknown.length > 0) faults.push(`${name} has unknown keys (${unknown.join(", ")})`);
    else {
      // The engine's own Node, whatever the PATH says.
      const program = command === "node" ? process.execPath : command;
      result[name] = { command: program, args, env: env as Record<string, string>, cwd: dirname(resolve(path)) };
    }
  }
  if (faults.length > 0) throw new UsageError(`${path}: ${faults.join("; ")}.`);
  return result;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
