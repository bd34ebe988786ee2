import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../lib/paths.ts";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { keeperSpec } from "./keepers.ts";
import { settingsOf } from "./namespace.ts";
import { UPTIME_QUERY } from "../monitoring/witness.ts";
import { monitoringNeed } from "./monitoring-checks.ts";
import { needsOf } from "./needs.ts";
import { bundleSpecs } from "./public-specs.ts";
import { parseSettings, SettingsError, type PublicSettings, type SettingsFault } from "./settings.ts";

type Raw = Record<string, unknown>;
interface Stack extends Raw {
  protocol: Raw & { accounts: Raw; roles?: Raw };
  keepers: Raw[];
}

/** Hoodi's example with three keepers; two members are on one host. */
function stack(change: (raw: Stack) => void = () => undefined): Stack {
  const file = readFileSync(projectPath("Pulumi.hoodi.yaml"), "utf8");
  const raw = settingsOf((parse(file) as { config: Raw }).config) as Stack;
  for (const index of [1, 2, 3])
    raw.protocol.accounts[`oracle-${index}`] = {
      address: `0x510000000000000000000000000000000000000${index}`,
      keyFile: `keys/hoodi/oracle-${index}.key`,
    };
  const fromBlock = 1_500_000;
  raw.keepers = [
    { name: "keeper-1", host: "fra-1", node: "node-1", account: "oracle-1", fromBlock, roles: ["depositor", "exits"] },
    { name: "keeper-2", host: "ams-1", node: "node-2", account: "oracle-2", fromBlock },
    { name: "keeper-3", host: "ams-1", node: "node-2", account: "oracle-3", fromBlock, port: 7_381 },
  ];
  change(raw);
  return raw;
}

