import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { projectRoot } from "../../lib/paths.ts";
import { freePorts } from "../free-ports.ts";

/** What a command did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A copy of this checkout as a user would have it, in a folder of its own: tests may change its contracts and settings, and its
 * networks do not meet the developer's.
 */
export class ProjectCopy {
  readonly directory: string;
  readonly #stacks = new Map<string, StackConfig>();

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "ethstake-e2e-"));
    const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: projectRoot,
      encoding: "utf8",
    });
    for (const file of files.split("\0").filter((name) => isCopied(name))) {
      mkdirSync(dirname(join(this.directory, file)), { recursive: true });
      cpSync(join(projectRoot, file), join(this.directory, file), { preserveTimestamps: true });
    }
    symlinkSync(join(projectRoot, "node_modules"), join(this.directory, "node_modules"));
  }

  /** Writes a stack's settings with ports that are free now. */
  async addStack(name: string, change: (config: StackConfig) => void = () => undefined): Promise<void> {
    this.#stacks.set(name, await stackConfig());
    this.changeStack(name, change);
  }

  /** Changes a stack's settings, as its owner would edit the file. */
  changeStack(name: string, change: (config: StackConfig) => void): void {
    const config = this.#stacks.get(name);
    if (!config) throw new Error(`there is no stack ${name}`);
    change(config);
    const entries = Object.entries(config).map(([key, value]): [string, unknown] => [`ethstake:${key}`, value]);
    writeFileSync(
      join(this.directory, `Pulumi.${name}.yaml`),
      stringify({ config: Object.fromEntries(entries) as object }),
    );
  }

  /** Runs an npm script to its end. */
  run(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const { child, result } = this.start(script, args, env);
    child.stdin?.end();
    return result;
  }

  /** Starts an npm script's own program, without npm between: a kill then hits the engine itself. */
  start(
    script: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): { child: ChildProcess; result: Promise<CommandResult> } {
    const [program = "", ...first] =
      {
        stack: ["engine/main.ts"],
        devnet: ["devnet/main.ts", "up"],
        "devnet:status": ["devnet/main.ts", "status"],
        "devnet:down": ["devnet/main.ts", "down"],
        keys: ["key-management/main.ts"],
        verify: ["verify/main.ts"],
      }[script] ?? [];
    const child = spawn(process.execPath, ["lib/run.cjs", program, ...first, ...args], {
      cwd: this.directory,
      env: { ...process.env, ...env },
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    const result = new Promise<CommandResult>((resolve) =>
      child.on("close", (code) => resolve({ code: code ?? -1, ...output })),
    );
    return { child, result };
  }

  /** The object on the last line of standard output. */
  async json(
    script: string,
    args: readonly string[],
  ): Promise<{ code: number; value: Record<string, unknown>; stderr: string }> {
    const { code, stdout, stderr } = await this.run(script, [...args, "--json"]);
    const line = stdout.trim().split("\n").at(-1) ?? "";
    try {
      return { code, value: JSON.parse(line) as Record<string, unknown>, stderr };
    } catch {
      throw new Error(`${script} ${args.join(" ")} printed no JSON (exit code ${code}):\n${stdout}\n${stderr}`);
    }
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** Takes every network down and removes the copy. */
  async dispose(): Promise<void> {
    for (const stack of this.#stacks.keys()) await this.run("devnet:down", ["--stack", stack]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Whether a file of the checkout belongs into a copy: git lists deleted ones too, and node_modules where that is a link. */
function isCopied(name: string): boolean {
  return name !== "" && name !== "node_modules" && existsSync(join(projectRoot, name));
}

/** A devnet's settings, open for changes. */
export interface StackConfig {
  network: string;
  devnet: Record<string, unknown>;
  nodes: {
    name: string;
    execution: Record<string, unknown>[];
    consensus: Record<string, unknown>[];
    validator: Record<string, unknown>;
  }[];
  protocol: Record<string, unknown>;
  operators: { name: string; bond: number; keys: { node: string; count: number }[] }[];
  keepers: { name?: string; port: number }[];
  keeper: Record<string, unknown>;
  monitoring: Record<string, unknown>;
  testStake: number;
}

async function stackConfig(): Promise<StackConfig> {
  return {
    network: "devnet",
    devnet: {},
    nodes: [await nodeConfig("node-1")],
    protocol: {},
    operators: [{ name: "alice", bond: 4, keys: [{ node: "node-1", count: 2 }] }],
    keepers: (await freePorts(3)).map((port) => ({ port })),
    keeper: {},
    monitoring: { enabled: false },
    testStake: 72,
  };
}

/** A node without standbys, on ports that are free now. */
export async function nodeConfig(name: string): Promise<StackConfig["nodes"][number]> {
  const [keymanagerPort, metricsPort] = await freePorts(2);
  return {
    name,
    execution: [await executionConfig()],
    consensus: [await consensusConfig()],
    validator: { keymanagerPort, metricsPort },
  };
}

/** An execution client on ports that are free now. */
export async function executionConfig(): Promise<Record<string, unknown>> {
  const [rpcPort, enginePort, p2pPort] = await freePorts(3);
  return { rpcPort, enginePort, p2pPort };
}

/** A consensus client on ports that are free now. */
export async function consensusConfig(): Promise<Record<string, unknown>> {
  const [restPort, p2pPort, metricsPort] = await freePorts(3);
  return { restPort, p2pPort, metricsPort };
}
