import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HostSpec, HostTarget } from "../../components/host/spec.ts";
import type { RunResult } from "../../engine/index.ts";
import { text } from "./behaviour.ts";
import type { Thing } from "./cloud.ts";
import { host, Fleet, HOST_KEY, TARGETS } from "./harness.ts";

const none = { same: 0, create: 0, update: 0, replace: 0, delete: 0 };

/** What stands for a host in each cloud. */
const CLOUDS = {
  aws: {
    server: "aws:ec2/instance:Instance",
    volume: "aws:ebs/volume:Volume",
    attachment: "aws:ec2/volumeAttachment:VolumeAttachment",
    firewall: "aws:ec2/securityGroup:SecurityGroup",
    rules: "ingress",
    larger: { kind: "aws", region: "eu-central-1", availabilityZone: "eu-central-1a", instanceType: "r7i.2xlarge" },
    type: "instanceType",
  },
  hetzner: {
    server: "hcloud:index/server:Server",
    volume: "hcloud:index/volume:Volume",
    attachment: "hcloud:index/volumeAttachment:VolumeAttachment",
    firewall: "hcloud:index/firewall:Firewall",
    rules: "rules",
    larger: { kind: "hetzner", location: "fsn1", serverType: "ccx43", termsAcknowledged: true },
    type: "serverType",
  },
  digitalocean: {
    server: "digitalocean:index/droplet:Droplet",
    volume: "digitalocean:index/volume:Volume",
    attachment: "digitalocean:index/volumeAttachment:VolumeAttachment",
    firewall: "digitalocean:index/firewall:Firewall",
    rules: "inboundRules",
    larger: { kind: "digitalocean", region: "fra1", size: "so1_5-8vcpu-64gb" },
    type: "size",
  },
} as const satisfies Record<string, { larger: HostTarget; [key: string]: unknown }>;
type CloudName = keyof typeof CLOUDS;
const NAMES = Object.keys(CLOUDS) as CloudName[];
const KINDS = Object.keys(TARGETS);

/** What a server's first boot is told: packed for EC2. */
function userDataOf({ inputs }: Thing): string {
  const packed = inputs["userDataBase64"];
  return packed === undefined ? text(inputs["userData"]) : gunzipSync(Buffer.from(text(packed), "base64")).toString();
}

interface HostOutputs {
  readonly kind: string;
  readonly publicAddress: string;
  readonly privateAddress: string;
  readonly dataDirectory: string;
  readonly dataVolume?: string;
  readonly connection?: {
    readonly host: string;
    readonly user: string;
    readonly privateKey: string;
    readonly hostKey: string;
  };
}

const hosts = (more: Partial<HostSpec> = {}): HostSpec[] => KINDS.map((kind) => host(kind, more));
const grown = (more: Partial<HostSpec> = {}): HostSpec[] =>
  KINDS.map((kind) => host(kind, kind in CLOUDS ? { target: CLOUDS[kind as CloudName].larger, ...more } : more));
const messages = (result: RunResult): string => result.diagnostics.map(({ message }) => message).join("\n");
const outputsOf = (result: RunResult) => result.outputs["hosts"] as unknown as Record<string, HostOutputs>;
/** What was done, without what stayed the same: `op type name`. */
const done = (result: RunResult): string[] =>
  result.steps
    .filter(({ op }) => op !== "same" && op !== "refresh")
    .map(({ op, type, name }) => `${op} ${type} ${name}`)
    .sort();
const each = (make: (name: CloudName) => string): string[] => NAMES.map(make).sort();

