import { describe, expect, it } from "vitest";
import { bundleFaults, type PlacedNode } from "./faults.ts";
import { COMBINATIONS, testKey, testNode, TEST_RELAY, type NodeShape } from "./fixtures.ts";
import type { BundleSpec, ValidatorSettings } from "./spec.ts";

/** Before Glamsterdam came anywhere near, after Fusaka everywhere. */
const NOW = Date.parse("2026-08-20T00:00:00Z") / 1000;
const LATER = Date.parse("2026-11-21T00:00:00Z") / 1000;

const one = (spec: BundleSpec): PlacedNode[] => [{ host: "host-1", spec }];
const paths = (nodes: readonly PlacedNode[], now = NOW): string[] => bundleFaults(nodes, now).map(({ path }) => path);

const node = (settings: Partial<BundleSpec>, shape: NodeShape = {}): PlacedNode[] =>
  one(testNode({ ...shape, settings }));
const validator = (validatorSettings: Partial<ValidatorSettings>, shape: NodeShape = {}): PlacedNode[] =>
  one(testNode({ ...shape, validatorSettings }));

const standby: NodeShape = { execution: ["besu", "geth"], consensus: ["lighthouse", "prysm"], validator: "teku" };
const second = testNode({
  settings: { name: "node-2", basePort: 20_100 },
  validatorSettings: { publicKeys: [testKey(3)] },
});
const apart: BundleSpec = {
  ...second,
  execution: [{ client: "geth", p2pPort: 30_400 }],
  consensus: [{ client: "nimbus", p2pPort: 9_400, quicPort: 9_401 }],
};
const pair = (spec: BundleSpec, host = "host-1"): PlacedNode[] => [
  { host: "host-1", spec: testNode() },
  { host, spec },
];
const relays = (...list: string[]): PlacedNode[] => node({ mevBoost: { relays: list, minBidEther: "0.05" } });
const bid = (minBidEther: string): PlacedNode[] => node({ mevBoost: { relays: [TEST_RELAY], minBidEther } });
const gethTag = (tag: string): PlacedNode[] =>
  node({ execution: [{ client: "geth", p2pPort: 30_303, image: { tag } }] });

