import { consensusMemory, fixedMemory, httpCheck, option, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ConsensusDefinition, type ValidatorDefinition } from "./types.ts";

/** Lighthouse's beacon node. Options: https://lighthouse-book.sigmaprime.io/help_bn.html */
export const lighthouse: ConsensusDefinition = {
  image: "lighthouse",
  stopSignal: "SIGTERM",
  // About 14 GiB in use on mainnet.
  memoryMiB: consensusMemory(16_384),
  readOnly: true,
  healthCheck: httpCheck(PORTS.beaconApi, "/eth/v1/node/version"),
  metricsPath: "/metrics",
  quic: true,
  args: (context) => [
    "lighthouse",
    "bn",
    `--network=${context.network}`,
    `--datadir=${DATA}`,
    "--disable-upnp",
    "--listen-address=0.0.0.0",
    `--port=${context.p2pPort}`,
    `--quic-port=${context.quicPort}`,
    "--http",
    "--http-address=0.0.0.0",
    `--http-port=${PORTS.beaconApi}`,
    `--execution-endpoint=${context.executionEndpoint}`,
    `--execution-jwt=${JWT}`,
    `--checkpoint-sync-url=${context.checkpointSyncUrl}`,
    "--metrics",
    "--metrics-address=0.0.0.0",
    `--metrics-port=${PORTS.consensusMetrics}`,
    // Docker keeps the log.
    "--logfile-max-number=0",
    // A builder that fails, or a chain that misses slots, makes it build locally: its circuit breaker is on by default.
    ...option("--builder", context.builderUrl),
    ...option("--suggested-fee-recipient", context.feeRecipient),
  ],
};

/** Lighthouse's validator client. Options: https://lighthouse-book.sigmaprime.io/help_vc.html */
export const lighthouseValidator: ValidatorDefinition = {
  image: "lighthouse",
  stopSignal: "SIGTERM",
  memoryMiB: fixedMemory(1_024),
  readOnly: true,
  healthCheck: tcpCheck(PORTS.keymanager),
  metricsPath: "/metrics",
  keymanagerToken: { kind: "data", path: "validators/api-token.txt" },
  doppelgangerWithFailover: true,
  args: (context) => [
    "lighthouse",
    "vc",
    `--network=${context.network}`,
    `--datadir=${DATA}`,
    `--beacon-nodes=${context.beaconApis.join(",")}`,
    "--http",
    // The second flag says that the first is meant: the API is plain HTTP on the node's own network, published on loopback only.
    "--http-address=0.0.0.0",
    "--unencrypted-http-transport",
    `--http-port=${PORTS.keymanager}`,
    "--metrics",
    "--metrics-address=0.0.0.0",
    `--metrics-port=${PORTS.validatorMetrics}`,
    "--logfile-max-number=0",
    `--suggested-fee-recipient=${context.feeRecipient}`,
    `--gas-limit=${context.gasLimit}`,
    ...option("--graffiti", context.graffiti),
    ...(context.doppelgangerProtection ? ["--enable-doppelganger-protection"] : []),
    ...(context.builder ? ["--builder-proposals"] : []),
    // Web3Signer has no flag here: each key is named to it through the keymanager API (POST /eth/v1/remotekeys). Its own slashing
    // protection stays on beside Web3Signer's.
  ],
};
