import { describe, expect, it } from "vitest";
import { hostFaults, type HostFault, type HostNeed } from "./faults.ts";
import { memoryOf, smallestFit } from "./sizes.ts";
import type { HostSpec, HostTarget } from "./spec.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEdjGSZsWw0pPcDb5QQCbn8Ojy4nYVIB6jjKHkM4m1Hq";
const aws = (instanceType = "r7i.2xlarge", region = "eu-central-1"): HostTarget => ({
  kind: "aws",
  region,
  availabilityZone: `${region}a`,
  instanceType,
});
const hetzner: HostTarget = { kind: "hetzner", location: "fsn1", serverType: "ccx33", termsAcknowledged: true };
const droplet: HostTarget = { kind: "digitalocean", region: "fra1", size: "so1_5-8vcpu-64gb" };
const ssh = (more: Partial<Extract<HostTarget, { kind: "ssh" }>> = {}): HostTarget => ({
  kind: "ssh",
  address: "node.example.org",
  port: 22,
  user: "admin",
  hostKey: KEY,
  ...more,
});
const host = (more: Partial<HostSpec> = {}): HostSpec => ({
  name: "h1",
  target: aws(),
  dataVolume: { sizeGiB: 2000, iops: 8000, throughputMBps: 700 },
  sshAllow: ["203.0.113.4/32", "2001:db8::/48"],
  ports: [],
  hasValidators: true,
  ...more,
});
const need: HostNeed = { memoryGiB: 24, diskGiB: 1500, iops: 5000 };
const faults = (more: Partial<HostSpec>, wanted?: HostNeed): HostFault[] =>
  hostFaults([host(more)], wanted ? { [more.name ?? "h1"]: wanted } : {});
const paths = (found: readonly HostFault[]): string[] => found.map(({ path }) => path);

describe("hosts", () => {
  it("are fine when they are", () => {
    const targets = [aws(), hetzner, droplet, ssh(), { kind: "local" } as const];
    const hosts = targets.map((target, index) => host({ name: `h${index}`, target }));
    const needs = Object.fromEntries(hosts.map(({ name }) => [name, need]));
    expect(hostFaults(hosts, needs)).toEqual([]);
  });

  it("have every fault told at once", () => {
    const found = hostFaults([host({ sshAllow: [] }), host({ target: { ...hetzner, termsAcknowledged: false } })]);
    expect(paths(found)).toEqual(["hosts[0].sshAllow", "hosts[1].name", "hosts[1].target.termsAcknowledged"]);
  });

  it("have names of their own that machines can carry", () => {
    expect(paths(hostFaults([host(), host({ name: "h2" }), host()]))).toEqual(["hosts[2].name"]);
    for (const name of ["", "H1", "a_b", "-a", "a-", "1a", "a".repeat(41)]) {
      expect(paths(faults({ name }))).toEqual(["hosts[0].name"]);
    }
    expect(faults({ name: "a".repeat(40) })).toEqual([]);
  });
});

describe("generations", () => {
  it("are counted from one", () => {
    for (const generation of [0, -1, 1.5, Number.NaN]) {
      expect(paths(faults({ generation }))).toEqual(["hosts[0].generation"]);
    }
    expect(faults({ generation: 2 })).toEqual([]);
  });
});

describe("SSH", () => {
  it.each(["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3"])("is never open to %s", (block) => {
    expect(faults({ sshAllow: [block] })).toMatchObject([
      { path: "hosts[0].sshAllow[0]", value: block, message: expect.stringContaining("everyone") as string },
    ]);
  });

  it.each(["", "10.0.0.1", "10.0.0.1/33", "10.0.0/24", "::/129", "x/8", "10.0.0.0/8/8", "10.0.0.0/ 8", "1.2.3.4/032x"])(
    "refuses the malformed block %j",
    (block) => {
      expect(faults({ sshAllow: ["10.0.0.0/8", block] })).toMatchObject([
        { path: "hosts[0].sshAllow[1]", message: expect.stringContaining("must be an address block") as string },
      ]);
    },
  );

  it("wants the first address of a block, as the clouds do", () => {
    expect(paths(faults({ sshAllow: ["203.0.113.4/24", "2001:db8::1/48"] }))).toHaveLength(2);
    const fine = ["203.0.113.0/24", "2001:db8::/48", "2001:db8::1/128", "::ffff:192.0.2.1/128"];
    expect(faults({ sshAllow: fine })).toEqual([]);
  });

  it("needs no list where the firewall is not ours", () => {
    expect(faults({ sshAllow: [], target: ssh() })).toEqual([]);
    expect(faults({ sshAllow: [], target: { kind: "local" } })).toEqual([]);
  });

  it("needs the machine's whole host key", () => {
    const wrong = ["", "AAAA", KEY.slice(0, -4), `${KEY}\n${KEY}`, KEY.replace("ed25519 ", "rsa "), "ssh-ed25519 !!!!"];
    for (const hostKey of wrong)
      expect(paths(faults({ target: ssh({ hostKey }) }))).toEqual(["hosts[0].target.hostKey"]);
    expect(faults({ target: ssh({ hostKey: `${KEY} root@machine` }) })).toEqual([]);
    const [fault] = faults({ target: ssh({ hostKey: "-----BEGIN OPENSSH PRIVATE KEY-----" }) });
    expect(fault?.value).toBe("(a private key)");
  });

  it("needs a port and an address", () => {
    expect(paths(faults({ target: ssh({ port: 0, address: "a b" }) }))).toEqual([
      "hosts[0].target.port",
      "hosts[0].target.address",
    ]);
  });
});