/** Each fault: its path, nodes that have it, and nodes that are as near as can be and do not. */
const CASES: readonly (readonly [string, string, readonly PlacedNode[], readonly PlacedNode[]])[] = [
  [
    "Prysm's doppelganger protection with two beacon nodes",
    "node-1.validator.doppelgangerProtection",
    one(testNode({ ...standby, validator: "prysm" })),
    one(testNode({ ...standby, validator: "prysm", validatorSettings: { doppelgangerProtection: false } })),
  ],
  [
    "Prysm's doppelganger protection with a fallback elsewhere",
    "node-1.validator.doppelgangerProtection",
    validator({ fallbackBeaconApis: ["http://10.0.0.2:20002"] }, { validator: "prysm" }),
    validator({ fallbackBeaconApis: ["http://10.0.0.2:20002"] }, { validator: "teku" }),
  ],
  [
    "a key on two nodes",
    "node-2.validator.publicKeys[0]",
    pair({
      ...apart,
      validator: { ...must(apart.validator), publicKeys: [testKey(1).toUpperCase().replace("0X", "0x")] },
    }),
    pair(apart),
  ],
  [
    "a key twice on a node",
    "node-1.validator.publicKeys[1]",
    validator({ publicKeys: [testKey(1), testKey(1)] }),
    validator({}),
  ],
  ["a p2p port twice on a host", "node-2.execution[0].p2pPort", pair(second), pair(second, "host-2")],
  [
    "base ports that overlap",
    "node-2.basePort",
    pair({ ...apart, basePort: 20_015 }),
    pair({ ...apart, basePort: 20_016 }),
  ],
  [
    "a QUIC port that is a p2p port",
    "node-1.consensus[0].quicPort",
    node({ consensus: [{ client: "lighthouse", p2pPort: 9000, quicPort: 9000 }] }),
    // Nimbus has no QUIC.
    node({ consensus: [{ client: "nimbus", p2pPort: 9000, quicPort: 9000 }] }),
  ],
  ["a privileged port", "node-1.basePort", node({ basePort: 1000 }), node({ basePort: 1024 })],
  ["a name that compose cannot use", "Node 1.name", node({ name: "Node 1" }), node({ name: "node-1" })],
  [
    "a name twice on a host",
    "node-1.name",
    pair({ ...apart, name: "node-1" }),
    pair({ ...apart, name: "node-1" }, "host-2"),
  ],
  ["a client older than a fork", "node-1.execution[0].image.tag", gethTag("v1.16.6"), gethTag("v1.16.7")],
  ["a tag that is no version", "node-1.execution[0].image.tag", gethTag("latest"), gethTag("v1.99.0")],
  [
    "the same execution client as its own standby",
    "node-1.execution[1].client",
    one(testNode({ ...standby, execution: ["geth", "geth"] })),
    one(testNode(standby)),
  ],
  [
    "the same consensus client as its own standby",
    "node-1.consensus[1].client",
    one(testNode({ ...standby, consensus: ["teku", "teku"] })),
    one(testNode(standby)),
  ],
  ["no execution client", "node-1.execution", one(testNode({ execution: [] })), one(testNode())],
  [
    "a validator client without a beacon node",
    "node-1.validator.client",
    one(testNode({ consensus: [] })),
    one(testNode()),
  ],
  [
    "three execution clients",
    "node-1.execution",
    one(testNode({ ...standby, execution: ["besu", "geth", "reth"] })),
    one(testNode(standby)),
  ],
  [
    "three consensus clients",
    "node-1.consensus",
    one(testNode({ ...standby, consensus: ["lighthouse", "prysm", "nimbus"] })),
    one(testNode(standby)),
  ],
  ...["--init-slashing-protection", "--disable-slashing-protection-web3signer"].map(
    (flag) =>
      [
        `slashing protection weakened by ${flag}`,
        "node-1.validator.extraArgs[0]",
        validator({ extraArgs: [flag] }),
        validator({ extraArgs: ["--log-level=debug"] }),
      ] as const,
  ),
  [
    "slashing protection turned off by a value",
    "node-1.validator.extraArgs[0]",
    validator({ extraArgs: ["--validators-external-signer-slashing-protection-enabled=false"] }),
    validator({ extraArgs: ["--validators-external-signer-slashing-protection-enabled=true"] }),
  ],
  [
    "slashing protection turned off by the next argument",
    "node-1.validator.extraArgs[0]",
    validator({ extraArgs: ["--slashing-protection-enabled", "false"] }),
    validator({ extraArgs: ["--slashing-protection-enabled", "true"] }),
  ],
  ["a relay without a key", "node-1.mevBoost.relays[0]", relays("https://relay.example.org"), relays(TEST_RELAY)],
  ["a relay over http", "node-1.mevBoost.relays[0]", relays(TEST_RELAY.replace("https", "http")), relays(TEST_RELAY)],
  [
    "two relays in one",
    "node-1.mevBoost.relays[0]",
    relays(`${TEST_RELAY},${TEST_RELAY}`),
    relays(TEST_RELAY, TEST_RELAY),
  ],
  ["no relay", "node-1.mevBoost.relays", relays(), relays(TEST_RELAY)],
  ["a bid that is no amount", "node-1.mevBoost.minBidEther", bid("5 finney"), bid("0.000000000000000001")],
  ["a negative bid", "node-1.mevBoost.minBidEther", bid("-1"), bid("0")],
  // 11 signs of 3 bytes each.
  [
    "graffiti that is too long",
    "node-1.validator.graffiti",
    validator({ graffiti: "€".repeat(11) }),
    validator({ graffiti: "x".repeat(32) }),
  ],
  [
    "a checkpoint over http",
    "node-1.checkpointSyncUrl",
    node({ checkpointSyncUrl: "http://checkpoint.example.org" }),
    node({ checkpointSyncUrl: "https://checkpoint.example.org" }),
  ],
  [
    "a fee recipient with a wrong checksum",
    "node-1.validator.feeRecipient",
    validator({ feeRecipient: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaee" }),
    validator({ feeRecipient: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" }),
  ],
  [
    "a fee recipient that is zero",
    "node-1.validator.feeRecipient",
    validator({ feeRecipient: `0x${"0".repeat(40)}` }),
    validator({ feeRecipient: `0x${"A".repeat(40)}` }),
  ],
  ["a fee recipient that is none", "node-1.validator.feeRecipient", validator({ feeRecipient: "me" }), validator({})],
  [
    "a malformed key",
    "node-1.validator.publicKeys[0]",
    validator({ publicKeys: ["0x1234"] }),
    validator({ publicKeys: [testKey(9)] }),
  ],
  [
    "a fallback that is no URL",
    "node-1.validator.fallbackBeaconApis[0]",
    validator({ fallbackBeaconApis: ["10.0.0.2:5052"] }),
    validator({ fallbackBeaconApis: ["https://beacon.example.org"] }),
  ],
  ["a gas limit that is none", "node-1.validator.gasLimit", validator({ gasLimit: 0.5 }), validator({ gasLimit: 1 })],
  [
    "a digest that is none",
    "node-1.execution[0].image.digest",
    node({ execution: [{ client: "geth", p2pPort: 30_303, image: { digest: "sha256:12" } }] }),
    node({ execution: [{ client: "geth", p2pPort: 30_303, image: { digest: `sha256:${"0a".repeat(32)}` } }] }),
  ],
  [
    "memory that is none",
    "node-1.execution[0].memoryMiB",
    node({ execution: [{ client: "geth", p2pPort: 30_303, memoryMiB: 8.5 }] }),
    node({ execution: [{ client: "geth", p2pPort: 30_303, memoryMiB: 8_192 }] }),
  ],
];

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing in the fixture");
  return value;
}

describe("bundleFaults", () => {
  it.each(CASES)("finds %s", (_, path, faulty, sound) => {
    const found = bundleFaults(faulty, NOW).filter((fault) => fault.path === path);
    expect(found).toHaveLength(1);
    // Each says how to mend it.
    expect(found[0]?.message).toMatch(/: |must be|write/);
    expect(paths(sound)).toEqual([]);
  });

  it.each(COMBINATIONS)("finds nothing in a sound node: %s, %s, %s", (execution, consensus, client) => {
    expect(
      paths(one(testNode({ execution: [execution], consensus: [consensus], validator: client, mevBoost: true }))),
    ).toEqual([]);
  });

  it("takes a local signer that is written out, on any network", () => {
    for (const network of ["mainnet", "sepolia", "hoodi"] as const)
      expect(paths(one(testNode({ signer: "local", settings: { network } })))).toEqual([]);
  });

  it("finds all clients of a node that miss a fork, and lets newer tags pass", () => {
    const spec = testNode({ mevBoost: true, settings: { network: "sepolia" } });
    expect(paths(one(spec), LATER)).toEqual([
      "node-1.execution[0].image.tag",
      "node-1.consensus[0].image.tag",
      "node-1.validator.image.tag",
      "node-1.validator.signer.image.tag",
      "node-1.mevBoost.image.tag",
    ]);
    const image = { tag: "99.0.0" };
    const mended: BundleSpec = {
      ...spec,
      execution: spec.execution.map((client) => ({ ...client, image })),
      consensus: spec.consensus.map((client) => ({ ...client, image })),
      validator: { ...must(spec.validator), image, signer: { kind: "web3signer", image } },
      mevBoost: { ...must(spec.mevBoost), image },
    };
    expect(paths(one(mended), LATER)).toEqual([]);
  });

  it("finds everything at once", () => {
    const spec = testNode({
      settings: { checkpointSyncUrl: "ftp://x", basePort: 1 },
      validatorSettings: { graffiti: "x".repeat(33), gasLimit: -1 },
    });
    expect(paths(one(spec)).sort()).toEqual([
      "node-1.basePort",
      "node-1.checkpointSyncUrl",
      "node-1.validator.gasLimit",
      "node-1.validator.graffiti",
    ]);
  });
});
