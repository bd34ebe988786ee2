import { consensusMemory, fixedMemory, httpCheck, option, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ConsensusDefinition, type ValidatorDefinition } from "./types.ts";

/** Node's heap as three quarters of what the container has. */
const heap = (memoryMiB: number): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--max-old-space-size=${Math.floor(memoryMiB * 0.75)}`,
});

/** Lodestar's beacon node. Options: https://chainsafe.github.io/lodestar/run/beacon-management/beacon-cli */
export const lodestar: ConsensusDefinition = {
  image: "lodestar",
  stopSignal: "SIGTERM",
  // About 12 GiB in use on mainnet.
  memoryMiB: consensusMemory(14_336),
  readOnly: true,
  environment: heap,
  healthCheck: httpCheck(PORTS.beaconApi, "/eth/v1/node/version"),
  metricsPath: "/metrics",
  quic: true,
  args: (context) => [
    "beacon",
    `--network=${context.network}`,
    `--dataDir=${DATA}`,
    "--listenAddress=0.0.0.0",
    `--port=${context.p2pPort}`,
    `--quicPort=${context.quicPort}`,
    "--rest=true",
    "--rest.address=0.0.0.0",
    `--rest.port=${PORTS.beaconApi}`,
    `--execution.urls=${context.executionEndpoint}`,
    `--jwtSecret=${JWT}`,
    `--checkpointSyncUrl=${context.checkpointSyncUrl}`,
    "--metrics=true",
    "--metrics.address=0.0.0.0",
    `--metrics.port=${PORTS.consensusMetrics}`,
    // Docker keeps the log.
    "--logFileLevel=error",
    // A builder that fails, or a chain that misses slots, makes it build locally: its circuit breaker is on by default.
    ...(context.builderUrl === undefined ? [] : ["--builder=true", `--builder.url=${context.builderUrl}`]),
    ...option("--suggestedFeeRecipient", context.feeRecipient),
  ],
};

/** Lodestar's validator client. Options: https://chainsafe.github.io/lodestar/run/validator-management/validator-cli */
export const lodestarValidator: ValidatorDefinition = {
  image: "lodestar",
  stopSignal: "SIGTERM",
  memoryMiB: fixedMemory(3_072),
  readOnly: true,
  environment: heap,
  healthCheck: tcpCheck(PORTS.keymanager),
  metricsPath: "/metrics",
  keymanagerToken: { kind: "data", path: "validator-db/api-token.txt" },
  doppelgangerWithFailover: true,
  args: (context) => [
    "validator",
    `--network=${context.network}`,
    `--dataDir=${DATA}`,
    `--beaconNodes=${context.beaconApis.join(",")}`,
    "--keymanager=true",
    "--keymanager.address=0.0.0.0",
    `--keymanager.port=${PORTS.keymanager}`,
    "--metrics=true",
    "--metrics.address=0.0.0.0",
    `--metrics.port=${PORTS.validatorMetrics}`,
    "--logFileLevel=error",
    `--suggestedFeeRecipient=${context.feeRecipient}`,
    `--defaultGasLimit=${context.gasLimit}`,
    ...option("--graffiti", context.graffiti),
    ...(context.doppelgangerProtection ? ["--doppelgangerProtection=true"] : []),
    ...(context.builder ? ["--builder=true"] : []),
    // It runs every key that Web3Signer has, and asks again each epoch.
    ...(context.signer.kind === "web3signer"
      ? [`--externalSigner.url=${context.signer.url}`, "--externalSigner.fetch=true"]
      : []),
  ],
};
