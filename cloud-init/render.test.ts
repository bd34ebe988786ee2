import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { machineFiles, writeFile } from "./files.ts";
import type { WriteFile } from "./files.ts";
import { firewallRules } from "./firewall.ts";
import { testKey, testSpec } from "./fixtures.ts";
import { CloudInitError, renderCloudInit, USER_DATA_LIMIT } from "./render.ts";
import { nodeUnit } from "./system.ts";

interface Document {
  readonly ssh_keys: Readonly<Record<string, string>>;
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly write_files: readonly WriteFile[];
  readonly runcmd: readonly (readonly string[])[];
  readonly [key: string]: unknown;
}

const FOLDER = fileURLToPath(new URL("files", import.meta.url));
const document = (text: string) => parse(text) as Document;
const unpacked = ({ encoding, content }: WriteFile) =>
  encoding ? gunzipSync(Buffer.from(content, "base64")).toString() : content;
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

describe("user data of a machine", () => {
  it("is the same for the same machine, and another for another", () => {
    expect(renderCloudInit(testSpec())).toBe(renderCloudInit(testSpec()));
    expect(renderCloudInit(testSpec({ sshPort: 2222 }))).not.toBe(renderCloudInit(testSpec()));
  });

  it("is a cloud-config with an account that has no password, keys only, and one host key", () => {
    const text = renderCloudInit(testSpec());
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    const config = document(text);
    expect(config.users).toEqual([
      expect.objectContaining({ name: "ethstake", lock_passwd: true, ssh_authorized_keys: [testKey(1).public] }),
    ]);
    expect(config).toMatchObject({
      hostname: "mainnet-a",
      disable_root: true,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_genkeytypes: ["ed25519"],
    });
    expect(config.ssh_keys).toEqual({ ed25519_private: testKey(2).private, ed25519_public: testKey(2).public });
    expect(config.runcmd).toEqual([["/usr/local/lib/ethstake/bootstrap"]]);
  });

  it("has the private key in its own place and nowhere else", () => {
    const config = document(renderCloudInit(testSpec()));
    const { ssh_keys: _, ...rest } = config;
    const everything = JSON.stringify(rest) + config.write_files.map(unpacked).join("");
    for (const line of testKey(2).private.trim().split("\n")) expect(everything).not.toContain(line);
  });

  it("holds every file as it is meant, packed or not, none twice", () => {
    const written = document(renderCloudInit(testSpec())).write_files;
    expect(written.map((file) => [file.path, unpacked(file), file.permissions])).toEqual(
      machineFiles(testSpec()).map(({ path, content, mode }) => [path, content, mode]),
    );
    expect(new Set(written.map(({ path }) => path)).size).toBe(written.length);
  });

  it("stays below what AWS takes, also with many keys, ports and networks, and keeps what it can readable", () => {
    const crowded = testSpec({
      authorizedKeys: Array.from({ length: 20 }, (_, index) => testKey(index).public),
      ports: Array.from({ length: 60 }, (_, index) => ({ port: 30_000 + index, protocol: "udp", purpose: "p2p" })),
      sshAllow: Array.from({ length: 60 }, (_, index) => `198.51.100.${index}/32`),
    });
    const plain = (text: string) => document(text).write_files.filter(({ encoding }) => encoding === undefined).length;
    expect(Buffer.byteLength(renderCloudInit(testSpec()))).toBeLessThanOrEqual(USER_DATA_LIMIT);
    expect(Buffer.byteLength(renderCloudInit(crowded))).toBeLessThanOrEqual(USER_DATA_LIMIT);
    expect(plain(renderCloudInit(testSpec()))).toBeGreaterThan(plain(renderCloudInit(crowded)));
  });

  it("refuses what no cloud takes", () => {
    const authorizedKeys = Array.from({ length: 250 }, (_, index) => testKey(index).public);
    expect(() => renderCloudInit(testSpec({ authorizedKeys }))).toThrow(
      /larger than the 16384 bytes.*fewer authorized keys/,
    );
  });

  it("refuses a machine with faults, and says all of them without the private key", () => {
    const bad = testSpec({ sshAllow: [], hostKey: { ...testKey(2), public: testKey(3).public } });
    expect(() => renderCloudInit(bad)).toThrow(CloudInitError);
    expect(() => renderCloudInit(bad)).toThrow(/mainnet-a cannot be made: hostKey: .*; sshAllow: /);
  });

  it("survives comments in keys that look like YAML or shell", () => {
    const [type = "", base64 = ""] = testKey(1).public.split(" ");
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{1,40}$/), (comment) => {
        const key = `${type} ${base64} ${comment}`;
        expect(
          document(renderCloudInit(testSpec({ authorizedKeys: [key] }))).users[0]?.["ssh_authorized_keys"],
        ).toEqual([key]);
      }),
      { numRuns: 30 },
    );
  });
});

