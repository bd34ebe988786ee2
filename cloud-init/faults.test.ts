import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCidr } from "./cidr.ts";
import { cloudInitFaults } from "./faults.ts";
import { testKey, testSpec } from "./fixtures.ts";
import type { CloudInitSpec } from "./spec.ts";
import { parsePublicKey, publicBlobOf } from "./ssh-keys.ts";

const ED = testKey(1).public;
const [, BASE64 = ""] = ED.split(" ");
const open = (port: number, protocol: "tcp" | "udp" = "tcp") => ({ port, protocol, purpose: `${protocol} ${port}` });
const rsa = Buffer.concat(
  ["ssh-rsa", "\x01\0\x01", "modulus"].map((text) =>
    Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text, "latin1")]),
  ),
);
const RSA = `ssh-rsa ${rsa.toString("base64")}`;

/** What is wrong, the path that says where, and a change of it that is right. */
const CASES: readonly (readonly [string, Partial<CloudInitSpec>, string, Partial<CloudInitSpec>])[] = [
  ["a host name with a dot", { hostname: "a.example" }, "hostname", { hostname: "a-1" }],
  ["a host name that is YAML", { hostname: "a\nruncmd: []" }, "hostname", { hostname: "a".repeat(63) }],
  ["a host name that is too long", { hostname: "a".repeat(64) }, "hostname", { hostname: "a" }],
  ["root as the account", { user: "root" }, "user", { user: "operator" }],
  ["an account that is a shell command", { user: "a;reboot" }, "user", { user: "_a-1" }],
  ["no key", { authorizedKeys: [] }, "authorizedKeys", { authorizedKeys: [ED] }],
  ["a key that is none", { authorizedKeys: [ED, "hello"] }, "authorizedKeys[1]", { authorizedKeys: [ED, RSA] }],
  [
    "a key without its end",
    { authorizedKeys: [ED.slice(0, 50)] },
    "authorizedKeys[0]",
    { authorizedKeys: [`ssh-ed25519 ${BASE64}`] },
  ],
  [
    "a key under another type",
    { authorizedKeys: [`ssh-rsa ${BASE64}`] },
    "authorizedKeys[0]",
    { authorizedKeys: [RSA] },
  ],
  ["a key with options", { authorizedKeys: [`command="x" ${ED}`] }, "authorizedKeys[0]", { authorizedKeys: [ED] }],
  ["two keys in one line", { authorizedKeys: [`${ED}\n${ED}`] }, "authorizedKeys[0]", { authorizedKeys: [ED, ED] }],
  [
    "a host key that is not ed25519",
    { hostKey: { ...testKey(2), public: RSA } },
    "hostKey.public",
    { hostKey: testKey(3) },
  ],
  ["halves of two pairs", { hostKey: { private: testKey(2).private, public: ED } }, "hostKey", { hostKey: testKey(1) }],
  [
    "a private key in another format",
    { hostKey: { ...testKey(2), private: "-----BEGIN PRIVATE KEY-----\nAAAA\n" } },
    "hostKey.private",
    { hostKey: testKey(2) },
  ],
  ["nobody who may reach SSH", { sshAllow: [] }, "sshAllow", { sshAllow: ["10.0.0.0/8"] }],
  ["everyone", { sshAllow: ["0.0.0.0/0"] }, "sshAllow[0]", { sshAllow: ["1.2.3.4/32"] }],
  ["everyone of IPv6", { sshAllow: ["1.2.3.4/32", "::/0"] }, "sshAllow[1]", { sshAllow: ["2001:db8::1/128"] }],
  ["half of everyone", { sshAllow: ["128.0.0.0/1"] }, "sshAllow[0]", { sshAllow: ["128.0.0.0/8"] }],
  ["an address without a prefix", { sshAllow: ["1.2.3.4"] }, "sshAllow[0]", { sshAllow: ["1.2.3.0/24"] }],
  ["a prefix that is too long", { sshAllow: ["1.2.3.4/33"] }, "sshAllow[0]", { sshAllow: ["1.2.3.4/32"] }],
  ["an SSH port out of range", { sshPort: 70_000 }, "sshPort", { sshPort: 2222 }],
  ["a port out of range", { ports: [open(0)] }, "ports[0].port", { ports: [open(1)] }],
  ["a port twice", { ports: [open(9000), open(9000)] }, "ports[1]", { ports: [open(9000), open(9000, "udp")] }],
  ["SSH's own port", { sshPort: 2222, ports: [open(2222)] }, "ports[0]", { sshPort: 2222, ports: [open(2222, "udp")] }],
  [
    "a device that is a file",
    { data: { device: "/root/d", directory: "/srv/a" } },
    "data.device",
    { data: { directory: "/srv/a" } },
  ],
  [
    "a device that climbs",
    { data: { device: "/dev/../root/d", directory: "/srv/a" } },
    "data.device",
    { data: { device: "/dev/nvme1n1", directory: "/srv/a" } },
  ],
  ["a folder of the system", { data: { directory: "/etc" } }, "data.directory", { data: { directory: "/mnt/data" } }],
  ["a folder with a space", { data: { directory: "/srv/a b" } }, "data.directory", { data: { directory: "/srv/a-b" } }],
  [
    "a private network that is public",
    { privateNetworks: ["8.8.8.0/24"] },
    "privateNetworks[0]",
    { privateNetworks: ["172.31.0.0/16"] },
  ],
  [
    "a private network that is wider than private",
    { privateNetworks: ["172.16.0.0/11"] },
    "privateNetworks[0]",
    { privateNetworks: ["172.16.0.0/12"] },
  ],
  [
    "link-local addresses as a network",
    { privateNetworks: ["169.254.0.0/24"] },
    "privateNetworks[0]",
    { privateNetworks: ["100.64.0.0/16"] },
  ],
  [
    "a network that is none",
    { privateNetworks: ["fd00::/200"] },
    "privateNetworks[0]",
    { privateNetworks: ["fd00::/64"] },
  ],
];