describe("targets", () => {
  it("at Hetzner need the terms to be cleared", () => {
    const [fault] = faults({ target: { ...hetzner, termsAcknowledged: false } });
    expect(fault?.path).toBe("hosts[0].target.termsAcknowledged");
  });

  it("at AWS need a zone of the region", () => {
    const zone = (availabilityZone: string) =>
      faults({
        target: { kind: "aws", region: "us-west-2", availabilityZone, instanceType: "m7i.xlarge" },
      });
    expect(paths(zone("eu-central-1a"))).toEqual(["hosts[0].target.availabilityZone"]);
    expect(paths(zone("us-west-2"))).toEqual(["hosts[0].target.availabilityZone"]);
    expect(zone("us-west-2b")).toEqual([]);
    expect(zone("us-west-2-lax-1a")).toEqual([]);
  });
});

describe("sizes", () => {
  it("must hold what the clients need", () => {
    const [fault] = faults({ target: aws("m5.xlarge") }, need);
    expect(fault).toMatchObject({ path: "hosts[0].target.instanceType", value: "m5.xlarge" });
    expect(fault?.message).toMatch(/has 16 GiB.*need 24: choose m5\.2xlarge or larger/);
    expect(faults({ target: aws("m5.2xlarge") }, need)).toEqual([]);
    expect(faults({ target: aws("m5.xlarge"), allowUndersized: true }, need)).toEqual([]);
    expect(paths(faults({ target: { ...hetzner, serverType: "cax21" } }, need))).toEqual([
      "hosts[0].target.serverType",
    ]);
    expect(paths(faults({ target: { ...droplet, size: "c-8" } }, need))).toEqual(["hosts[0].target.size"]);
  });

  it("must be known, or told", () => {
    expect(paths(faults({ target: aws("x9.mega") }, need))).toEqual(["hosts[0].target.instanceType"]);
    expect(faults({ target: aws("x9.mega"), memoryGiB: 64 }, need)).toEqual([]);
    expect(faults({ target: aws("x9.mega"), memoryGiB: 8 }, need)[0]?.message).toContain("has 8 GiB");
    expect(paths(faults({ target: aws("x9.mega"), memoryGiB: 0 }))).toEqual(["hosts[0].memoryGiB"]);
    expect(faults({ target: ssh() }, need)).toEqual([]);
    expect(paths(faults({ target: ssh(), memoryGiB: 8 }, need))).toEqual(["hosts[0].memoryGiB"]);
  });

  it("are what the vendors say", () => {
    const memory = (target: HostTarget) => memoryOf(host({ target }));
    expect(memory(aws("m5.2xlarge"))).toBe(32);
    expect(memory(aws("r7i.2xlarge"))).toBe(64);
    expect(memory(aws("i4i.4xlarge"))).toBe(128);
    expect(memory(hetzner)).toBe(32);
    expect(memory(droplet)).toBe(64);
    expect(memory({ ...droplet, size: "g-8vcpu-32gb" } as HostTarget)).toBe(32);
    expect(smallestFit({ ...hetzner, serverType: "cax11" } as HostTarget, 20)).toBe("cax41");
    expect(smallestFit({ ...droplet, size: "so1_5-2vcpu-16gb" } as HostTarget, 20)).toBe("so1_5-4vcpu-32gb");
    expect(smallestFit({ ...hetzner, serverType: "cax11" } as HostTarget, 60)).toBe("ccx43");
    expect(smallestFit(aws(), 1000)).toBeUndefined();
  });
});

