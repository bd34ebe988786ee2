import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderNode, type RenderedNode } from "./render.ts";
import type { NetworkSpec, NodeSpec, ProcessSpec } from "./spec.ts";

const node: NodeSpec = {
  name: "node-1",
  execution: [
    { client: "ethereumjs", rpcPort: 18545, enginePort: 18551, p2pPort: 31303 },
    { client: "ethereumjs", rpcPort: 28545, enginePort: 28551, p2pPort: 32303 },
  ],
  consensus: [
    { client: "lodestar", restPort: 19596, p2pPort: 19000, metricsPort: 18008 },
    { client: "lodestar", restPort: 29596, p2pPort: 29000, metricsPort: 28008 },
  ],
  validator: { client: "lodestar", keymanagerPort: 15062, metricsPort: 18009 },
};
const lone: NodeSpec = { ...node, execution: node.execution.slice(0, 1), consensus: node.consensus.slice(0, 1) };
const network: NetworkSpec = {
  chainId: 32_382,
  interopValidators: 16,
  files: {
    directory: ".ethstake/test",
    executionGenesisFile: ".ethstake/test/genesis/execution.json",
    chainFile: ".ethstake/test/genesis/consensus.json",
    consensusParametersFile: ".ethstake/test/genesis/consensus-parameters.json",
    genesisStateFile: ".ethstake/test/genesis/genesis.ssz",
    jwtFile: ".ethstake/test/genesis/jwt.hex",
  },
  defaultFeeRecipient: "0x00000000000000000000000000000000000000aa",
};

/** The argument after an option. */
function option(args: readonly string[], name: string): string | undefined {
  const joined = args.find((argument) => argument.startsWith(`${name}=`));
  return joined === undefined ? args[args.indexOf(name) + 1] : joined.slice(name.length + 1);
}

const clients = ["ethereumjs", "geth"] as const;
const withClient = (client: (typeof clients)[number]): NodeSpec => ({
  ...node,
  execution: node.execution.map((each) => ({ ...each, client })),
});
const processesOf = ({ execution, beacons, validator }: RenderedNode): ProcessSpec[] => [
  ...execution,
  ...beacons.map(({ process }) => process),
  validator,
];