function faultsOf(raw: Raw): readonly SettingsFault[] {
  try {
    parseSettings(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error.data.faults;
    throw error;
  }
  return [];
}

const at = (index: number, change: Raw) => (raw: Stack) => void Object.assign(raw.keepers[index] ?? {}, change);

describe("keepers of a public network", () => {
  it("are none by default, and three without a fault", () => {
    expect((parseSettings(stack((raw) => (raw.keepers = []))) as PublicSettings).keepers).toEqual([]);
    expect(faultsOf(stack())).toEqual([]);
  });

  it.each<[string, (raw: Stack) => void, string, RegExp]>([
    ["a name twice", at(1, { name: "keeper-1" }), "keepers[1].name", /used twice/],
    ["a node's name", at(1, { name: "node-1" }), "keepers[1].name", /node's name/],
    ["a reserved name", at(1, { name: "gateway" }), "keepers[1].name", /something else/],
    ["no such host", at(0, { host: "nowhere" }), "keepers[0].host", /fra-1, ams-1/],
    ["a node elsewhere", at(0, { node: "node-2" }), "keepers[0].node", /a node of fra-1.*node-1/],
    ["a port twice", at(2, { port: 7_380 }), "keepers[2].port", /another keeper's of ams-1/],
    ["a node's port", at(0, { port: 20_003 }), "keepers[0].port", /must leave 20000 to 20015/],
    ["no such account", at(0, { account: "nobody" }), "keepers[0].account", /must be in protocol.accounts/],
    ["no member", at(0, { account: "alice" }), "keepers[0].account", /not in protocol.committees.oracle/],
    ["the deployer", at(0, { account: "deployer", dryRun: true }), "keepers[0].account", /deployer/],
    ["a guardian", at(0, { account: "guardian", dryRun: true }), "keepers[0].account", /pauser, emergency/],
    ["a member twice", at(1, { account: "oracle-1" }), "keepers[1].account", /keeper-1's already/],
    ["a role twice", at(1, { roles: ["exits"] }), "keepers[1].roles[0]", /keeper-1's already/],
    ["an unknown role", at(1, { roles: ["captain"] }), "keepers[1].roles[0]", /depositor, operatorManager, exits/],
    ["no first block", at(1, { fromBlock: undefined }), "keepers[1].fromBlock", /block's number/],
    ["an unknown setting", at(1, { settled: 2 }), "keepers[1].settled", /is not a setting/],
    [
      "the stack's Prometheus, of which there is none",
      at(1, { prometheus: {} }),
      "keepers[1].prometheus.url",
      /monitoring/,
    ],
    [
      "the stack's Prometheus, which forgets too soon",
      (raw) => {
        raw["monitoring"] = { host: "fra-1", retention: { days: 7 } };
        at(1, { prometheus: {} })(raw);
      },
      "monitoring.retention.days",
      /at least 32/,
    ],
    [
      "a Prometheus in its own container",
      at(1, { prometheus: { url: "http://127.0.0.1:9090", query: "x" } }),
      "keepers[1].prometheus.url",
      /own container/,
    ],
    [
      "a signer in its own container",
      (raw) => {
        const { address } = raw.protocol.accounts["oracle-2"] as { address: string };
        raw.protocol.accounts["oracle-2"] = { address, signerUrl: "http://localhost:8550" };
      },
      "protocol.accounts.oracle-2.signerUrl",
      /own container/,
    ],
    [
      "a role's account that pauses, too",
      (raw) => {
        raw.protocol.roles = { depositor: "guardian" };
      },
      "keepers[0].roles[0]",
      /pauser, emergency.*protocol.roles.depositor/,
    ],
  ])("refuses %s", (_title, change, path, message) => {
    const found = faultsOf(stack(change)).filter((fault) => fault.path === path);
    expect(found).not.toEqual([]);
    expect(found[0]?.remedy).toMatch(message);
  });

  it("finds all faults at once", () => {
    const paths = faultsOf(
      stack((raw) => {
        at(0, { host: "nowhere" })(raw);
        at(1, { account: "nobody" })(raw);
        at(2, { port: 7_380 })(raw);
      }),
    ).map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["keepers[0].host", "keepers[1].account", "keepers[2].port"]));
  });

  it("ask the stack's own Prometheus in its network, or another one by its URL", () => {
    const raw = stack((changed) => {
      changed["monitoring"] = { host: "fra-1" };
      at(0, { prometheus: {} })(changed);
      at(1, { prometheus: { url: "http://10.1.2.3:9090", tolerance: 0.05 } })(changed);
    });
    expect(faultsOf(raw)).toEqual([]);
    const settings = parseSettings(raw) as PublicSettings;
    const [first, second, third] = settings.keepers.map((keeper) => keeperSpec(keeper, settings));
    expect(first).toMatchObject({
      networks: ["ethstake-monitoring_questions"],
      options: { prometheus: { url: "http://witness:9091", query: UPTIME_QUERY, tolerance: 0.01 } },
    });
    expect(second?.options.prometheus).toEqual({ url: "http://10.1.2.3:9090", query: UPTIME_QUERY, tolerance: 0.05 });
    expect(second?.networks).toBeUndefined();
    expect(third?.options.prometheus).toBeUndefined();
    const needOf = (change: Raw): number =>
      monitoringNeed(
        parseSettings(
          stack((changed) => void Object.assign(changed, { monitoring: { host: "fra-1" } }, change)),
        ) as PublicSettings,
        "fra-1",
      ).memoryMiB;
    expect(monitoringNeed(settings, "fra-1").memoryMiB).toBe(needOf({}) + 64);
  });

  it("may say what they would do without being members", () => {
    expect(faultsOf(stack(at(0, { account: "alice", dryRun: true, roles: [] })))).toEqual([]);
  });

  it("of another stack's protocol have to know where all of it is", () => {
    const of = (contracts: Raw): Raw => {
      const { protocol, operators: _operators, ...rest } = stack();
      const { accounts } = protocol;
      const vault = `0x${"77".repeat(20)}`;
      return {
        ...rest,
        deployment: { executionRewardsVault: vault, withdrawalVault: vault, accounts, contracts },
      };
    };
    const all = Object.fromEntries(PROTOCOL_CONTRACTS.map((name) => [name, `0x${"12".repeat(20)}`]));
    expect(faultsOf(of(all))).toEqual([]);
    const { ServiceLevel: _service, ...some } = all;
    expect(faultsOf(of(some))).toMatchObject([
      { path: "deployment.contracts", remedy: expect.stringMatching(/ServiceLevel/) as string },
    ]);
  });
});

describe("what keepers ask of their hosts", () => {
  const settings = parseSettings(stack()) as PublicSettings;
  const [first] = settings.keepers;
  if (!first) throw new Error("there is no keeper");

  it("is a folder on the data volume, and finality", () => {
    expect(keeperSpec(first, settings)).toMatchObject({
      chainId: 560_048,
      directory: "/var/lib/ethstake/keepers/keeper-1",
      options: { settled: "finalized" },
      accounts: { member: { name: "oracle-1" }, depositor: { name: "depositor" }, exits: { name: "depositor" } },
    });
  });

  it("is memory", () => {
    const [node] = bundleSpecs(settings);
    if (!node) throw new Error("there is no node");
    const small = stack((raw) => {
      at(0, { memoryMiB: 65_536 })(raw);
    });
    expect(faultsOf(small).map(({ path }) => path)).toEqual([expect.stringMatching(/^hosts\[0\]/)]);
    expect(needsOf([node], 1_024).memoryGiB).toBe(needsOf([node]).memoryGiB + 1);
  });

  it("is a geth that answers to its container's name, where a keeper asks it, and nothing of other nodes", () => {
    const geth = (keepers: boolean): readonly string[] | undefined => {
      const raw = stack((all) => {
        (all["nodes"] as Raw[])[1] = { name: "node-2", host: "ams-1", execution: [{ client: "geth" }] };
        if (!keepers) all.keepers = [];
      });
      return bundleSpecs(parseSettings(raw) as PublicSettings)[1]?.execution[0]?.extraArgs;
    };
    expect(geth(true)).toEqual(["--http.vhosts=localhost,execution"]);
    expect(geth(false)).toBeUndefined();
  });
});
