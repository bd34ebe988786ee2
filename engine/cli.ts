/** Carries out a command line. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { EthstakeError, errorMessage } from "../lib/errors.ts";
import { HELP, readArguments, type Arguments } from "./args.ts";
import { getConfig, listConfig, setConfig } from "./configfile.ts";
import { Display } from "./display/display.ts";
import { formatOutputs } from "./display/format.ts";
import { UsageError } from "./errors.ts";
import { readPlugins } from "./plugins/locate.ts";
import * as engine from "./index.ts";
import type { ChangeCounts, RunResult } from "./events.ts";

/** Asked for at run time: it stays a file of its own, which knows where it is. */
const { load } = createRequire(import.meta.url)("../lib/typescript.cjs") as typeof import("../lib/typescript.cjs");

/** The streams of a command; tests give their own. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream | { write: (text: string) => unknown; isTTY?: boolean };
  readonly stderr: NodeJS.WriteStream | { write: (text: string) => unknown; isTTY?: boolean };
  readonly stdin: NodeJS.ReadStream | { isTTY?: boolean };
}

/** Runs a command; gives the exit code: 0, or 1 after a failure or refusal. */
export async function main(argv: readonly string[], streams: Streams = process): Promise<number> {
  let args: Arguments | undefined;
  try {
    args = readArguments(argv);
    if (!args) {
      streams.stdout.write(HELP);
      return 0;
    }
    return await execute(args, streams);
  } catch (error) {
    const code = error instanceof EthstakeError ? error.code : undefined;
    streams.stderr.write(`error: ${errorMessage(error)}\n`);
    if (code === undefined && error instanceof Error && error.stack !== undefined)
      streams.stderr.write(`${error.stack}\n`);
    if (args?.json ?? argv.includes("--json")) {
      streams.stdout.write(
        `${JSON.stringify({ error: errorMessage(error), ...(code === undefined ? {} : { code }) })}\n`,
      );
    }
    return 1;
  }
}

function execute(args: Arguments, streams: Streams): Promise<number> | number {
  const options = stackOptions(args);
  switch (args.command) {
    case "output":
      return printOutputs(args, streams);
    case "export":
      return exportTo(args, JSON.stringify(engine.exportStack(options), undefined, 2), streams);
    case "import":
      return engine.importStack(options, readFileSync(args.file ?? 0, "utf8")).then(() => 0);
    case "config":
      return configure(args, streams);
    default:
      return operate(args, streams);
  }
}

function stackOptions(args: Arguments): engine.StackOptions {
  return {
    projectDir: args.cwd,
    stack: args.stack,
    ...(args.stateDir === undefined ? {} : { stateDir: args.stateDir }),
  };
}

function exportTo(args: Arguments, text: string, streams: Streams): number {
  if (args.file === undefined) streams.stdout.write(`${text}\n`);
  else writeFileSync(args.file, `${text}\n`, { mode: 0o600 });
  return 0;
}

async function printOutputs(args: Arguments, streams: Streams): Promise<number> {
  const { outputs } = await engine.outputs({ ...stackOptions(args), showSecrets: args.showSecrets });
  const [name] = args.rest;
  if (name !== undefined) {
    if (!Object.hasOwn(outputs, name)) throw new UsageError(`The stack has no output "${name}".`);
    const value = outputs[name] ?? null;
    streams.stdout.write(`${typeof value === "string" && !args.json ? value : JSON.stringify(value)}\n`);
  } else if (args.json) streams.stdout.write(`${JSON.stringify(outputs)}\n`);
  else
    streams.stdout.write(
      formatOutputs(outputs)
        .map((line) => `${line}\n`)
        .join(""),
    );
  return 0;
}

async function configure(args: Arguments, streams: Streams): Promise<number> {
  const [verb = "list", key, value] = args.rest;
  const options = stackOptions(args);
  if (verb === "list") {
    const lines = await listConfig(options, args.showSecrets);
    streams.stdout.write(
      args.json
        ? `${JSON.stringify(Object.fromEntries(lines))}\n`
        : lines.map(([name, text]) => `${name}  ${text}\n`).join(""),
    );
    return 0;
  }
  if (key === undefined) throw new UsageError(`config ${verb} needs a key.`);
  if (verb === "get") {
    streams.stdout.write(`${await getConfig(options, key)}\n`);
    return 0;
  }
  if (verb !== "set") throw new UsageError(`There is no config ${verb}.`, "Use config, config get or config set.");
  await setConfig(options, key, value ?? readFileSync(0, "utf8").replace(/\n$/, ""), args.secret);
  return 0;
}

