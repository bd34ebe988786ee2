import { consensusMemory, fixedMemory, httpCheck, option, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, secretPath, type ConsensusDefinition, type ValidatorDefinition } from "./types.ts";

const SYNCED = `${DATA}/checkpoint-synced`;

/** Network and URL are arguments, not part of the script: a URL may hold what a shell would act on. */
const CHECKPOINT_SCRIPT = [
  "set -eu",
  `if [ -e ${SYNCED} ]; then exit 0; fi`,
  `/home/user/nimbus_beacon_node trustedNodeSync --network="$1" --trusted-node-url="$2" --data-dir=${DATA} --backfill=false`,
  `touch ${SYNCED}`,
].join("\n");

/** Nimbus' beacon node. Options: https://nimbus.guide/options.html */
export const nimbus: ConsensusDefinition = {
  image: "nimbus",
  // The image's own STOPSIGNAL.
  stopSignal: "SIGINT",
  // About 5 GiB in use on mainnet.
  memoryMiB: consensusMemory(7_168),
  readOnly: true,
  healthCheck: httpCheck(PORTS.beaconApi, "/eth/v1/node/version"),
  metricsPath: "/metrics",
  quic: false,
  // Nimbus fetches its checkpoint in a run of its own. The run leaves a mark when it has ended well; without one it is made again, and
  // Nimbus itself leaves a database alone that has a state. With a mark nothing is touched: the beacon node may be running.
  prepare: (context) => ["/bin/sh", "-c", CHECKPOINT_SCRIPT, "sh", context.network, context.checkpointSyncUrl],
  args: (context) => [
    `--network=${context.network}`,
    `--data-dir=${DATA}`,
    "--non-interactive",
    "--status-bar=false",
    `--tcp-port=${context.p2pPort}`,
    `--udp-port=${context.p2pPort}`,
    // The address inside the container is not the one that peers see.
    "--enr-auto-update=true",
    "--rest",
    "--rest-address=0.0.0.0",
    `--rest-port=${PORTS.beaconApi}`,
    `--el=${context.executionEndpoint}`,
    `--jwt-secret=${JWT}`,
    "--metrics",
    "--metrics-address=0.0.0.0",
    `--metrics-port=${PORTS.consensusMetrics}`,
    // A builder that fails, or a chain that misses slots, makes it build locally: its circuit breaker is on by default.
    ...(context.builderUrl === undefined
      ? []
      : ["--payload-builder=true", `--payload-builder-url=${context.builderUrl}`]),
    ...option("--suggested-fee-recipient", context.feeRecipient),
  ],
};

/** Nimbus' validator client. Options: https://nimbus.guide/validator-client-options.html */
export const nimbusValidator: ValidatorDefinition = {
  image: "nimbus-validator",
  stopSignal: "SIGINT",
  memoryMiB: fixedMemory(1_024),
  readOnly: true,
  healthCheck: tcpCheck(PORTS.keymanager),
  metricsPath: "/metrics",
  // It reads its token and ends when there is none.
  keymanagerToken: { kind: "secret" },
  doppelgangerWithFailover: true,
  // No --network: it takes the network from its beacon nodes.
  args: (context) => [
    `--data-dir=${DATA}`,
    "--non-interactive",
    ...context.beaconApis.map((url) => `--beacon-node=${url}`),
    "--keymanager",
    "--keymanager-address=0.0.0.0",
    `--keymanager-port=${PORTS.keymanager}`,
    `--keymanager-token-file=${secretPath("keymanager-token")}`,
    "--metrics",
    "--metrics-address=0.0.0.0",
    `--metrics-port=${PORTS.validatorMetrics}`,
    `--suggested-fee-recipient=${context.feeRecipient}`,
    `--suggested-gas-limit=${context.gasLimit}`,
    ...option("--graffiti", context.graffiti),
    // On unless it is told otherwise.
    `--doppelganger-detection=${context.doppelgangerProtection}`,
    ...(context.builder ? ["--payload-builder=true"] : []),
    // It runs every key that Web3Signer has, and asks again from time to time.
    ...(context.signer.kind === "web3signer" ? [`--web3-signer-url=${context.signer.url}`] : []),
  ],
};
