import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../lib/paths.ts";
import { settingsOf } from "./namespace.ts";
import { MAINNET_CONFIRMATION, publicSettingsSchema } from "./public-schema.ts";
import { hostSpecs } from "./public-specs.ts";
import { parseSettings, SettingsError, type SettingsFault } from "./settings.ts";

type Raw = Record<string, unknown>;

const example = (stack: string): Raw =>
  settingsOf((parse(readFileSync(projectPath(`Pulumi.${stack}.yaml`), "utf8")) as { config: Raw }).config);

function faultsOf(raw: Raw): readonly SettingsFault[] {
  try {
    parseSettings(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error.data.faults;
    throw error;
  }
  return [];
}

/** The example with something changed, at a path. */
function changed(raw: Raw, path: string, value: unknown): Raw {
  const copy = structuredClone(raw);
  const keys = path.split(".");
  let place = copy;
  for (const key of keys.slice(0, -1)) place = (place[key] ??= {}) as Raw;
  place[keys.at(-1) ?? ""] = value;
  return copy;
}

const hoodi = example("hoodi");
const mainnet = example("mainnet");

describe.each(["hoodi", "sepolia", "mainnet", "operator"])("the example of %s", (stack) => {
  it("has no fault", () => {
    expect(faultsOf(example(stack))).toEqual([]);
  });
});

describe("settings of a public network", () => {
  it.each([
    ["nodes.0.host", "nowhere", "nodes[0].host", /fra-1, ams-1/],
    ["nodes.1.name", "node-1", "nodes[1].name", /used twice/],
    ["hosts.0.target", { kind: "gcp" }, "hosts[0].target.kind", /aws, hetzner, digitalocean, ssh or local|Invalid/],
    ["nodes.0.execution", [{ client: "parity" }], "nodes[0].execution[0].client", /besu, geth/],
    [
      "deployment",
      { executionRewardsVault: "0x" + "11".repeat(20), withdrawalVault: "0x" + "11".repeat(20) },
      "deployment",
      /exactly one/,
    ],
    ["protocol.roles", { captain: "deployer" }, "protocol.roles.captain", /not a role/],
    ["protocol.roles", { pauser: "sheriff" }, "protocol.accounts.sheriff", /must exist, for pauser/],
    ["protocol.treasury", "0x" + "00".repeat(20), "protocol.treasury", /burnt/],
    ["protocol.treasury", "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9C", "protocol.treasury", /EIP-55/],
    [
      "protocol.accounts.deployer",
      { address: "0x" + "11".repeat(20) },
      "protocol.accounts.deployer",
      /keyFile or a signerUrl/,
    ],
    ["protocol.stakeCap", "20000000", "protocol.stakeCap", /between/],
  ])("refuses %s = %j", (path, value, where, remedy) => {
    const faults = faultsOf(changed(hoodi, path, value));
    expect(faults.map((fault) => fault.path)).toContain(where);
    expect(faults.find((fault) => fault.path === where)?.remedy).toMatch(remedy);
  });

  it("has no validators on sepolia, where deposits are gated", () => {
    const faults = faultsOf(changed(example("sepolia"), "nodes.0.validator", { client: "lodestar" }));
    expect(faults.map(({ path }) => path)).toContain("nodes[0].validator");
  });

  it("tells a member named twice", () => {
    const [first = "", second = ""] = (hoodi["protocol"] as { committees: { oracle: string[] } }).committees.oracle;
    const faults = faultsOf(changed(hoodi, "protocol.committees.oracle", [first, second, first]));
    expect(faults.map(({ path }) => path)).toEqual(["protocol.committees.oracle[2]"]);
  });

  const key = `0x${"ab".repeat(48)}`;
  it.each([
    ["acknowledgedForks", [], "nodes[0].execution[0].image.tag", /Glamsterdam/],
    ["hosts.0.target.instanceType", "m5.xlarge", "hosts[0].target.instanceType", /16 GiB/],
    ["hosts.0.sshAllow", ["0.0.0.0/0"], "hosts[0].sshAllow[0]", /./],
    ["hosts.0.dataVolume.sizeGiB", 100, "hosts[0].dataVolume.sizeGiB", /need/],
    ["nodes.0.validator.publicKeys", [key, key], "nodes[0].validator.publicKeys[1]", /./],
    ["nodes.0.mevBoost.relays", ["http://relay"], "nodes[0].mevBoost.relays[0]", /./],
    ["nodes.0.validator.extraArgs", ["--datadir=/tmp/new"], "nodes[0].validator.extraArgs[0]", /remove it/],
    ["nodes.0.validator.extraArgs", ["--force-clear-db"], "nodes[0].validator.extraArgs[0]", /slashing/],
    ["nodes.0.validator.extraArgs", ["--suggested-fee-recipient", "0x1"], "nodes[0].validator.extraArgs[0]", /pay/],
    ["nodes.1.host", "fra-1", "nodes[1].basePort", /other nodes/],
    ["nodes.0.validator", { client: "prysm" }, "nodes[0].validator.doppelgangerProtection", /./],
  ])("looks at machines and nodes: %s = %j", (path, value, where, remedy) => {
    const faults = faultsOf(changed(hoodi, path, value));
    expect(faults.map((fault) => fault.path)).toContain(where);
    expect(faults.find((fault) => fault.path === where)?.remedy).toMatch(remedy);
  });

  it("wants the confirmation, long delays and a signer that is not a file on mainnet", () => {
    expect(MAINNET_CONFIRMATION).toBe(mainnet["confirmation"]);
    let raw = changed(mainnet, "confirmation", "yes");
    raw = changed(raw, "protocol.governance", { upgradeDelaySeconds: 60, operationsDelaySeconds: 60 });
    raw = changed(raw, "protocol.accounts.deployer", { address: "0x" + "11".repeat(20), keyFile: "deployer.key" });
    expect(faultsOf(raw).map(({ path }) => path)).toEqual([
      "confirmation",
      "protocol.governance.upgradeDelaySeconds",
      "protocol.governance.operationsDelaySeconds",
      "protocol.accounts.deployer.keyFile",
    ]);
  });

  describe("with a gateway", () => {
    const gateway = {
      host: "fra-1",
      domain: "dash.example.org",
      acmeEmail: "ops@example.org",
      users: [{ name: "alice", passwordHashFile: "keys/hoodi/alice.bcrypt" }],
      upstreams: [
        {
          name: "grafana",
          kind: "grafana",
          url: "http://grafana:3000",
          network: "ethstake-monitoring_default",
          authentication: { kind: "basic", users: ["alice"] },
        },
      ],
    };
    const withGateway = changed(hoodi, "gateway", gateway);

    it("has no fault", () => {
      expect(faultsOf(withGateway)).toEqual([]);
    });

    it.each([
      ["gateway.host", "nowhere", "gateway.host", /fra-1, ams-1/],
      ["gateway.domain", undefined, "gateway.domain", /domain/],
      ["gateway.domain", "dash.internal", "gateway.domain", /internal/],
      ["gateway.acmeEmail", undefined, "gateway.acmeEmail", /e-mail/],
      ["gateway.certificates", "none", "gateway.certificates", /acme/],
      ["gateway.basePort", 20_010, "gateway.basePort", /20000 to 20015/],
      ["gateway.allow", ["0.0.0.0/0"], "gateway.allow[0]", /everyone/],
      ["gateway.users", [], "gateway.upstreams[0].authentication.users[0]", /gateway\.users/],
      ["gateway.users", [gateway.users[0], gateway.users[0]], "gateway.users[1].name", /twice/],
      ["gateway.upstreams", [], "gateway.upstreams", /at least one/],
      ["gateway.upstreams.0.authentication", undefined, "gateway.upstreams[0].authentication", /basic or forward/],
      ["gateway.upstreams.0.authentication", { kind: "none" }, "gateway.upstreams[0].authentication.kind", /./],
      ["gateway.upstreams.0.url", "http://127.0.0.1:3000", "gateway.upstreams[0].url", /container/],
      ["gateway.upstreams.0.rateLimit", { requests: 0, seconds: 1 }, "gateway.upstreams[0].rateLimit.requests", /1/],
    ])("refuses %s = %j", (path, value, where, remedy) => {
      const faults = faultsOf(changed(withGateway, path, value));
      expect(faults.map((fault) => fault.path)).toContain(where);
      expect(faults.find((fault) => fault.path === where)?.remedy).toMatch(remedy);
    });

    it("names a gateway's faults beside others", () => {
      const raw = changed(changed(withGateway, "gateway.host", "nowhere"), "nodes.0.host", "nowhere");
      expect(faultsOf(raw).map(({ path }) => path)).toEqual(["nodes[0].host", "gateway.host"]);
    });

    it("opens 80 and 443 on its host alone", () => {
      const opened = (raw: Raw): Record<string, number[]> => {
        const settings = publicSettingsSchema.parse(raw);
        return Object.fromEntries(
          hostSpecs(settings, () => []).map(({ name, ports }) => [name, ports.map(({ port }) => port)]),
        );
      };
      expect(opened(withGateway)).toEqual({ "fra-1": [80, 443], "ams-1": [] });
      expect(opened(hoodi)).toEqual({ "fra-1": [], "ams-1": [] });
    });
  });

  it("names the networks there are", () => {
    expect(faultsOf({ ...hoodi, network: "goerli" })[0]?.remedy).toMatch(/devnet, sepolia, hoodi or mainnet/);
  });
});