describe("faults of a machine's description", () => {
  it("finds none in a good one", () => {
    expect(cloudInitFaults(testSpec())).toEqual([]);
  });

  it.each(CASES)("names %s", (_, bad, path, good) => {
    expect(cloudInitFaults(testSpec(bad)).map((fault) => fault.path)).toEqual([path]);
    expect(cloudInitFaults(testSpec(good))).toEqual([]);
  });

  it("names all of them at once", () => {
    const faults = cloudInitFaults(testSpec({ hostname: "", authorizedKeys: [], sshAllow: ["x", "::/0"], sshPort: 0 }));
    expect(faults.map(({ path }) => path)).toEqual([
      "hostname",
      "authorizedKeys",
      "sshPort",
      "sshAllow[0]",
      "sshAllow[1]",
    ]);
  });

  it("never repeats a private key, wherever it was put", () => {
    const { private: secret } = testKey(9);
    const body = secret.split("\n")[1] ?? "";
    const faults = cloudInitFaults(
      testSpec({ authorizedKeys: [secret], hostKey: { private: `x${secret}`, public: secret } }),
    );
    expect(faults).toHaveLength(3);
    expect(JSON.stringify(faults)).not.toContain(body);
  });
});

describe("keys", () => {
  it("finds the public half in a private key", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), (seed) => {
        const key = testKey(seed);
        expect(publicBlobOf(key.private)).toEqual(parsePublicKey(key.public)?.blob);
      }),
    );
  });

  it("takes no key that lost a part", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: BASE64.length - 1 }), (length) => {
        expect(parsePublicKey(`ssh-ed25519 ${BASE64.slice(0, length)}`)).toBeUndefined();
      }),
    );
  });

  it("takes no private key with a passphrase or in pieces, and never throws", () => {
    const { private: whole } = testKey(4);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 40 }), (cut) => {
        expect(publicBlobOf(whole.slice(0, cut))).toBeUndefined();
      }),
    );
    const locked = Buffer.from(whole.split("\n").slice(1, -2).join(""), "base64")
      .toString("latin1")
      .replace("none", "aes0");
    const text = Buffer.from(locked, "latin1").toString("base64");
    expect(
      publicBlobOf(`-----BEGIN OPENSSH PRIVATE KEY-----\n${text}\n-----END OPENSSH PRIVATE KEY-----\n`),
    ).toBeUndefined();
  });
});

describe("address blocks", () => {
  it("reads every IPv4 block, and none with another prefix", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 99 }), (address, prefix) => {
        const expected = prefix <= 32 ? { address, prefix, family: "ipv4" } : undefined;
        expect(parseCidr(`${address}/${prefix}`)).toEqual(expected);
      }),
    );
  });

  it("reads every IPv6 block", () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, prefix) => {
        expect(parseCidr(`${address}/${prefix}`)).toEqual({ address, prefix, family: "ipv6" });
      }),
    );
  });
});
