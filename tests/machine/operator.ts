/** An operator's stack, of this project's own program, for a machine that exists: settings, and runs of the engine. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as engine from "../../engine/index.ts";
import { projectRoot, RUNNER } from "../../lib/paths.ts";
import { configurationOf } from "../../stacks/namespace.ts";

const PLUGIN = fileURLToPath(new URL("command/plugin.ts", import.meta.url));
const ENGINE_RUN = fileURLToPath(new URL("engine-run.ts", import.meta.url));

/** A client in the settings. */
interface ClientEntry {
  readonly client: string;
  readonly image?: { readonly tag: string };
  readonly memoryMiB?: number;
  readonly extraArgs?: readonly string[];
}

/** The settings, as far as tests change them. */
export interface OperatorSettings {
  readonly target: {
    readonly port: number;
    readonly user: string;
    readonly hostKey: string;
    readonly privateKeyFile: string;
  };
  readonly protected: boolean;
  readonly execution: ClientEntry;
  readonly consensus: ClientEntry;
}

/** What runs commands: the stand-in, or the program that ETHSTAKE_COMMAND_PLUGIN names, such as the official plugin. */
function commandPlugin(): engine.PluginCommands {
  const program = process.env["ETHSTAKE_COMMAND_PLUGIN"];
  return {
    command: program ? { command: program, args: [] } : { command: process.execPath, args: [RUNNER, PLUGIN] },
  };
}

/** A stack with its state in a folder. */
export class Operator {
  private readonly stateDir: string;
  settings: OperatorSettings;

  constructor(folder: string, settings: OperatorSettings) {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    this.stateDir = join(folder, "state");
    this.settings = settings;
  }

  /** Settings other than those of now, for one run or for all that follow. */
  with(change: Partial<OperatorSettings>): OperatorSettings {
    return { ...this.settings, ...change };
  }

  private options(settings = this.settings): engine.RunOptions {
    const { target, execution, consensus } = settings;
    const config = {
      network: "hoodi",
      acknowledgedForks: ["Glamsterdam"],
      hosts: [
        {
          name: "home-1",
          target: { kind: "ssh", address: "127.0.0.1", ...target },
          memoryGiB: 64,
          protected: settings.protected,
        },
      ],
      nodes: [
        {
          name: "node-1",
          host: "home-1",
          execution: [execution],
          consensus: [consensus],
          validator: { client: "lighthouse", signer: "local", memoryMiB: 256 },
        },
      ],
      deployment: {
        executionRewardsVault: "0x7777777777777777777777777777777777777777",
        withdrawalVault: "0x8888888888888888888888888888888888888888",
      },
    };
    return {
      projectDir: projectRoot,
      // No stack file has this name: what is here is all there is.
      stack: "machine",
      stateDir: this.stateDir,
      plugins: commandPlugin(),
      config: configurationOf(config),
    };
  }

  up(settings?: OperatorSettings): Promise<engine.RunResult> {
    return engine.up(this.options(settings));
  }

  preview(settings?: OperatorSettings): Promise<engine.RunResult> {
    return engine.preview(this.options(settings));
  }

  destroy(): Promise<engine.RunResult> {
    return engine.destroy(this.options());
  }

  /** An `up` in a process of its own. */
  upApart(): { child: ChildProcess; ended: Promise<unknown> } {
    const child = spawn(process.execPath, [RUNNER, ENGINE_RUN], { stdio: ["pipe", "ignore", "inherit"] });
    child.stdin.end(JSON.stringify(this.options()));
    return { child, ended: new Promise((resolve) => child.once("exit", resolve)) };
  }

  /** All of the state's files as text. */
  stateText(): string {
    return readdirSync(this.stateDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"))
      .join("\n");
  }
}

/** What a run did or would do, without what stays: `op name`. */
export function done({ steps }: engine.RunResult): string[] {
  return steps
    .filter(({ op }) => op !== "same")
    .map(({ op, name }) => `${op} ${name}`)
    .sort();
}

/** Everything that a run has said. */
export function messages({ diagnostics, error }: engine.RunResult): string {
  return [...diagnostics.map(({ message }) => message), error ?? ""].join("\n");
}