describe("a fleet of every kind of host", () => {
  let fleet: Fleet;
  /** Ids of the volumes and the addresses when the fleet was young. */
  const young = new Map<CloudName, { volume: string; server: string; address: string }>();
  const server = (name: CloudName) => fleet.thing(CLOUDS[name].server, `${name}-server`);
  const volume = (name: CloudName) => fleet.thing(CLOUDS[name].volume, `${name}-data`);
  const attachment = (name: CloudName) => fleet.thing(CLOUDS[name].attachment, `${name}-data`);
  beforeAll(() => (fleet = new Fleet()));
  afterAll(() => fleet.dispose());

  it("is previewed without credentials, network or traces", async () => {
    const plan = await fleet.preview(hosts());
    expect(messages(plan)).toBe("");
    expect(plan).toMatchObject({ ok: true, changes: { ...none, create: plan.changes.create } });
    expect(plan.changes.create).toBeGreaterThan(40);
    expect(fleet.things()).toEqual([]);
    expect(fleet.commands()).toEqual([]);
  });

  it("comes up with every output", async () => {
    const result = await fleet.up(hosts(), { showSecrets: true });
    expect(messages(result)).toBe("");
    expect(result.ok).toBe(true);
    const outputs = outputsOf(result);
    expect(Object.keys(outputs).sort()).toEqual([...KINDS].sort());
    for (const name of NAMES) {
      const { connection, publicAddress, privateAddress, dataDirectory, dataVolume } = outputs[name] ?? {};
      expect(publicAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(privateAddress).toMatch(/^10\./);
      expect(dataDirectory).toBe("/var/lib/ethstake");
      expect(dataVolume).toContain(`${CLOUDS[name].volume}::${name}-data`);
      expect(connection).toMatchObject({ host: publicAddress, port: 22, user: "ethstake" });
      expect(connection?.privateKey).toContain("BEGIN OPENSSH PRIVATE KEY");
      // The machine is given the key that its connections demand, and the device of its volume.
      const data = userDataOf(server(name));
      expect(data).toContain(connection?.hostKey);
      expect(data).toContain("/dev/disk/by-id/");
      expect(text(attachment(name).inputs["volumeId"])).toBe(volume(name).id);
      young.set(name, { volume: volume(name).id, server: server(name).id, address: publicAddress ?? "" });
    }
    expect(outputs["ssh"]).toMatchObject({
      publicAddress: "192.0.2.77",
      connection: { host: "192.0.2.77", port: 2222, user: "admin", hostKey: HOST_KEY },
    });
    expect(outputs["local"]).toMatchObject({ publicAddress: "127.0.0.1", dataDirectory: "/var/lib/ethstake" });
    expect(outputs["local"]?.connection).toBeUndefined();
    const where = fleet.commands().map((entry) => entry.where);
    // Each is asked whether it is ready; those made here get their firewall's rules, too.
    expect(where).toHaveLength(KINDS.length + NAMES.length);
    for (const entry of fleet.commands()) if (entry.where !== "local") expect(entry.hostKey).toMatch(/^ssh-ed25519 /);
  });

  it("opens p2p to the world, SSH to its list, and asks for safe machines", () => {
    for (const name of NAMES) {
      const firewall = fleet.thing(CLOUDS[name].firewall, `${name}-firewall`);
      const rules = firewall.inputs[CLOUDS[name].rules] as unknown[];
      expect(rules).toHaveLength(3);
      const ssh = rules.map((rule) => JSON.stringify(rule)).filter((rule) => /"22"|:22\b/.test(rule));
      expect(ssh).toHaveLength(1);
      expect(ssh[0]).toContain("203.0.113.4/32");
      expect(ssh[0]).not.toContain("0.0.0.0/0");
    }
    expect(server("aws").inputs).toMatchObject({
      metadataOptions: { httpTokens: "required" },
      rootBlockDevice: { encrypted: true, volumeType: "gp3" },
    });
    expect(volume("aws").inputs).toMatchObject({ encrypted: true, type: "gp3", iops: 8000, throughput: 700 });
    expect(server("hetzner").inputs).not.toHaveProperty("datacenter");
  });

  it("keeps no secret in plain text", async () => {
    const { outputs } = await fleet.outputs();
    const connections = Object.values(outputs["hosts"] as unknown as Record<string, HostOutputs>);
    const state = fleet.stateText();
    // Compared to booleans: a failure must not print the keys.
    expect(state.includes("PRIVATE KEY")).toBe(false);
    expect(state.includes("#cloud-config")).toBe(false);
    expect(state.includes(text(server("aws").inputs["userDataBase64"]))).toBe(false);
    expect(state.includes("login-key-of-the-ssh-machine")).toBe(false);
    let keys = 0;
    for (const { connection } of connections) {
      for (const line of connection?.privateKey.split("\n").filter((part) => !part.startsWith("-") && part !== "") ??
        []) {
        keys++;
        expect(state.includes(line)).toBe(false);
      }
    }
    expect(keys).toBeGreaterThan(12);
  });

  it("is left alone by a second up", async () => {
    const result = await fleet.up(hosts());
    expect(done(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, changes: { ...none, same: result.changes.same } });
  });

  it("changes a server's type in place and keeps its volume", async () => {
    const plan = await fleet.preview(grown());
    const result = await fleet.up(grown());
    expect(messages(result)).toBe("");
    expect(done(result)).toEqual(each((name) => `update ${CLOUDS[name].server} ${name}-server`));
    expect(done(plan)).toEqual(done(result));
    for (const name of NAMES) {
      expect(server(name).inputs[CLOUDS[name].type]).toBe(
        (CLOUDS[name].larger as Record<string, unknown>)[CLOUDS[name].type],
      );
      expect({ volume: volume(name).id, server: server(name).id }).toEqual({
        volume: young.get(name)?.volume,
        server: young.get(name)?.server,
      });
    }
  });

  it("changes only firewalls when their list changes, though the user data would change too", async () => {
    const result = await fleet.up(grown({ sshAllow: ["198.51.100.0/24"] }));
    expect(messages(result)).toBe("");
    const wanted = NAMES.flatMap((name) => [
      `update ${CLOUDS[name].firewall} ${name}-firewall`,
      `update command:remote:Command ${name}-rules`,
    ]);
    expect(done(result)).toEqual(wanted.sort());
  });

  it("finds a rule that was changed behind its back, and repairs it", async () => {
    for (const name of NAMES) {
      const firewall = fleet.thing(CLOUDS[name].firewall, `${name}-firewall`);
      const opened = JSON.stringify(firewall).replaceAll("198.51.100.0/24", "0.0.0.0/0");
      expect(opened).not.toBe(JSON.stringify(firewall));
      fleet.put(firewall, JSON.parse(opened) as Thing);
    }
    const found = await fleet.refresh();
    expect(found).toMatchObject({ ok: true, changes: { update: 3, delete: 0 } });
    const repaired = await fleet.up(grown({ sshAllow: ["198.51.100.0/24"] }));
    expect(done(repaired)).toEqual(each((name) => `update ${CLOUDS[name].firewall} ${name}-firewall`));
    for (const name of NAMES) {
      const rules = JSON.stringify(fleet.thing(CLOUDS[name].firewall, `${name}-firewall`).inputs[CLOUDS[name].rules]);
      expect(rules).toContain("198.51.100.0/24");
    }
  });

  it("makes servers anew with the next generation, each with its volume and address", async () => {
    const before = new Map(NAMES.map((name) => [name, server(name).id]));
    const commands = fleet.commands().length;
    const result = await fleet.up(grown({ sshAllow: ["198.51.100.0/24"], generation: 2 }), { showSecrets: true });
    expect(messages(result)).toBe("");
    expect(result.ok).toBe(true);
    for (const name of NAMES) {
      expect(server(name).id).not.toBe(before.get(name));
      expect(volume(name).id).toBe(young.get(name)?.volume);
      expect(text(attachment(name).inputs["volumeId"])).toBe(young.get(name)?.volume);
      const attached = attachment(name).inputs;
      expect(text(attached["instanceId"] ?? attached["serverId"] ?? attached["dropletId"])).toBe(server(name).id);
      expect(outputsOf(result)[name]?.publicAddress).toBe(young.get(name)?.address);
      // What was held back from the running server is in the new one.
      expect(userDataOf(server(name))).toContain("198.51.100.0/24");
    }
    // Each new server was waited for and given its rules; nothing else was run.
    expect(fleet.commands().length).toBe(commands + 2 * NAMES.length);
    expect(
      (await fleet.up(grown({ sshAllow: ["198.51.100.0/24"], generation: 2 }))).steps.filter(({ op }) => op !== "same"),
    ).toEqual([]);
  });

  it("grows volumes in place and never shrinks them", async () => {
    const sized = (sizeGiB: number) =>
      grown({ sshAllow: ["198.51.100.0/24"], generation: 2, dataVolume: { sizeGiB, iops: 8000, throughputMBps: 700 } });
    const result = await fleet.up(sized(1200));
    expect(done(result)).toEqual(each((name) => `update ${CLOUDS[name].volume} ${name}-data`));
    const shrunk = await fleet.up(sized(1100));
    expect(shrunk.ok).toBe(false);
    expect(messages(shrunk)).toContain("a volume cannot shrink from 1200 to 1100 GiB");
    for (const name of NAMES)
      expect(volume(name)).toMatchObject({ id: young.get(name)?.volume, inputs: { size: 1200 } });
  });

  it("refuses to remove or replace a host with validators, until it is unprotected", async () => {
    const spec = (more: Partial<HostSpec>) =>
      grown({
        sshAllow: ["198.51.100.0/24"],
        generation: 2,
        dataVolume: { sizeGiB: 1200, iops: 8000, throughputMBps: 700 },
        hasValidators: true,
        ...more,
      });
    expect((await fleet.up(spec({}))).ok).toBe(true);
    const count = fleet.things().length;
    for (const attempt of [() => fleet.up([]), () => fleet.up(spec({ generation: 3 })), () => fleet.destroy()]) {
      const refused = await attempt();
      expect(refused.ok).toBe(false);
      expect(messages(refused)).toContain("protected");
    }
    expect(fleet.things()).toHaveLength(count);
    for (const name of NAMES) expect(volume(name).id).toBe(young.get(name)?.volume);
    // The way out: say that the hosts are unprotected, and then remove them.
    const freed = await fleet.up(spec({ protected: false }));
    expect(messages(freed)).toBe("");
    const gone = await fleet.destroy();
    expect(messages(gone)).toBe("");
    expect(gone.ok).toBe(true);
    expect(fleet.things()).toEqual([]);
  });
});

describe("a kill in the middle", () => {
  const specs = (more: Partial<HostSpec> = {}) => NAMES.map((name) => host(name, more));
  let fleet: Fleet;
  beforeEach(() => (fleet = new Fleet()));
  afterEach(() => fleet.dispose());

  /** Runs `up` with slow clouds, and kills it when something has come about. */
  async function killed(hosts: readonly HostSpec[], moment: () => boolean): Promise<void> {
    const run = fleet.command(["up", "--yes"], hosts, 60);
    await fleet.until(moment);
    run.child.kill("SIGKILL");
    await run.done;
  }

  /** Brings the fleet up, and expects that everything is there once and that nothing is left to do. */
  async function converges(hosts: readonly HostSpec[]): Promise<void> {
    const result = await fleet.up(hosts);
    expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(result.ok).toBe(true);
    const urns = fleet.things().map(({ urn }) => urn);
    expect(new Set(urns).size).toBe(urns.length);
    expect(urns).toHaveLength(fleet.resources().length);
    expect(done(await fleet.up(hosts))).toEqual([]);
  }

  it.each([2, 25])("while things are made (%i of them) is followed by an up that converges", async (count) => {
    await killed(specs(), () => fleet.things().length >= count);
    await converges(specs());
    expect((await fleet.destroy()).ok).toBe(true);
    expect(fleet.things()).toEqual([]);
  });

  it("while servers are made anew loses no volume", async () => {
    expect((await fleet.up(specs())).ok).toBe(true);
    const ids = (type: "server" | "volume") =>
      fleet
        .things()
        .filter((thing) => NAMES.some((name) => thing.type === CLOUDS[name][type]))
        .map(({ id }) => id)
        .sort();
    const volumes = ids("volume");
    const servers = ids("server");
    await killed(
      specs({ generation: 2 }),
      () => ids("server").some((id) => !servers.includes(id)) || ids("server").length < 2,
    );
    await converges(specs({ generation: 2 }));
    expect(ids("volume")).toEqual(volumes);
    expect(ids("server").filter((id) => servers.includes(id))).toEqual([]);
  });
});
