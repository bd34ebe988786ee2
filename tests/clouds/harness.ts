/** A fleet of its own for a suite: simulated clouds in a folder, a stack's state, and runs of the engine. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RUNNER } from "../../lib/paths.ts";
import type { HostSpec, HostTarget } from "../../components/host/spec.ts";
import * as engine from "../../engine/index.ts";
import { Cloud, type Thing } from "./cloud.ts";
import type { CommandRecord } from "./packages/command.ts";
import { PLUGINS_FILE, simulatedClouds } from "./plugins.ts";

const PROJECT = fileURLToPath(new URL("./fixtures/fleet", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEdjGSZsWw0pPcDb5QQCbn8Ojy4nYVIB6jjKHkM4m1Hq";

export const TARGETS: Readonly<Record<string, HostTarget>> = {
  aws: { kind: "aws", region: "eu-central-1", availabilityZone: "eu-central-1a", instanceType: "r7i.xlarge" },
  hetzner: { kind: "hetzner", location: "fsn1", serverType: "ccx33", termsAcknowledged: true },
  digitalocean: { kind: "digitalocean", region: "fra1", size: "so1_5-4vcpu-32gb" },
  ssh: { kind: "ssh", address: "192.0.2.77", port: 2222, user: "admin", hostKey: HOST_KEY },
  local: { kind: "local" },
};

/** A host of a kind, with what a test changes in it. */
export function host(kind: string, more: Partial<HostSpec> = {}): HostSpec {
  const target = TARGETS[kind];
  if (!target) throw new Error(`There is no target ${kind}.`);
  return {
    name: kind,
    target,
    dataVolume: { sizeGiB: 1000, iops: 8000, throughputMBps: 700 },
    sshAllow: ["203.0.113.4/32"],
    ports: [
      { port: 30303, protocol: "tcp", purpose: "node-1 execution p2p" },
      { port: 30303, protocol: "udp", purpose: "node-1 execution p2p" },
    ],
    hasValidators: false,
    ...more,
  };
}

export class Fleet {
  readonly dir = mkdtempSync(join(tmpdir(), "clouds-"));
  readonly cloudDir = join(this.dir, "clouds");
  readonly stateDir = join(this.dir, "state");

  constructor() {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  private options(hosts: readonly HostSpec[], more: Partial<engine.RunOptions> = {}): engine.RunOptions {
    return {
      projectDir: PROJECT,
      stack: "test",
      stateDir: this.stateDir,
      plugins: simulatedClouds(this.cloudDir),
      env: { FLEET: JSON.stringify(hosts) },
      ...more,
    };
  }

  up(hosts: readonly HostSpec[], more?: Partial<engine.RunOptions>) {
    return engine.up(this.options(hosts, more));
  }
  preview(hosts: readonly HostSpec[]) {
    return engine.preview(this.options(hosts));
  }
  refresh() {
    return engine.refresh(this.options([]));
  }
  destroy() {
    return engine.destroy(this.options([]));
  }

  /** The command line in a process of its own, with clouds that take their time. */
  command(
    args: readonly string[],
    hosts: readonly HostSpec[],
    delayMs: number,
  ): { child: ChildProcess; done: Promise<unknown> } {
    const place = ["--stack", "test", "--cwd", PROJECT, "--state-dir", this.stateDir, "--plugins", PLUGINS_FILE];
    const child = spawn(process.execPath, [RUNNER, join(ROOT, "engine/main.ts"), ...args, ...place], {
      cwd: ROOT,
      env: {
        ...process.env,
        FLEET: JSON.stringify(hosts),
        ETHSTAKE_SIMULATED_CLOUDS: this.cloudDir,
        ETHSTAKE_SIMULATED_DELAY_MS: String(delayMs),
      },
      stdio: "ignore",
    });
    return { child, done: new Promise((resolve) => child.once("close", resolve)) };
  }

  cloud(name: string): Cloud {
    return new Cloud(this.cloudDir, name);
  }

  /** Everything there is in all clouds. */
  things(): Thing[] {
    const packages = existsSync(this.cloudDir) ? readdirSync(this.cloudDir, { withFileTypes: true }) : [];
    return packages.filter((entry) => entry.isDirectory()).flatMap(({ name }) => this.cloud(name).all());
  }

  /** The one thing of a type that the program calls so. */
  thing(type: string, name: string): Thing {
    const found = this.things().filter((thing) => thing.type === type && thing.urn.endsWith(`::${name}`));
    const [only] = found;
    if (!only || found.length > 1) throw new Error(`There are ${found.length} of ${type} ${name}.`);
    return only;
  }

  /** Changes a thing behind the engine's back. */
  put(before: Thing, after: Thing): void {
    const [name = ""] = before.type.split(":");
    this.cloud(name).put(after);
  }

  /** Resources of the state that are in a cloud. */
  resources() {
    const { deployment } = engine.exportStack(this.options([]));
    return (deployment.resources ?? []).filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
  }

  outputs() {
    return engine.outputs({ ...this.options([]), showSecrets: true });
  }

  /** Waits for something to come about while a command runs. */
  async until(condition: () => boolean): Promise<void> {
    const end = Date.now() + 60_000;
    while (!condition()) {
      if (Date.now() > end) throw new Error("It did not happen in time.");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** What would have been run on machines. */
  commands(): CommandRecord[] {
    const path = join(this.cloudDir, "commands.jsonl");
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as CommandRecord);
  }

  /** Every file of the stack's state as text. */
  stateText(): string {
    const dir = join(this.stateDir, "test");
    return readdirSync(dir)
      .map((name) => readFileSync(join(dir, name), "utf8"))
      .join("\n");
  }
}