/** Whether anything but `same` and `read` happened. */
function changed(changes: ChangeCounts): boolean {
  return changes.create + changes.update + changes.replace + changes.delete + (changes.import ?? 0) > 0;
}

async function operate(args: Arguments, streams: Streams): Promise<number> {
  const human = args.json ? streams.stderr : streams.stdout;
  const display = new Display(human);
  const interrupt = interruptible(streams);
  const policies = args.policyPack === undefined ? undefined : await policyPack(args.policyPack);
  const options: engine.RunOptions = {
    ...stackOptions(args),
    ...(policies ? { policies } : {}),
    ...(args.parallel === undefined ? {} : { parallel: args.parallel }),
    refresh: args.refresh,
    showSecrets: args.showSecrets,
    ...(args.plugins === undefined ? {} : { plugins: readPlugins(args.plugins) }),
    onEvent: display.onEvent,
    signal: interrupt.signal,
    killSignal: interrupt.killSignal,
  };
  try {
    if (args.message !== undefined) human.write(`${args.message}\n`);
    if (args.command !== "preview" && !args.yes && !(await confirmed(args, options, streams))) return 1;
    let result = await operations[args.command as keyof typeof operations](options);
    if (result.ok && args.expectNoChanges && changed(result.changes)) {
      const error = "Changes were not expected.";
      streams.stderr.write(`error: ${error}\n`);
      result = { ...result, ok: false, error };
    }
    if (args.json) streams.stdout.write(`${JSON.stringify(jsonResult(result))}\n`);
    return result.ok ? 0 : 1;
  } finally {
    display.stop();
    interrupt.dispose();
  }
}

/** The rules of a policy pack, which it exports from its `engine.ts`. */
async function policyPack(dir: string): Promise<engine.PolicyFactory> {
  const entry = resolve(dir, "engine.ts");
  if (!existsSync(entry)) throw new UsageError(`The policy pack ${dir} has no engine.ts.`, "Use --policy-pack policy.");
  const { policies } = (await load(entry)) as { policies?: unknown };
  if (typeof policies !== "function") throw new UsageError(`${entry} does not export the function policies.`);
  return policies as engine.PolicyFactory;
}

const operations = { up: engine.up, preview: engine.preview, destroy: engine.destroy, refresh: engine.refresh };

/** Shows what would happen and asks. Refuses where nobody can answer. */
async function confirmed(args: Arguments, options: engine.RunOptions, streams: Streams): Promise<boolean> {
  if (streams.stdin.isTTY !== true || args.json) {
    throw new UsageError(`${args.command} asks before it changes anything, and nobody can answer here.`, "Add --yes.");
  }
  if (args.command === "up" && !(await engine.preview(options)).ok) return false;
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await questions.question(`Perform this ${args.command} of ${args.stack}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    questions.close();
  }
}

/** The object that `--json` prints. */
export function jsonResult(result: RunResult): object {
  return {
    changes: result.changes,
    outputs: result.outputs,
    ...(result.operation === "preview" || result.operation === "refresh" ? { steps: result.steps } : {}),
    ...(result.ok
      ? {}
      : { error: result.error, diagnostics: result.diagnostics.filter(({ severity }) => severity !== "info") }),
  };
}

/** The first Ctrl-C lets running steps end, the second kills. */
function interruptible(streams: Streams): { signal: AbortSignal; killSignal: AbortSignal; dispose: () => void } {
  const gentle = new AbortController();
  const hard = new AbortController();
  const onSignal = (): void => {
    if (!gentle.signal.aborted) {
      streams.stderr.write("Interrupted: waiting for running steps. Once more kills them.\n");
      gentle.abort();
    } else hard.abort();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, onSignal);
  return {
    signal: gentle.signal,
    killSignal: hard.signal,
    dispose: () => {
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
