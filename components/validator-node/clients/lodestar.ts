import { join } from "node:path";
import type { NetworkSpec, NodeSpec, ProcessSpec } from "../spec.ts";

/** Lodestar's launcher for the embedded devnet. */
const LAUNCHER = "devnet/clients/lodestar.mjs";

/** Lodestar as beacon node. */
export function renderLodestarBeaconNode(node: NodeSpec, { files }: NetworkSpec): ProcessSpec {
  const { restPort, p2pPort, metricsPort } = node.consensus;
  return {
    name: `${node.name}-beacon`,
    command: "node",
    args: [
      LAUNCHER,
      files.chainFile,
      "beacon",
      "--network",
      "dev",
      "--dataDir",
      join(files.directory, "beacon"),
      "--paramsFile",
      files.consensusParametersFile,
      "--genesisStateFile",
      files.genesisStateFile,
      "--execution.urls",
      `http://127.0.0.1:${node.execution.enginePort}`,
      "--jwt-secret",
      files.jwtFile,
      "--eth1",
      "true",
      "--eth1.providerUrls",
      `http://127.0.0.1:${node.execution.rpcPort}`,
      "--rest",
      "--rest.address",
      "127.0.0.1",
      "--rest.port",
      String(restPort),
      "--rest.namespace",
      "*",
      "--listenAddress",
      "127.0.0.1",
      "--port",
      String(p2pPort),
      "--discv5",
      "false",
      "--sync.isSingleNode",
      "--network.allowPublishToZeroPeers",
      "--metrics",
      "--metrics.address",
      "127.0.0.1",
      "--metrics.port",
      String(metricsPort),
    ],
    environment: {},
    ports: { "consensus.restPort": restPort, "consensus.p2pPort": p2pPort, "consensus.metricsPort": metricsPort },
    readiness: { url: `http://127.0.0.1:${restPort}/eth/v1/node/version`, kind: "http", timeoutSeconds: 90 },
    // This line often does not end by itself, and its database goes with the devnet.
    stopGraceSeconds: 3,
  };
}

/** Lodestar as validator client, with the network's own validators and a keymanager API for ours. */
export function renderLodestarValidatorClient(node: NodeSpec, network: NetworkSpec): ProcessSpec {
  const { keymanagerPort, metricsPort } = node.validator;
  const { files } = network;
  return {
    name: `${node.name}-validator`,
    command: "node",
    args: [
      LAUNCHER,
      files.chainFile,
      "validator",
      "--network",
      "dev",
      "--dataDir",
      validatorDirectory(network),
      "--paramsFile",
      files.consensusParametersFile,
      "--interopIndexes",
      `0..${network.interopValidators - 1}`,
      "--beaconNodes",
      `http://127.0.0.1:${node.consensus.restPort}`,
      "--suggestedFeeRecipient",
      network.defaultFeeRecipient,
      "--keymanager",
      "--keymanager.address",
      "127.0.0.1",
      "--keymanager.port",
      String(keymanagerPort),
      "--metrics",
      "--metrics.address",
      "127.0.0.1",
      "--metrics.port",
      String(metricsPort),
    ],
    environment: {},
    ports: { "validator.keymanagerPort": keymanagerPort, "validator.metricsPort": metricsPort },
    readiness: { url: `http://127.0.0.1:${keymanagerPort}/eth/v1/keystores`, kind: "http", timeoutSeconds: 60 },
    // Its slashing-protection database must be closed properly.
    stopGraceSeconds: 20,
  };
}

/** The file in which Lodestar's validator client writes the token of its keymanager API. */
export function lodestarTokenFile(network: NetworkSpec): string {
  return join(validatorDirectory(network), "validator-db", "api-token.txt");
}

function validatorDirectory({ files }: NetworkSpec): string {
  return join(files.directory, "validator");
}
