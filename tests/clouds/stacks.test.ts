import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Thing } from "./cloud.ts";
import { DEPLOYMENT, done, exampleOf, messages, Trial, type Settings } from "./trial.ts";

// The whole program, with the examples that come with it, on simulated clouds. Their machines do not answer: operators.test.ts has operators.

interface Example extends Settings {
  readonly hosts: { name: string; target: Settings; protected?: boolean }[];
  readonly nodes: { name: string; host: string; execution: Settings[]; consensus: Settings[]; validator?: Settings }[];
}

describe("hoodi on simulated clouds", () => {
  const trial = new Trial("hoodi");
  let settings: Example;
  beforeAll(() => (settings = exampleOf("hoodi") as Example));
  afterAll(() => trial.dispose());

  it("comes up with every rule kept, and a second up changes nothing", async () => {
    const first = await trial.upWithRules(settings);
    expect(messages(first)).toBe("");
    expect(first).toMatchObject({ ok: true });
    const second = await trial.up(settings);
    expect(done(second)).toEqual([]);
    expect(second.changes.same).toBe(first.changes.create);
  });

  it("hands no command what the last one said: sshd takes no variables, and the official plugin would warn of it", () => {
    const commands = trial.things("command").filter(({ type }) => type.endsWith(":Command"));
    expect(commands.length).toBeGreaterThan(4);
    for (const { inputs, urn } of commands) expect(inputs["addPreviousOutputInEnv"], urn).toBe(false);
  });

  it("tells where everything is, and keeps private keys out of the outputs", async () => {
    const { outputs } = await trial.preview(settings);
    expect(outputs).toMatchObject({ network: "hoodi", feeRecipient: DEPLOYMENT.executionRewardsVault });
    expect(JSON.stringify(outputs)).not.toContain("PRIVATE KEY");
    const files = trial.stateFiles();
    expect(files.length).toBeGreaterThan(0);
    for (const { text } of files) expect(text).not.toContain("PRIVATE KEY");
  });

  it("plans exactly the bundle and its start for a changed image, and names the service that restarts", async () => {
    const [node] = settings.nodes;
    if (node) node.execution = [{ client: "besu", image: { tag: "26.9.0" } }, ...node.execution.slice(1)];
    const plan = await trial.preview(settings);
    expect(done(plan)).toEqual(["update node-1-bundle", "update node-1-services"]);
    const before = trial.things("command");
    await trial.up(settings);
    const services = (things: readonly Thing[]): string[] =>
      things
        .map(({ inputs }) => (inputs as { stdin?: string }).stdin ?? "")
        .filter((text) => /^consensus [0-9a-f]+$/m.test(text) && /^mev-boost /m.test(text))
        .flatMap((text) => text.trim().split("\n"));
    const changed = services(trial.things("command")).filter((line) => !services(before).includes(line));
    expect(changed.map((line) => line.split(" ")[0])).toEqual(["execution"]);
  });

  it("changes the type of a server and keeps its volume", async () => {
    const [host] = settings.hosts;
    if (host) host.target = { ...host.target, instanceType: "r7i.4xlarge" };
    const result = await trial.up(settings);
    expect(result.ok).toBe(true);
    expect(done(result)).toEqual(["update fra-1-server"]);
  });

  it("refuses to take away a node with validators, and a host that holds their keys", async () => {
    const [first] = settings.nodes;
    const nodes = settings.nodes.filter(({ name }) => name !== first?.name);
    const withoutNode = await trial.preview({ ...settings, nodes });
    expect(withoutNode.ok).toBe(false);
    expect(messages(withoutNode)).toMatch(/protect/);
    const hosts = settings.hosts.filter(({ name }) => name !== first?.host);
    const withoutHost = await trial.upWithRules({ ...settings, nodes, hosts });
    expect(withoutHost.ok).toBe(false);
    expect(messages(withoutHost)).toMatch(/protect/);
    expect(done(await trial.up(settings))).toEqual([]);
  });

  it("stops a validator client where it was before it starts elsewhere, and only once that is allowed", async () => {
    const moved = (allowed: boolean, host: string): Settings => ({
      ...settings,
      fleet: { maxProviderShare: 1, maxRegionShare: 1 },
      hosts: settings.hosts.map((each) => ({
        ...each,
        ...(allowed ? { protected: false } : {}),
        allowUndersized: true,
      })),
      nodes: settings.nodes.flatMap((node) => (node.name === "node-1" ? [{ ...node, host }] : [])),
    });
    const where = (): unknown =>
      trial
        .things("command")
        .map(({ inputs }) => inputs as { delete?: string; connection?: { host: string } })
        .find(({ delete: down }) => down !== undefined)?.connection?.host;
    // Its neighbour goes first: nodes of one host would have to name their ports.
    expect((await trial.up(moved(false, "fra-1"))).ok).toBe(true);
    const refused = await trial.preview(moved(false, "ams-1"));
    expect(refused.ok).toBe(false);
    expect(messages(refused)).toMatch(/protect/);
    expect((await trial.up(moved(true, "fra-1"))).ok).toBe(true);
    const before = where();
    const result = await trial.upWithRules(moved(true, "ams-1"));
    expect(messages(result)).toBe("");
    expect(result.ok).toBe(true);
    expect(done(result)).toContain("replace node-1-services");
    expect(where()).not.toBe(before);
    expect((await trial.up(moved(true, "fra-1"))).ok).toBe(true);
    expect((await trial.up(settings)).ok).toBe(true);
  }, 400_000);
});

describe.each(["sepolia", "operator"])("%s on simulated clouds", (stack) => {
  it("comes up with every rule kept, and a second up changes nothing", async () => {
    const trial = new Trial(stack);
    const settings = exampleOf(stack);
    try {
      const first = await trial.upWithRules(settings);
      expect(messages(first)).toBe("");
      expect(first.ok).toBe(true);
      expect(done(await trial.up(settings))).toEqual([]);
    } finally {
      trial.dispose();
    }
  });
});

describe("mainnet on simulated clouds", () => {
  it("is refused before anything is made while its images have no digests", async () => {
    const trial = new Trial("mainnet");
    const settings = exampleOf("mainnet") as Example;
    try {
      // Machines that exist are logged in to with a key of theirs, which only their operator has.
      const refused = await trial.upWithRules({
        ...settings,
        hosts: settings.hosts.slice(0, 2),
        nodes: settings.nodes.slice(0, 2),
        fleet: { maxProviderShare: 1, maxRegionShare: 1 },
      });
      expect(refused.ok).toBe(false);
      expect(messages(refused)).toMatch(/image-digests-on-mainnet/);
      expect(trial.things("aws")).toEqual([]);
    } finally {
      trial.dispose();
    }
  });
});
