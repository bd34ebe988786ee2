import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderNode } from "./render.ts";
import type { NetworkSpec, NodeSpec } from "./spec.ts";

const node: NodeSpec = {
  name: "node-1",
  execution: { client: "ethereumjs", rpcPort: 18545, enginePort: 18551, p2pPort: 31303 },
  consensus: { client: "lodestar", restPort: 19596, p2pPort: 19000, metricsPort: 18008 },
  validator: { client: "lodestar", keymanagerPort: 15062, metricsPort: 18009 },
};
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
  execution: { ...node.execution, client },
});

describe("renderNode", () => {
  it("gives each process a name of its node", () => {
    const { execution, beacon, validator } = renderNode(node, network);
    expect([execution.name, beacon.name, validator.name]).toEqual([
      "node-1-execution",
      "node-1-beacon",
      "node-1-validator",
    ]);
  });

  it("renders the validator client as it was looked over", () => {
    expect(renderNode(node, network).validator.args.join(" ")).toBe(
      "devnet/clients/lodestar.mjs .ethstake/test/genesis/consensus.json validator --network dev --dataDir .ethstake/test/validator " +
        "--paramsFile .ethstake/test/genesis/consensus-parameters.json --interopIndexes 0..15 --beaconNodes http://127.0.0.1:19596 " +
        "--suggestedFeeRecipient 0x00000000000000000000000000000000000000aa --keymanager --keymanager.address 127.0.0.1 " +
        "--keymanager.port 15062 --metrics --metrics.address 127.0.0.1 --metrics.port 18009",
    );
  });

  it("connects the three processes by their ports and one secret file", () => {
    const { execution, beacon, validator, executionRpc, beaconApi, keymanager } = renderNode(node, network);
    expect(option(beacon.args, "--execution.urls")).toBe("http://127.0.0.1:18551");
    expect(option(beacon.args, "--eth1.providerUrls")).toBe(executionRpc);
    expect(option(validator.args, "--beaconNodes")).toBe(beaconApi);
    expect(option(beacon.args, "--jwt-secret")).toBe(option(execution.args, "--jwtSecret"));
    expect(keymanager).toEqual({
      url: "http://127.0.0.1:15062",
      tokenFile: ".ethstake/test/validator/validator-db/api-token.txt",
    });
  });

  it.each(clients)(
    "declares every port of the settings once, passes it on, and listens on loopback only: %s",
    (client) => {
      const rendered = renderNode(withClient(client), network);
      const processes = [rendered.execution, rendered.beacon, rendered.validator];
      const declared = processes.flatMap(({ ports }) => Object.entries(ports));
      const wanted = (["execution", "consensus", "validator"] as const).flatMap((part) =>
        Object.entries(node[part])
          .filter((entry): entry is [string, number] => typeof entry[1] === "number")
          .map(([name, port]) => [`${part}.${name}`, port]),
      );
      expect(declared.sort()).toEqual(wanted.sort());
      for (const { ports, args } of processes)
        for (const port of Object.values(ports)) expect(args.join(" ")).toContain(String(port));
      expect(processes.flatMap(({ args }) => args).join(" ")).not.toMatch(/0\.0\.0\.0|\[::\]/);
    },
  );

  it.each(clients)("has no secret in arguments or environment, only files that hold them: %s", (client) => {
    const rendered = renderNode(withClient(client), network);
    for (const { args, environment, prepare = [] } of [rendered.execution, rendered.beacon, rendered.validator]) {
      const text = [...args, ...prepare, ...Object.values(environment)].join(" ");
      // 32 bytes in hex are a key, a JWT secret or a seed; a mnemonic is a dozen words.
      expect(text).not.toMatch(/[0-9a-f]{64}/i);
      expect(text).not.toMatch(/password|mnemonic|(?:[a-z]{3,8} ){11}/i);
    }
  });

  it("initialises geth with the same data directory and genesis that it runs on", () => {
    const { execution } = renderNode(withClient("geth"), network);
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
        expect(after.beacon).toEqual(before.beacon);
        expect(option(after.validator.args, "--metrics.port")).toBe(String(metricsPort));
      }),
    );
  });
});
