import { join } from "node:path";
import type { ConsensusSpec, ExecutionSpec, NetworkSpec, NodeSpec, Place, ProcessSpec } from "../spec.ts";
import { portsOf } from "./ports.ts";

/** Lodestar's launcher for the embedded devnet. */
const LAUNCHER = "devnet/clients/lodestar.mjs";

/**
 * Lodestar as beacon node.
 * @param execution the execution client that it drives, and the socket through which that one can be given peers
 */
export function renderLodestarBeaconNode(
  client: ConsensusSpec,
  execution: ExecutionSpec & { readonly ipcPath: string | undefined },
  place: Place,
  { files }: NetworkSpec,
): ProcessSpec {
  const { restPort, p2pPort, metricsPort } = client;
  return {
    name: place.process,
    command: "node",
    args: [
      LAUNCHER,
      files.chainFile,
      "beacon",
      "--beaconsFolder",
      join(files.directory, "beacons"),
      ...(execution.ipcPath ? ["--executionIpc", execution.ipcPath] : []),
      "--network",
      "dev",
      "--dataDir",
      join(files.directory, place.folder),
      "--paramsFile",
      files.consensusParametersFile,
      "--genesisStateFile",
      files.genesisStateFile,
      "--execution.urls",
      `http://127.0.0.1:${execution.enginePort}`,
      "--jwt-secret",
      files.jwtFile,
      "--eth1",
      "true",
      "--eth1.providerUrls",
      `http://127.0.0.1:${execution.rpcPort}`,
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
    ports: portsOf(`consensus[${place.index}]`, { restPort, p2pPort, metricsPort }),
    readiness: { url: `http://127.0.0.1:${restPort}/eth/v1/node/version`, kind: "http", timeoutSeconds: 90 },
    // This line often does not end by itself, and its database goes with the devnet.
    stopGraceSeconds: 3,
  };
}

/**
 * Lodestar as validator client, with a keymanager API for our keys, and on one node the network's own validators. It asks the first of
 * the beacon nodes, and the next ones as long as the first has failed lately.
 */
export function renderLodestarValidatorClient(
  { keymanagerPort, metricsPort }: NodeSpec["validator"],
  beaconApis: readonly string[],
  place: Omit<Place, "index">,
  { files, interopValidators, defaultFeeRecipient }: NetworkSpec,
): ProcessSpec {
  return {
    name: place.process,
    command: "node",
    args: [
      LAUNCHER,
      files.chainFile,
      "validator",
      "--network",
      "dev",
      "--dataDir",
      join(files.directory, place.folder),
      "--paramsFile",
      files.consensusParametersFile,
      ...(interopValidators > 0 ? ["--interopIndexes", `0..${interopValidators - 1}`] : []),
      "--beaconNodes",
      beaconApis.join(","),
      "--suggestedFeeRecipient",
      defaultFeeRecipient,
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
    ports: portsOf("validator", { keymanagerPort, metricsPort }),
    readiness: { url: `http://127.0.0.1:${keymanagerPort}/eth/v1/keystores`, kind: "http", timeoutSeconds: 60 },
    // Its slashing-protection database must be closed properly.
    stopGraceSeconds: 20,
  };
}

/** The file in which Lodestar's validator client writes the token of its keymanager API. */
export function lodestarTokenFile({ folder }: Omit<Place, "index">, { files }: NetworkSpec): string {
  return join(files.directory, folder, "validator-db", "api-token.txt");
}