describe("packed files", () => {
  it("come out as they went in, and name no operating system", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 2000 }), (content) => {
        const packed = writeFile({ path: "/x", content, mode: "0644" }, true);
        expect(unpacked(packed)).toBe(content);
        if (packed.encoding) expect(Buffer.from(packed.content, "base64")[9]).toBe(255);
      }),
    );
  });
});

describe("the firewall", () => {
  it("sorts blocks and ports into their sets", () => {
    const rules = firewallRules(testSpec({ privateNetworks: ["10.1.0.0/16", "fd00::/64"], sshPort: 2222 }));
    expect(rules).toContain("set ssh4 { type ipv4_addr; flags interval; auto-merge; elements = { 198.51.100.7/32 } }");
    expect(rules).toContain("set ssh6 { type ipv6_addr; flags interval; auto-merge; elements = { 2001:db8::/48 } }");
    expect(rules).toContain("set net6 { type ipv6_addr; flags interval; auto-merge; elements = { fd00::/64 } }");
    expect(rules).toContain(
      "set tcp_open { type inet_service; flags interval; auto-merge; elements = { 30303, 9000 } }",
    );
    expect(rules).toContain("set udp_open { type inet_service; flags interval; auto-merge; elements = { 30303 } }");
    expect(rules).toContain("tcp dport 2222 ip saddr @ssh4 accept");
  });

  it("writes an empty set without elements, which nft would refuse", () => {
    expect(firewallRules(testSpec({ ports: [], privateNetworks: [] }))).not.toMatch(/elements = \{ *\}/);
  });
});

describe("the parts of a machine", () => {
  it("runs nodes from the data folder, with time for the slowest client to stop", () => {
    expect(nodeUnit("/srv/data")).toContain("WorkingDirectory=/srv/data/nodes/%i\n");
    expect(nodeUnit("/srv/data")).toMatch(/^TimeoutStopSec=7min$/m);
  });

  it("orders the data unit after fstab's mount by systemd's name for it", () => {
    const unit = machineFiles(testSpec({ data: { directory: "/srv/my-data/a" } })).find(({ path }) =>
      path.endsWith("/ethstake-data.service"),
    );
    expect(unit?.content).toContain("After=local-fs.target srv-my\\x2ddata-a.mount\n");
  });

  it("has scripts that stop at errors, whose comments stay here", () => {
    const scripts = machineFiles(testSpec()).filter(({ path }) => path.startsWith("/usr/local/lib/ethstake/"));
    expect(scripts.map(({ path }) => path.split("/").at(-1))).toEqual(
      readdirSync(FOLDER)
        .map((name) => name.replace(".sh", ""))
        .sort(),
    );
    for (const { content, mode } of scripts) {
      expect(mode).toBe("0755");
      expect(content).toMatch(/^#!\/bin\/bash\nset -euo pipefail\n/);
      execFileSync("bash", ["-n"], { input: content });
    }
  });

  it.skipIf(!hasShellcheck)("has scripts without a finding of shellcheck", () => {
    const result = spawnSync("shellcheck", ["--exclude=SC1091", ...readdirSync(FOLDER)], {
      cwd: FOLDER,
      encoding: "utf8",
    });
    expect(result.stdout).toBe("");
  });
});
