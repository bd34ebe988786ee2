import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readFileSync } from "node:fs";
import { projectPath } from "../lib/paths.ts";
import { parseSettings, SettingsError, type SettingsFault } from "./settings.ts";

const minimal = {
  network: "devnet",
  nodes: [{ name: "node-1" }],
  operators: [{ name: "alice", bond: 4, keys: [{ node: "node-1", count: 2 }] }],
};

function faultsOf(raw: Record<string, unknown>): readonly SettingsFault[] {
  try {
    parseSettings(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error.data.faults;
    throw error;
  }
  return [];
}

describe("parseSettings", () => {
  it("fills in the defaults", () => {
    expect(parseSettings(minimal)).toEqual({
      network: "devnet",
      devnet: { chainId: 32_382, secondsPerSlot: 2, slotsPerEpoch: 4, genesisValidators: 16, genesisDelaySeconds: 8 },
      nodes: [
        {
          name: "node-1",
          execution: [{ client: "ethereumjs", rpcPort: 8545, enginePort: 8551, p2pPort: 30303 }],
          consensus: [{ client: "lodestar", restPort: 9596, p2pPort: 9000, metricsPort: 8008 }],
          validator: { client: "lodestar", keymanagerPort: 5062, metricsPort: 8009 },
        },
      ],
      protocol: {
        stakeCap: "1000",
        minimumStake: "0.01",
        stakeRateLimit: "400000",
        reserve: "0",
        withdrawalDelayFrames: 1,
        staleAfterSeconds: 604_800,
        bondPerKey: "2",
        bondCooldownSeconds: 604_800,
        exitLimit: 100,
        compounding: false,
        maxIncreaseBps: 10,
        maxLossBps: 100,
        protocolFeeBps: 500,
        operatorFeeBps: 200,
        epochsPerFrame: 4,
        minEpochsPerFrame: 1,
        attestCredentials: true,
        allowedDowntimeBps: 30,
        penaltyPerMissedEpoch: 35_000,
        maxPenaltyBps: 1_000,
        appealSeconds: 259_200,
        minAppealSeconds: 60,
        breachLimit: 3,
        windowEpochs: 6_750,
        oracleQuorum: 2,
        reviewerQuorum: 2,
        guardianQuorum: 2,
        verifiers: [],
      },
      operators: [{ name: "alice", bond: "4", keys: [{ node: "node-1", count: 2 }] }],
      keepers: [
        { name: "keeper-1", port: 7380 },
        { name: "keeper-2", port: 7480 },
        { name: "keeper-3", port: 7580 },
      ],
      keeper: {
        perValidatorLimit: 2_000,
        deposits: { maxGasPriceGwei: 30, minKeys: 1, maxWaitSeconds: 86_400 },
        exits: { deadlineSeconds: 345_600, maxFeeWei: "1000000000000000" },
      },
      monitoring: { prometheusPort: 9090, alertmanagerPort: 9093, scrapeSeconds: 2 },
      testStake: "72",
    });
  });

  it("refuses fewer keepers than make a quorum, and ports and names used twice", () => {
    expect(faultsOf({ ...minimal, keepers: [{}] }).map(({ path }) => path)).toEqual(["keepers"]);
    expect(
      faultsOf({ ...minimal, keepers: [{ port: 8545 }, { name: "keeper-1" }] })
        .map(({ path }) => path)
        .sort(),
    ).toEqual(["keepers[0].port", "keepers[1].name"]);
  });

  it("accepts the devnet's own stack file", () => {
    const { config } = parse(readFileSync(projectPath("Pulumi.devnet.yaml"), "utf8")) as { config: object };
    const raw = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.replace("ethstake:", ""), value as unknown]),
    );
    expect(faultsOf(raw)).toEqual([]);
  });

  it("reports ten faults of one configuration at once, each with path, value and remedy", () => {
    const faults = faultsOf({
      network: "devnet",
      netwrok: "devnet",
      devnet: { chainId: 1, secondsPerSlot: 0.5 },
      nodes: [{ name: "Node 1", execution: [{ client: "besu", rpcPort: 80 }], validator: { keymanagerPort: "5062" } }],
      protocol: { stakeCap: "-5", bondPerkey: "1" },
      operators: [{ name: "alice", bond: "4", keys: [] }],
    });
    const byPath = new Map(faults.map((fault) => [fault.path, fault]));
    expect([...byPath.keys()].sort()).toEqual([
      "devnet.chainId",
      "devnet.secondsPerSlot",
      "netwrok",
      "nodes[0].execution[0].client",
      "nodes[0].execution[0].rpcPort",
      "nodes[0].name",
      "nodes[0].validator.keymanagerPort",
      "operators[0].keys",
      "protocol.bondPerkey",
      "protocol.stakeCap",
    ]);
    expect(byPath.get("devnet.chainId")).toMatchObject({ value: 1, remedy: /public network/ });
    expect(byPath.get("nodes[0].execution[0].client")).toEqual({
      path: "nodes[0].execution[0].client",
      value: "besu",
      remedy: "must be ethereumjs or geth",
    });
    expect(byPath.get("protocol.bondPerkey")?.remedy).toMatch(
      /remove it or use one of: stakeCap, minimumStake, .*bondPerKey/,
    );
    expect(byPath.get("netwrok")?.remedy).toMatch(/use one of: network, devnet/);
    expect(byPath.get("nodes[0].validator.keymanagerPort")?.value).toBe("5062");
    for (const { remedy } of faults) expect(remedy.length).toBeGreaterThan(8);
  });

  it("shows a line a fault, with the key as the stack file spells it", () => {
    const { message } = new SettingsError([
      { path: "operators[0].bond", value: "1", remedy: "must be at least 4 ether" },
    ]);
    expect(message).toContain('  ethstake:operators[0].bond = "1": must be at least 4 ether');
    expect(message).toMatch(/have 1 fault:/);
  });

  it("names what is missing", () => {
    expect(faultsOf({}).map(({ path, value }) => [path, value])).toEqual([
      ["network", undefined],
      ["nodes", undefined],
      ["operators", undefined],
    ]);
    expect(() => parseSettings({})).toThrow(/ethstake:nodes = \(not set\)/);
  });

  it("never shows the value of a secret setting", () => {
    const raw = { ...minimal, mnemonik: "abandon ability able" };
    expect(() => parseSettings(raw, new Set(["mnemonik"]))).toThrow(/ethstake:mnemonik = \[secret\]/);
    expect(() => parseSettings(raw, new Set(["mnemonik"]))).not.toThrow(/abandon/);
  });

  describe("cross checks", () => {
    it("finds a range of keys on a node that does not exist", () => {
      const faults = faultsOf({
        ...minimal,
        operators: [{ name: "alice", bond: 4, keys: [{ node: "nod-1", count: 2 }] }],
      });
      expect(faults).toEqual([
        {
          path: "operators[0].keys[0].node",
          value: "nod-1",
          remedy: "must name one of the nodes with a validator client: node-1",
        },
      ]);
    });

    it("finds a bond below what the keys need", () => {
      const [fault] = faultsOf({
        ...minimal,
        operators: [{ name: "alice", bond: "3.99", keys: [{ node: "node-1", count: 2 }] }],
      });
      expect(fault).toMatchObject({ path: "operators[0].bond", value: "3.99" });
      expect(fault?.remedy).toContain("at least 4 ether: 2 keys at protocol.bondPerKey = 2");
    });

    it("finds a port used twice, defaults included", () => {
      const [fault] = faultsOf({ ...minimal, nodes: [{ name: "node-1", consensus: [{ restPort: 8545 }] }] });
      expect(fault).toMatchObject({
        path: "nodes[0].consensus[0].restPort",
        value: 8545,
        remedy: "is also nodes[0].execution[0].rpcPort; every port can be used once",
      });
    });

    it("finds a port of another node used twice, by the places of both", () => {
      const nodes = [
        { name: "node-1", consensus: [{}, {}] },
        { name: "node-2", validator: { metricsPort: 9696 } },
      ];
      expect(faultsOf({ ...minimal, nodes })).toEqual([
        {
          path: "nodes[1].validator.metricsPort",
          value: 9696,
          remedy: "is also nodes[0].consensus[1].restPort; every port can be used once",
        },
      ]);
    });

    it("wants lists of clients, the primary first, and a standby at most", () => {
      const [single] = faultsOf({ ...minimal, nodes: [{ name: "node-1", execution: { client: "geth" } }] });
      expect(single).toMatchObject({
        path: "nodes[0].execution",
        remedy: "must be a list of { client }, the primary first",
      });
      const [third] = faultsOf({ ...minimal, nodes: [{ name: "node-1", consensus: [{}, {}, {}] }] });
      expect(third).toMatchObject({
        path: "nodes[0].consensus",
        remedy: "must name a primary and at most one standby",
      });
      const [misspelt] = faultsOf({ ...minimal, nodes: [{ name: "node-1", execution: [{ prot: 1 }] }] });
      expect(misspelt).toMatchObject({ path: "nodes[0].execution[0].prot", remedy: /use one of: client, rpcPort/ });
      const crowd = Array.from({ length: 9 }, (_, index) => ({ name: `node-${index + 1}` }));
      expect(faultsOf({ ...minimal, nodes: crowd })).toMatchObject([{ path: "nodes" }]);
    });

    it("finds names used twice", () => {
      const operator = { name: "alice", bond: 2, keys: [{ node: "node-1", count: 1 }] };
      expect(faultsOf({ ...minimal, operators: [operator, operator] })).toMatchObject([
        { path: "operators[1].name", value: "alice" },
      ]);
    });

    it("finds a test stake that does not fit", () => {
      expect(faultsOf({ ...minimal, testStake: 63 })).toMatchObject([
        { path: "testStake", value: 63, remedy: /at least 64/ },
      ]);
      expect(faultsOf({ ...minimal, protocol: { stakeCap: 63 } })).toMatchObject([
        { path: "testStake", value: undefined, remedy: /not be above protocol.stakeCap = 63/ },
      ]);
    });

    it("finds parameters that the contracts would refuse, all at once", () => {
      expect(
        faultsOf({
          ...minimal,
          protocol: {
            bondPerKey: 0.5,
            reserve: 100_001,
            epochsPerFrame: 4,
            minEpochsPerFrame: 8,
            appealSeconds: 100_000,
            bondCooldownSeconds: 100_000,
          },
        }).map(({ path }) => path),
      ).toEqual(["protocol.reserve", "protocol.bondPerKey", "protocol.epochsPerFrame", "protocol.appealSeconds"]);
    });

    it("finds a minimum stake that nobody could stake", () => {
      const faults = faultsOf({ ...minimal, testStake: 20, protocol: { minimumStake: 21 } });
      expect(faults.find(({ path }) => path === "protocol.minimumStake")).toMatchObject({
        value: 21,
        remedy: "must not be above testStake = 20",
      });
    });

    it("are made in the same run as the others", () => {
      const paths = faultsOf({
        ...minimal,
        devnet: { chainId: 1 },
        operators: [{ name: "alice", bond: 1, keys: [{ node: "x", count: 2 }] }],
      }).map(({ path }) => path);
      expect(paths).toEqual(["devnet.chainId", "operators[0].keys[0].node", "operators[0].bond"]);
    });
  });

  it("reports rather than fails, whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom("network", "devnet", "nodes", "protocol", "operators", "testStake", "x"),
          fc.jsonValue(),
        ),
        (raw) => {
          expect(faultsOf(raw as Record<string, unknown>).length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("parses what it returned to the same settings", () => {
    fc.assert(
      fc.property(validSettings(), (raw) => {
        const settings = parseSettings(raw);
        expect(parseSettings(settings)).toEqual(settings);
      }),
    );
  });
});

