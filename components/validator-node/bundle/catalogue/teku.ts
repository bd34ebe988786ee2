import { consensusMemory, fixedMemory, httpCheck, option, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ConsensusDefinition, type ValidatorDefinition } from "./types.ts";

/** Teku's beacon node. Options: https://docs.teku.consensys.io/reference/cli */
export const teku: ConsensusDefinition = {
  image: "teku",
  stopSignal: "SIGTERM",
  // About 10 GiB in use on mainnet.
  memoryMiB: consensusMemory(12_288),
  readOnly: true,
  executableTmp: true,
  environment: (memoryMiB) => ({ JAVA_OPTS: `-Xmx${Math.floor(memoryMiB * 0.6)}m` }),
  healthCheck: httpCheck(PORTS.beaconApi, "/eth/v1/node/version"),
  metricsPath: "/metrics",
  quic: true,
  args: (context) => [
    `--network=${context.network}`,
    `--data-path=${DATA}`,
    // Docker keeps the log.
    "--log-destination=CONSOLE",
    `--p2p-port=${context.p2pPort}`,
    `--p2p-quic-port=${context.quicPort}`,
    "--rest-api-enabled=true",
    "--rest-api-interface=0.0.0.0",
    `--rest-api-port=${PORTS.beaconApi}`,
    "--rest-api-host-allowlist=*",
    // Doppelganger protection of validator clients asks for it.
    "--beacon-liveness-tracking-enabled=true",
    `--ee-endpoint=${context.executionEndpoint}`,
    `--ee-jwt-secret-file=${JWT}`,
    `--checkpoint-sync-url=${context.checkpointSyncUrl}`,
    "--metrics-enabled=true",
    "--metrics-interface=0.0.0.0",
    `--metrics-port=${PORTS.consensusMetrics}`,
    "--metrics-host-allowlist=*",
    // A builder that fails, or a chain that misses slots, makes it build locally: its circuit breaker is on by default.
    ...option("--builder-endpoint", context.builderUrl),
    ...option("--validators-proposer-default-fee-recipient", context.feeRecipient),
  ],
};

/** Teku's validator client. Options: https://docs.teku.consensys.io/reference/cli/subcommands/validator-client */
export const tekuValidator: ValidatorDefinition = {
  image: "teku",
  stopSignal: "SIGTERM",
  memoryMiB: fixedMemory(3_072),
  readOnly: true,
  executableTmp: true,
  environment: (memoryMiB) => ({ JAVA_OPTS: `-Xmx${Math.floor(memoryMiB * 0.6)}m` }),
  healthCheck: tcpCheck(PORTS.keymanager),
  metricsPath: "/metrics",
  keymanagerToken: { kind: "data", path: "validator/key-manager/validator-api-bearer" },
  doppelgangerWithFailover: true,
  args: (context) => [
    "validator-client",
    `--network=${context.network}`,
    `--data-path=${DATA}`,
    "--log-destination=CONSOLE",
    `--beacon-node-api-endpoints=${context.beaconApis.join(",")}`,
    "--validator-api-enabled=true",
    "--validator-api-interface=0.0.0.0",
    `--validator-api-port=${PORTS.keymanager}`,
    "--validator-api-host-allowlist=*",
    // Teku wants TLS for every interface but loopback, which a published container port never is. This port is published on loopback
    // only, as plain as the other clients' (ValidatorRestApiOptions.java of Teku).
    "--Xvalidator-api-ssl-enabled=false",
    "--Xvalidator-api-unsafe-hosts-enabled=true",
    "--metrics-enabled=true",
    "--metrics-interface=0.0.0.0",
    `--metrics-port=${PORTS.validatorMetrics}`,
    "--metrics-host-allowlist=*",
    `--validators-proposer-default-fee-recipient=${context.feeRecipient}`,
    `--validators-builder-registration-default-gas-limit=${context.gasLimit}`,
    ...option("--validators-graffiti", context.graffiti),
    ...(context.doppelgangerProtection ? ["--doppelganger-detection-enabled=true"] : []),
    ...(context.builder ? ["--validators-builder-registration-default-enabled=true"] : []),
    ...(context.signer.kind === "web3signer"
      ? [
          `--validators-external-signer-url=${context.signer.url}`,
          // One flag a key: a single argument may not be longer than 128 KiB, which some 1300 keys are.
          ...context.signer.publicKeys.map((key) => `--validators-external-signer-public-keys=${key}`),
        ]
      : []),
  ],
};
