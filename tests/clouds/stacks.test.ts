import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as engine from "../../engine/index.ts";
import { policies } from "../../policy/engine.ts";
import { configurationOf, settingsOf } from "../../stacks/namespace.ts";
import { Cloud } from "./cloud.ts";
import { simulatedClouds } from "./plugins.ts";

// The whole program, with the examples that come with it, on simulated clouds. A protocol that exists already takes the place of the one
// that they deploy: there is no chain here (tests/devnet deploys it).
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEPLOYMENT = {
  executionRewardsVault: "0x7777777777777777777777777777777777777777",
  withdrawalVault: "0x8888888888888888888888888888888888888888",
};

type Json = Record<string, unknown>;
interface Example extends Json {
  readonly hosts: { name: string; target: Json; protected?: boolean }[];
  readonly nodes: { name: string; host: string; execution: Json[]; consensus: Json[]; validator?: Json }[];
}

function example(stack: string): Example {
  const { config } = parse(readFileSync(join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as { config: Json };
  // Nor do its machines answer: operators.test.ts has operators.
  const { protocol: _deployed, operators: _operators, ...settings } = settingsOf(config);
  return { ...settings, deployment: DEPLOYMENT } as unknown as Example;
}

/** A stack of its own: simulated clouds and a state in a folder. */
class Trial {
  readonly dir = mkdtempSync(join(tmpdir(), "ethstake-stacks-"));
  settings: Example;

  constructor(stack: string) {
    this.settings = example(stack);
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
  }

  options(): engine.RunOptions {
    return {
      projectDir: ROOT,
      stack: "trial",
      stateDir: join(this.dir, "state"),
      plugins: simulatedClouds(join(this.dir, "clouds")),
      config: configurationOf(this.settings),
      policies,
    };
  }

  up(): Promise<engine.RunResult> {
    return engine.up(this.options());
  }

  preview(): Promise<engine.RunResult> {
    return engine.preview(this.options());
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What a run did or would do, without what stays: `op name`. */
const done = ({ steps }: engine.RunResult): string[] =>
  steps
    .filter(({ op }) => op !== "same")
    .map(({ op, name }) => `${op} ${name}`)
    .sort();
const messages = ({ diagnostics, error }: engine.RunResult): string =>
  [...diagnostics.map(({ message }) => message), error ?? ""].join("\n");

describe("hoodi on simulated clouds", () => {
  let trial: Trial;
  beforeAll(() => (trial = new Trial("hoodi")));
  afterAll(() => trial.dispose());

  it("comes up with every rule kept, and a second up changes nothing", async () => {
    const first = await trial.up();
    expect(messages(first).trim()).toBe("");
    expect(first).toMatchObject({ ok: true });
    const second = await trial.up();
    expect(done(second)).toEqual([]);
    expect(second.changes.same).toBe(first.changes.create);
  });

  it("hands no command what the last one said: sshd takes no variables, and the official plugin would warn of it", () => {
    const commands = new Cloud(join(trial.dir, "clouds"), "command")
      .all()
      .filter(({ type }) => type.endsWith(":Command"));
    expect(commands.length).toBeGreaterThan(4);
    for (const { inputs, urn } of commands) expect(inputs["addPreviousOutputInEnv"], urn).toBe(false);
  });

  it("tells where everything is, and keeps private keys out of the outputs", async () => {
    const { outputs } = await trial.preview();
    expect(outputs).toMatchObject({ network: "hoodi", feeRecipient: DEPLOYMENT.executionRewardsVault });
    expect(JSON.stringify(outputs)).not.toContain("PRIVATE KEY");
    const states = readdirSync(join(trial.dir, "state"), { recursive: true, withFileTypes: true });
    const files = states.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(readFileSync(file, "utf8")).not.toContain("PRIVATE KEY");
  });

  it("plans exactly the bundle and its start for a changed image, and names the service that restarts", async () => {
    const [node] = trial.settings.nodes;
    if (node) node.execution = [{ client: "besu", image: { tag: "26.9.0" } }, ...node.execution.slice(1)];
    const plan = await trial.preview();
    expect(done(plan)).toEqual(["update node-1-bundle", "update node-1-services"]);
    const before = new Cloud(join(trial.dir, "clouds"), "command").all();
    await trial.up();
    const after = new Cloud(join(trial.dir, "clouds"), "command").all();
    const services = (things: typeof before): string[] =>
      things
        .map(({ inputs }) => (inputs as { stdin?: string }).stdin ?? "")
        .filter((text) => /^consensus [0-9a-f]+$/m.test(text) && /^mev-boost /m.test(text))
        .flatMap((text) => text.trim().split("\n"));
    const changed = services(after).filter((line) => !services(before).includes(line));
    expect(changed.map((line) => line.split(" ")[0])).toEqual(["execution"]);
  });

  it("changes the type of a server and keeps its volume", async () => {
    const [host] = trial.settings.hosts;
    if (host) host.target = { ...host.target, instanceType: "r7i.4xlarge" };
    const result = await trial.up();
    expect(result.ok).toBe(true);
    expect(done(result)).toEqual(["update fra-1-server"]);
  });

  it("stops a validator client where it was before it starts elsewhere, and only once that is allowed", async () => {
    const { settings } = trial;
    const commands = (): Cloud => new Cloud(join(trial.dir, "clouds"), "command");
    const moved = (allowed: boolean, host: string): Example => ({
      ...settings,
      fleet: { maxProviderShare: 1, maxRegionShare: 1 },
      hosts: settings.hosts.map((each) => ({
        ...each,
        ...(allowed ? { protected: false } : {}),
        allowUndersized: true,
      })),
      nodes: settings.nodes.flatMap((node) => (node.name === "node-1" ? [{ ...node, host }] : [])),
    });
    // Its neighbour goes first: nodes of one host would have to name their ports.
    trial.settings = moved(false, "fra-1");
    expect((await trial.up()).ok).toBe(true);
    trial.settings = moved(false, "ams-1");
    const refused = await trial.preview();
    expect(refused.ok).toBe(false);
    expect(messages(refused)).toMatch(/protect/);
    trial.settings = moved(true, "fra-1");
    expect((await trial.up()).ok).toBe(true);
    const where = (): unknown =>
      commands()
        .all()
        .map(({ inputs }) => inputs as { delete?: string; connection?: { host: string } })
        .find(({ delete: down }) => down !== undefined)?.connection?.host;
    const before = where();
    trial.settings = moved(true, "ams-1");
    const result = await trial.up();
    expect(messages(result).trim()).toBe("");
    expect(result.ok).toBe(true);
    expect(done(result)).toContain("replace node-1-services");
    expect(where()).not.toBe(before);
    trial.settings = moved(true, "fra-1");
    expect((await trial.up()).ok).toBe(true);
    trial.settings = settings;
    expect((await trial.up()).ok).toBe(true);
  }, 400_000);

  it("refuses to take away a node with validators, and a host that holds their keys", async () => {
    const { settings } = trial;
    const [first] = settings.nodes;
    trial.settings = { ...settings, nodes: settings.nodes.filter(({ name }) => name !== first?.name) };
    const withoutNode = await trial.preview();
    expect(withoutNode.ok).toBe(false);
    expect(messages(withoutNode)).toMatch(/protect/);
    trial.settings = {
      ...trial.settings,
      hosts: settings.hosts.filter(({ name }) => name !== first?.host),
    };
    const withoutHost = await trial.up();
    expect(withoutHost.ok).toBe(false);
    expect(messages(withoutHost)).toMatch(/protect/);
    trial.settings = settings;
    expect(done(await trial.up())).toEqual([]);
  });
});

describe.each(["sepolia", "operator"])("%s on simulated clouds", (stack) => {
  it("comes up with every rule kept, and a second up changes nothing", async () => {
    const trial = new Trial(stack);
    try {
      const first = await trial.up();
      expect(messages(first).trim()).toBe("");
      expect(first.ok).toBe(true);
      expect(done(await trial.up())).toEqual([]);
    } finally {
      trial.dispose();
    }
  });
});

describe("mainnet on simulated clouds", () => {
  it("is refused before anything is made while its images have no digests", async () => {
    const trial = new Trial("mainnet");
    try {
      // Machines that exist are logged in to with a key of theirs, which only their operator has.
      trial.settings.hosts.splice(2);
      trial.settings.nodes.splice(2);
      trial.settings["fleet"] = { maxProviderShare: 1, maxRegionShare: 1 };
      const refused = await trial.up();
      expect(refused.ok).toBe(false);
      expect(messages(refused)).toMatch(/image-digests-on-mainnet/);
      expect(new Cloud(join(trial.dir, "clouds"), "aws").all()).toEqual([]);
    } finally {
      trial.dispose();
    }
  });
});