describe("data volumes", () => {
  it("must hold what the clients need", () => {
    expect(paths(faults({ dataVolume: { sizeGiB: 1499, iops: 5000 } }, need))).toEqual(["hosts[0].dataVolume.sizeGiB"]);
    expect(faults({ dataVolume: { sizeGiB: 1500, iops: 5000 } }, need)).toEqual([]);
    expect(faults({ dataVolume: { sizeGiB: 1499 }, allowUndersized: true }, need)).toEqual([]);
    for (const sizeGiB of [0, 9, 10.5, Number.NaN]) {
      expect(paths(faults({ dataVolume: { sizeGiB } }))).toEqual(["hosts[0].dataVolume.sizeGiB"]);
    }
  });

  it("must be fast enough, where that is known", () => {
    expect(paths(faults({ dataVolume: { sizeGiB: 2000 } }, need))).toEqual(["hosts[0].dataVolume.iops"]);
    expect(faults({ dataVolume: { sizeGiB: 2000 }, target: hetzner }, { ...need, iops: 5001 })).toMatchObject([
      { path: "hosts[0].dataVolume.iops", message: expect.stringContaining("gives 5000") as string },
    ]);
    expect(faults({ dataVolume: { sizeGiB: 2000 }, target: droplet }, need)).toEqual([]);
    expect(faults({ dataVolume: { sizeGiB: 2000 }, target: ssh() }, need)).toEqual([]);
    expect(paths(faults({ dataVolume: { sizeGiB: 2000, iops: 100 }, target: ssh() }, need))).toHaveLength(1);
  });

  it("at AWS keep to what gp3 sells", () => {
    expect(paths(faults({ dataVolume: { sizeGiB: 2000, iops: 2000 } }))).toEqual(["hosts[0].dataVolume.iops"]);
    expect(paths(faults({ dataVolume: { sizeGiB: 2000, throughputMBps: 800 } }))).toEqual([
      "hosts[0].dataVolume.throughputMBps",
    ]);
    expect(paths(faults({ dataVolume: { sizeGiB: 2000, throughputMBps: 100 } }))).toHaveLength(1);
    expect(faults({ dataVolume: { sizeGiB: 2000, iops: 3200, throughputMBps: 800 } })).toEqual([]);
  });
});

describe("spread", () => {
  const fleet = (targets: readonly HostTarget[], more: Partial<HostSpec> = {}) =>
    targets.map((target, index) => host({ name: `h${index}`, target, ...more }));
  const half = { maxProviderShare: 0.5, maxRegionShare: 0.5 };

  it("keeps one provider and one region below their shares", () => {
    const found = hostFaults(fleet([aws(), aws(), aws(), hetzner]), {}, half);
    expect(paths(found)).toEqual(["fleet.maxProviderShare", "fleet.maxRegionShare"]);
    expect(found[0]?.message).toContain(
      "allows 2 of 4 nodes with validators at one provider, and aws has 3 (h0, h1, h2)",
    );
    expect(hostFaults(fleet([aws(), aws(), hetzner, droplet]), {}, half)).toEqual([]);
    const regions = hostFaults(fleet([aws(), aws("m5.xlarge", "us-east-1"), aws("m5.xlarge", "us-east-2")]), {}, half);
    expect(paths(regions)).toEqual(["fleet.maxProviderShare"]);
  });

  it("weighs hosts by their nodes with validators", () => {
    const needs = { h0: { memoryGiB: 1, diskGiB: 1, validatorNodes: 4 } };
    expect(paths(hostFaults(fleet([aws(), hetzner, droplet]), needs, half))).toHaveLength(2);
    expect(hostFaults(fleet([aws(), aws(), aws()], { hasValidators: false }), {}, half)).toEqual([]);
  });

  it("is not asked of small fleets", () => {
    expect(hostFaults(fleet([aws(), aws()]), {}, half)).toEqual([]);
    expect(hostFaults(fleet([aws()]), {}, half)).toEqual([]);
  });

  it("counts machines of one's own each for itself", () => {
    expect(hostFaults(fleet([ssh(), ssh(), ssh()]), {}, half)).toEqual([]);
  });

  it("needs shares that are shares", () => {
    const found = hostFaults([], {}, { maxProviderShare: 0, maxRegionShare: 1.5 });
    expect(paths(found)).toEqual(["fleet.maxProviderShare", "fleet.maxRegionShare"]);
    expect(hostFaults(fleet([aws(), aws(), aws()]), {}, { maxProviderShare: 1 })).toEqual([]);
    const third = { maxProviderShare: 1 / 3 };
    expect(hostFaults(fleet([aws(), hetzner, droplet]), {}, third)).toEqual([]);
  });
});
