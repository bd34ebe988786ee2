import { createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UNKNOWN, type PropertyMap } from "../../engine/values.ts";
import { text } from "./behaviour.ts";
import { Cloud } from "./cloud.ts";
import type { Package } from "./package.ts";
import { aws } from "./packages/aws.ts";
import { commandPackage } from "./packages/command.ts";
import { digitalocean } from "./packages/digitalocean.ts";
import { docker } from "./packages/docker.ts";
import { hcloud } from "./packages/hcloud.ts";
import { random } from "./packages/random.ts";
import { tls } from "./packages/tls.ts";
import { schemaOf } from "./schema.ts";
import { SimulatedProvider } from "./service.ts";

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "sim-"))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A provider with short calls. */
class Caller {
  readonly provider: SimulatedProvider;
  constructor(simulated: Package, name: string, config: PropertyMap = { region: "eu-central-1" }) {
    this.provider = new SimulatedProvider(simulated, new Cloud(dir, name), 0);
    this.provider.configure({
      variables: {},
      args: config,
      acceptSecrets: true,
      acceptResources: true,
      sendsOldInputs: true,
      sendsOldInputsToDelete: true,
    });
  }
  private named(type: string, name: string) {
    return { urn: `urn:pulumi:s::p::${type}::${name}`, type, name };
  }
  check(type: string, news: PropertyMap, olds: PropertyMap = {}) {
    return this.provider.check({ ...this.named(type, "x"), olds, news, randomSeed: new Uint8Array(32) });
  }
  create(type: string, properties: PropertyMap, name = "x", preview = false) {
    return this.provider.create({ ...this.named(type, name), properties, timeout: 0, preview });
  }
  update(type: string, id: string, olds: PropertyMap, news: PropertyMap, preview = false) {
    const request = {
      ...this.named(type, "x"),
      id,
      olds,
      oldInputs: olds,
      news,
      timeout: 0,
      ignoreChanges: [],
      preview,
    };
    return this.provider.update(request);
  }
  diff(type: string, id: string, oldInputs: PropertyMap, news: PropertyMap) {
    return this.provider.diff({ ...this.named(type, "x"), id, olds: oldInputs, oldInputs, news, ignoreChanges: [] });
  }
  read(type: string, id: string) {
    return this.provider.read({ ...this.named(type, "x"), id, properties: {}, inputs: {} });
  }
  delete(type: string, id: string) {
    return this.provider.delete({ ...this.named(type, "x"), id, properties: {}, oldInputs: {}, timeout: 0 });
  }
}

const VPC = "aws:ec2/vpc:Vpc";
const SUBNET = "aws:ec2/subnet:Subnet";
const VOLUME = "aws:ebs/volume:Volume";