describe("renderNode", () => {
  it("gives each process a name of its node, and a folder of its own", () => {
    const processes = processesOf(renderNode(node, network));
    expect(processes.map(({ name }) => name)).toEqual([
      "node-1-execution",
      "node-1-execution-standby",
      "node-1-beacon",
      "node-1-beacon-standby",
      "node-1-validator",
    ]);
    const folders = processes.map(({ args }) => option(args, "--dataDir"));
    expect(folders).toEqual([
      ".ethstake/test/execution/node-1",
      ".ethstake/test/execution/node-1-standby",
      ".ethstake/test/beacon/node-1",
      ".ethstake/test/beacon/node-1-standby",
      ".ethstake/test/validator/node-1",
    ]);
    expect(processesOf(renderNode(lone, network)).map(({ name }) => name)).toEqual([
      "node-1-execution",
      "node-1-beacon",
      "node-1-validator",
    ]);
  });

  it("renders the validator client as it was looked over", () => {
    expect(renderNode(lone, network).validator.args.join(" ")).toBe(
      "devnet/clients/lodestar.mjs .ethstake/test/genesis/consensus.json validator --network dev --dataDir .ethstake/test/validator/node-1 " +
        "--paramsFile .ethstake/test/genesis/consensus-parameters.json --interopIndexes 0..15 --beaconNodes http://127.0.0.1:19596 " +
        "--suggestedFeeRecipient 0x00000000000000000000000000000000000000aa --keymanager --keymanager.address 127.0.0.1 " +
        "--keymanager.port 15062 --metrics --metrics.address 127.0.0.1 --metrics.port 18009",
    );
  });

  it("connects the processes by their ports and one secret file", () => {
    const { execution, beacons, validator, executionRpcs, beaconApis, keymanager } = renderNode(node, network);
    expect(beacons.map(({ process: { args } }) => option(args, "--execution.urls"))).toEqual([
      "http://127.0.0.1:18551",
      "http://127.0.0.1:28551",
    ]);
    expect(beacons.map(({ process: { args } }) => option(args, "--eth1.providerUrls"))).toEqual(executionRpcs);
    expect(beacons.map(({ executionIndex }) => executionIndex)).toEqual([0, 1]);
    expect(option(validator.args, "--beaconNodes")).toBe(beaconApis.join(","));
    expect(beaconApis).toEqual(["http://127.0.0.1:19596", "http://127.0.0.1:29596"]);
    for (const { process } of beacons)
      for (const { args } of execution) expect(option(process.args, "--jwt-secret")).toBe(option(args, "--jwtSecret"));
    expect(keymanager).toEqual({
      url: "http://127.0.0.1:15062",
      tokenFile: ".ethstake/test/validator/node-1/validator-db/api-token.txt",
    });
  });

  it("lets a standby beacon node drive the only execution client, and a lone one leave the standby alone", () => {
    const shared = renderNode({ ...node, execution: lone.execution }, network);
    expect(shared.beacons.map(({ executionIndex }) => executionIndex)).toEqual([0, 0]);
    expect(renderNode({ ...node, consensus: lone.consensus }, network).beacons).toMatchObject([{ executionIndex: 0 }]);
  });

  it("gives the network's own validators to a validator client only where they are asked for", () => {
    const { validator } = renderNode(node, { ...network, interopValidators: 0 });
    expect(validator.args).not.toContain("--interopIndexes");
  });

  it("writes every beacon node into one folder, with the socket of its geth", () => {
    const { execution, beacons } = renderNode(withClient("geth"), network);
    beacons.forEach(({ process: { args }, executionIndex }) => {
      expect(option(args, "--beaconsFolder")).toBe(".ethstake/test/beacons");
      expect(option(args, "--executionIpc")).toBe(option(execution[executionIndex]?.args ?? [], "--ipcpath"));
    });
    const far = { ...network, files: { ...network.files, directory: `/${"far/".repeat(30)}` } };
    const distant = renderNode(withClient("geth"), far);
    expect(distant.execution[0]?.args).toContain("--ipcdisable");
    expect(distant.beacons[0]?.process.args).not.toContain("--executionIpc");
  });

  it.each(clients)(
    "declares every port of the settings once, passes it on, and listens on loopback only: %s",
    (client) => {
      const rendered = renderNode(withClient(client), network);
      const processes = processesOf(rendered);
      const declared = processes.flatMap(({ ports }) => Object.entries(ports));
      const named = (place: string, client: object): [string, unknown][] =>
        Object.entries(client).flatMap(([name, port]: [string, unknown]) =>
          name === "client" ? [] : [[`${place}.${name}`, port]],
        );
      const wanted = [
        ...node.execution.flatMap((each, index) => named(`execution[${index}]`, each)),
        ...node.consensus.flatMap((each, index) => named(`consensus[${index}]`, each)),
        ...named("validator", node.validator),
      ];
      expect(declared.sort()).toEqual(wanted.sort());
      for (const { ports, args } of processes)
        for (const port of Object.values(ports)) expect(args.join(" ")).toContain(String(port));
      expect(processes.flatMap(({ args }) => args).join(" ")).not.toMatch(/0\.0\.0\.0|\[::\]/);
    },
  );

  it.each(clients)("has no secret in arguments or environment, only files that hold them: %s", (client) => {
    const rendered = renderNode(withClient(client), network);
    for (const { args, environment, prepare = [] } of processesOf(rendered)) {
      const text = [...args, ...prepare, ...Object.values(environment)].join(" ");
      // 32 bytes in hex are a key, a JWT secret or a seed; a mnemonic is a dozen words.
      expect(text).not.toMatch(/[0-9a-f]{64}/i);
      expect(text).not.toMatch(/password|mnemonic|(?:[a-z]{3,8} ){11}/i);
    }
  });

  it("initialises geth with the same data directory and genesis that it runs on", () => {
    const [execution] = renderNode(withClient("geth"), network).execution;
    if (!execution) throw new Error("there is no execution client");
    expect(option(execution.prepare ?? [], "--datadir")).toBe(option(execution.args, "--datadir"));
    expect(execution.prepare?.at(-1)).toBe(network.files.executionGenesisFile);
    expect(option(execution.args, "--networkid")).toBe("32382");
  });

  it("is pure, and changes only what a port is used for", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20_000, max: 30_000 }), (metricsPort) => {
        const before = renderNode(node, network);
        const after = renderNode({ ...node, validator: { ...node.validator, metricsPort } }, network);
        expect(renderNode(node, network)).toEqual(before);
        expect(after.execution).toEqual(before.execution);
        expect(after.beacons).toEqual(before.beacons);
        expect(option(after.validator.args, "--metrics.port")).toBe(String(metricsPort));
      }),
    );
  });
});
