/** A world of its own for each test: a folder with the provider's files, the state, and the record of what was called. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RUNNER } from "../../lib/paths.ts";
import * as engine from "../../engine/index.ts";
import type { RunOptions } from "../../engine/index.ts";

export const FIXTURE = fileURLToPath(new URL("./fixtures/basic", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A resource of the fixture program. */
export interface Spec {
  readonly name: string;
  readonly type?: string;
  readonly component?: boolean;
  readonly provider?: string;
  readonly parent?: string;
  readonly props?: Readonly<Record<string, unknown>>;
  readonly refs?: Readonly<Record<string, string>>;
  readonly secret?: readonly string[];
  readonly dependsOn?: readonly string[];
  readonly opts?: Readonly<Record<string, unknown>>;
  readonly readId?: string;
}

export const GROUP = "fixture:index:Group";

export class World {
  readonly dir = mkdtempSync(join(tmpdir(), "engine-"));
  readonly stateDir = join(this.dir, "state");
  readonly env: Record<string, string> = {};

  constructor() {
    // Providers inherit the environment of this process; each test runs one world at a time.
    process.env["FIXTURE_WORLD"] = this.dir;
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  options(specs: readonly Spec[], more: Partial<RunOptions> = {}): RunOptions {
    return {
      projectDir: FIXTURE,
      stack: "dev",
      stateDir: this.stateDir,
      ...more,
      env: { FIXTURE_SPEC: JSON.stringify(specs), ...this.env, ...more.env },
    };
  }

  up(specs: readonly Spec[], more?: Partial<RunOptions>) {
    return engine.up(this.options(specs, more));
  }
  preview(specs: readonly Spec[], more?: Partial<RunOptions>) {
    return engine.preview(this.options(specs, more));
  }
  destroy(more?: Partial<RunOptions>) {
    return engine.destroy(this.options([], more));
  }
  refresh(more?: Partial<RunOptions>) {
    return engine.refresh(this.options([], more));
  }

  /** What was called since the last look. */
  calls(): string[] {
    const path = join(this.dir, "calls.log");
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, "utf8").trim().split("\n");
    rmSync(path);
    return lines.filter((line) => line !== "");
  }

  /** Ids of what exists. */
  ids(): string[] {
    return readdirSync(this.dir)
      .filter((name) => name.endsWith(".json"))
      .map((name) => name.slice(0, -5));
  }

  /** The id of the one resource of a name. */
  id(name: string): string {
    const found = this.ids().filter((id) => id.startsWith(`${name}-`));
    if (found.length !== 1) throw new Error(`${found.length} resources are called ${name}.`);
    return found[0] ?? "";
  }

  /** Changes the world behind the engine's back. */
  tamper(name: string, change: Record<string, unknown>): void {
    const path = join(this.dir, `${this.id(name)}.json`);
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...change }));
  }

  vanish(name: string): void {
    rmSync(join(this.dir, `${this.id(name)}.json`));
  }

  resources() {
    const file = engine.exportStack(this.options([]));
    return file.deployment.resources ?? [];
  }

  resource(name: string) {
    const found = this.resources().find(({ urn, delete: gone }) => urn.endsWith(`::${name}`) && !gone);
    if (!found) throw new Error(`The state has no ${name}.`);
    return found;
  }

  /** Every file of the state as text. */
  stateText(): string {
    const dir = join(this.stateDir, "dev");
    return readdirSync(dir)
      .map((name) => readFileSync(join(dir, name), "utf8"))
      .join("\n");
  }

  /** The command line in a process of its own. */
  command(args: readonly string[], specs: readonly Spec[] = [], env: Record<string, string> = {}): CommandRun {
    const place = ["--stack", "dev", "--cwd", FIXTURE, "--state-dir", this.stateDir];
    const child = spawn(process.execPath, [RUNNER, join(ROOT, "engine/main.ts"), ...args, ...place], {
      cwd: ROOT,
      env: { ...process.env, FIXTURE_SPEC: JSON.stringify(specs), ...this.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new CommandRun(child);
  }
}

export class CommandRun {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly done: Promise<number | null>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.done = new Promise((resolve) => child.once("close", resolve));
  }

  lastLine(): unknown {
    return JSON.parse(this.stdout.trim().split("\n").at(-1) ?? "null");
  }
}

export async function until(condition: () => boolean, ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error("It did not happen in time.");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