/** Configurations without faults: enough test stake and bond for their keys, distinct ports and names. */
function validSettings(): fc.Arbitrary<Record<string, unknown>> {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
  return fc
    .record({
      node: name,
      operators: fc.uniqueArray(
        fc.record({ name, counts: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }) }),
        {
          selector: (operator) => operator.name,
          minLength: 1,
          maxLength: 3,
        },
      ),
      // All of them: one that is left out has a default, which the others could meet.
      ports: fc.uniqueArray(fc.integer({ min: 1024, max: 65_535 }), { minLength: 13, maxLength: 13 }),
      bondPerKey: fc.integer({ min: 1, max: 31 }),
      spare: fc.integer({ min: 0, max: 5 }),
      slotsPerEpoch: fc.option(fc.integer({ min: 4, max: 32 }), { nil: undefined }),
    })
    .map(({ node, operators, ports, bondPerKey, spare, slotsPerEpoch }) => {
      const keys = operators.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0);
      return {
        network: "devnet",
        ...(slotsPerEpoch === undefined ? {} : { devnet: { slotsPerEpoch } }),
        nodes: [
          {
            name: node,
            execution: [{ rpcPort: ports[0], enginePort: ports[1], p2pPort: ports[2] }],
            consensus: [{ restPort: ports[3], p2pPort: ports[4], metricsPort: ports[5] }],
            validator: { keymanagerPort: ports[6], metricsPort: ports[7] },
          },
        ],
        keepers: ports.slice(8, 11).map((port) => ({ port })),
        monitoring: { prometheusPort: ports[11], alertmanagerPort: ports[12] },
        protocol: { bondPerKey: `${bondPerKey}.5`, stakeCap: 100_000 },
        operators: operators.map((operator) => ({
          name: operator.name,
          bond: operator.counts.reduce((sum, count) => sum + count, 0) * (bondPerKey + 1) + spare,
          keys: operator.counts.map((count) => ({ node, count })),
        })),
        testStake: String(keys * 32 + spare),
      };
    });
}