describe("simulated clouds", () => {
  it("know every type by the SDK's own inputs", () => {
    for (const simulated of [aws, hcloud, digitalocean, docker, random, tls, commandPackage(() => undefined)]) {
      for (const [type, behaviour] of Object.entries(simulated.types)) {
        const { inputs } = schemaOf(type);
        expect(inputs.size).toBeGreaterThan(0);
        const named = [
          ...(behaviour.replace ?? []),
          ...(behaviour.fills ?? []),
          ...Object.keys(behaviour.unsettles ?? {}),
          ...Object.keys(behaviour.refers ?? {}).map((path) => path.split(/[.[]/)[0] ?? ""),
          ...[behaviour.autoName, behaviour.guard].filter((name) => name !== undefined),
        ];
        for (const name of named) expect(`${type} ${String(inputs.has(name))} ${name}`).toBe(`${type} true ${name}`);
      }
    }
  });

  it("refuse unknown types, unknown properties and missing ones", () => {
    const caller = new Caller(aws, "aws");
    expect(() => caller.check("aws:s3/bucket:Bucket", {})).toThrow(/do not know aws:s3/);
    const found = caller.check(VOLUME, { sise: 3, type: "gp3", iops: 100 }).failures;
    expect(found.map(({ property }) => property)).toEqual(["availabilityZone", "sise", "iops"]);
    expect(caller.check("aws:ec2/securityGroup:SecurityGroup", {}).inputs?.["name"]).toBe("x-0000000");
    expect(caller.check("aws:ec2/securityGroup:SecurityGroup", {}, { name: "old" }).inputs?.["name"]).toBe("old");
  });

  it("say unknown for what a preview cannot know", async () => {
    const caller = new Caller(aws, "aws");
    const plan = await caller.create("aws:ec2/instance:Instance", { instanceType: "m5.xlarge" }, "x", true);
    expect(plan).toMatchObject({
      id: "",
      properties: { publicIp: UNKNOWN, privateIp: UNKNOWN, instanceType: "m5.xlarge" },
    });
    const olds = { instanceType: "m5.xlarge", publicIp: "1.2.3.4", arn: "a" };
    const next = await caller.update("aws:ec2/instance:Instance", "i-1", olds, { instanceType: "m5.2xlarge" }, true);
    expect(next.properties).toMatchObject({ publicIp: UNKNOWN, arn: "a", instanceType: "m5.2xlarge" });
    await expect(caller.create(VPC, { cidrBlock: UNKNOWN })).rejects.toThrow(/unknown/);
  });

  it("keep what is there in files that other processes share, until it is deleted", async () => {
    const { id } = await new Caller(aws, "aws").create(VPC, { cidrBlock: "10.0.0.0/16" });
    const other = new Caller(aws, "aws");
    expect(other.read(VPC, id)).toMatchObject({ id, inputs: { cidrBlock: "10.0.0.0/16" } });
    await other.delete(VPC, id);
    expect(other.read(VPC, id).id).toBe("");
    await other.delete(VPC, id);
  });

  it("know what refers to what: nothing dangles, nothing in use is deleted", async () => {
    const caller = new Caller(aws, "aws");
    await expect(caller.create(SUBNET, { vpcId: "vpc-1" })).rejects.toThrow(
      /vpcId: there is no aws:ec2\/vpc:Vpc vpc-1/,
    );
    const vpc = await caller.create(VPC, {});
    const subnet = await caller.create(SUBNET, { vpcId: vpc.id });
    await expect(caller.delete(VPC, vpc.id)).rejects.toThrow(/in use by aws:ec2\/subnet:Subnet/);
    await caller.delete(SUBNET, subnet.id);
    await caller.delete(VPC, vpc.id);
  });

  it("attach a volume once, and hold it while it is attached", async () => {
    const caller = new Caller(hcloud, "hcloud");
    const volume = await caller.create("hcloud:index/volume:Volume", { name: "v", size: 10, location: "fsn1" });
    const serverInputs = { serverType: "ccx33", location: "fsn1" };
    const one = await caller.create("hcloud:index/server:Server", { ...serverInputs, name: "a" }, "a");
    const two = await caller.create("hcloud:index/server:Server", { ...serverInputs, name: "b" }, "b");
    const type = "hcloud:index/volumeAttachment:VolumeAttachment";
    const ids = { volumeId: Number(volume.id), serverId: Number(one.id) };
    const attached = await caller.create(type, ids, "first");
    await expect(caller.create(type, { ...ids, serverId: Number(two.id) }, "second")).rejects.toThrow(/already exists/);
    await expect(caller.delete("hcloud:index/volume:Volume", volume.id)).rejects.toThrow(/in use/);
    await caller.delete(type, attached.id);
    await caller.delete("hcloud:index/volume:Volume", volume.id);
  });

  it("want unique names, and guard what is protected", async () => {
    const caller = new Caller(hcloud, "hcloud");
    const type = "hcloud:index/volume:Volume";
    const inputs = { name: "v", size: 10, deleteProtection: true };
    const { id } = await caller.create(type, inputs, "one");
    await expect(caller.create(type, inputs, "two")).rejects.toThrow(/volume v already exists/);
    await expect(caller.delete(type, id)).rejects.toThrow(/protected by deleteProtection/);
    await caller.update(type, id, inputs, { ...inputs, deleteProtection: false });
    await caller.delete(type, id);
  });

  it("know which changes replace, and that volumes do not shrink", async () => {
    const caller = new Caller(aws, "aws");
    const replaces = (type: string, olds: PropertyMap, news: PropertyMap) =>
      caller.diff(type, "none", olds, news).replaces;
    const instance = "aws:ec2/instance:Instance";
    expect(replaces(instance, { instanceType: "a" }, { instanceType: "b" })).toEqual([]);
    expect(replaces(instance, { availabilityZone: "a" }, { availabilityZone: "b" })).toEqual(["availabilityZone"]);
    expect(replaces(VOLUME, { type: "gp2", size: 1 }, { type: "gp3", size: 2 })).toEqual([]);
    const inputs = { availabilityZone: "a", size: 100 };
    const { id } = await caller.create(VOLUME, inputs);
    await expect(caller.update(VOLUME, id, inputs, { ...inputs, size: 50 })).rejects.toThrow(/cannot shrink/);
  });

  it("take a create that comes again for the same one until its id was used", async () => {
    const caller = new Caller(aws, "aws");
    const first = await caller.create(VPC, {});
    expect((await caller.create(VPC, {})).id).toBe(first.id);
    caller.diff(VPC, first.id, {}, {});
    expect((await caller.create(VPC, {})).id).not.toBe(first.id);
  });

  it("make real keys", async () => {
    const { properties = {} } = await new Caller(tls, "tls").create("tls:index/privateKey:PrivateKey", {
      algorithm: "ED25519",
    });
    const key = createPublicKey(createPrivateKey(text(properties["privateKeyPem"])));
    const [, encoded = ""] = text(properties["publicKeyOpenssh"]).trim().split(" ");
    const point = key.export({ type: "spki", format: "der" }).subarray(-32);
    expect(Buffer.from(encoded, "base64").subarray(-32).equals(point)).toBe(true);
    expect(properties["privateKeyOpenssh"]).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END/);
  });

  it("make random values of the asked length, and keep them", async () => {
    const caller = new Caller(random, "random");
    const type = "random:index/randomPassword:RandomPassword";
    const { id, properties = {} } = await caller.create(type, { length: 24, special: false });
    expect(properties["result"]).toMatch(/^[A-Za-z0-9]{24}$/);
    expect(caller.read(type, id).properties?.["result"]).toBe(properties["result"]);
    const bytes = await caller.create("random:index/randomBytes:RandomBytes", { length: 32 });
    expect(bytes.properties?.["hex"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("run no command, and record which would run where", async () => {
    const cloud = new Cloud(dir, "command");
    const caller = new Caller(
      commandPackage((entry) => cloud.record(entry)),
      "command",
    );
    const victim = join(dir, "victim");
    const made = await caller.create("command:local:Command", { create: `touch ${victim}`, delete: "undo" });
    expect(made.properties).toMatchObject({ stdout: "" });
    const connection = { host: "192.0.2.1", user: "ethstake", hostKey: "ssh-ed25519 A", privateKey: "k" };
    await caller.create("command:remote:Command", { connection, create: "uptime" }, "r");
    await caller.delete("command:local:Command", made.id);
    expect(existsSync(victim)).toBe(false);
    const lines = readFileSync(join(dir, "commands.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { operation: "create", where: "local", hostKey: "", what: `touch ${victim}` },
      { operation: "create", where: "ethstake@192.0.2.1:22", hostKey: "ssh-ed25519 A", what: "uptime" },
      { operation: "delete", where: "local", hostKey: "", what: "undo" },
    ]);
  });

  it("answer the functions that programs ask", () => {
    const { provider } = new Caller(aws, "aws");
    const ask = (args: PropertyMap) =>
      provider.invoke({ tok: "aws:ssm/getParameter:getParameter", args, preview: false }).return;
    expect(ask({ name: "/debian" })).toMatchObject({
      insecureValue: expect.stringMatching(/^ami-[0-9a-f]{17}$/) as string,
    });
    expect(ask({ name: "/debian" })).toEqual(ask({ name: "/debian" }));
    expect(() => provider.invoke({ tok: "aws:x:y", args: {}, preview: true })).toThrow(/no function/);
  });
});
