import { consensusMemory, fixedMemory, httpCheck, option, tcpCheck } from "./common.ts";
import {
  DATA,
  JWT,
  PORTS,
  secretPath,
  type ConsensusDefinition,
  type SignerContext,
  type ValidatorDefinition,
} from "./types.ts";

const WALLET = `${DATA}/wallet`;
const WALLET_SECRET = "wallet-password";

/** Prysm's beacon node. Options: https://prysm.offchainlabs.com/docs/configure-prysm/command-line-options/ */
export const prysm: ConsensusDefinition = {
  image: "prysm",
  stopSignal: "SIGTERM",
  // About 9 GiB in use on mainnet.
  memoryMiB: consensusMemory(11_264),
  readOnly: true,
  healthCheck: httpCheck(PORTS.beaconApi, "/eth/v1/node/version"),
  metricsPath: "/metrics",
  quic: true,
  args: (context) => [
    "--accept-terms-of-use",
    `--${context.network}`,
    `--datadir=${DATA}`,
    `--p2p-tcp-port=${context.p2pPort}`,
    `--p2p-udp-port=${context.p2pPort}`,
    `--p2p-quic-port=${context.quicPort}`,
    "--http-host=0.0.0.0",
    `--http-port=${PORTS.beaconApi}`,
    `--execution-endpoint=${context.executionEndpoint}`,
    `--jwt-secret=${JWT}`,
    `--checkpoint-sync-url=${context.checkpointSyncUrl}`,
    // Only mainnet's genesis is built in. Instead of a file for --genesis-state, it is fetched from where the checkpoint comes from.
    ...(context.network === "mainnet" ? [] : [`--genesis-beacon-api-url=${context.checkpointSyncUrl}`]),
    "--monitoring-host=0.0.0.0",
    `--monitoring-port=${PORTS.consensusMetrics}`,
    // A builder that fails, or a chain that misses slots, makes it build locally: its circuit breaker is on by default.
    ...option("--http-mev-relay", context.builderUrl),
    ...option("--suggested-fee-recipient", context.feeRecipient),
  ],
};

/** Prysm's validator client. */
export const prysmValidator: ValidatorDefinition = {
  image: "prysm-validator",
  stopSignal: "SIGTERM",
  memoryMiB: fixedMemory(2_048),
  readOnly: true,
  healthCheck: tcpCheck(PORTS.keymanager),
  metricsPath: "/metrics",
  keymanagerToken: { kind: "data", path: "auth-token" },
  // Its doppelganger check asks one beacon node and fails with that one.
  doppelgangerWithFailover: false,
  localWallet: {
    secret: WALLET_SECRET,
    // The keymanager API of Prysm answers only when there is a wallet. A folder without its key file is what an interrupted run left.
    entrypoint: (network) => [
      "/bin/bash",
      "-c",
      [
        "set -eu",
        `if [ -e ${WALLET}/direct/accounts/all-accounts.keystore.json ]; then exit 0; fi`,
        `rm -rf ${WALLET}/direct`,
        `exec /app/cmd/validator/validator wallet create --accept-terms-of-use --${network} --wallet-dir=${WALLET} --keymanager-kind=imported ` +
          `--wallet-password-file=${secretPath(WALLET_SECRET)}`,
      ].join("\n"),
    ],
  },
  args: (context) => [
    "--accept-terms-of-use",
    `--${context.network}`,
    `--datadir=${DATA}`,
    // Several beacon nodes work over REST only.
    "--enable-beacon-rest-api",
    `--beacon-rest-api-provider=${context.beaconApis.join(",")}`,
    // The keymanager API, without the web interface.
    "--rpc",
    "--http-host=0.0.0.0",
    `--http-port=${PORTS.keymanager}`,
    `--keymanager-token-file=${DATA}/auth-token`,
    "--monitoring-host=0.0.0.0",
    `--monitoring-port=${PORTS.validatorMetrics}`,
    `--suggested-fee-recipient=${context.feeRecipient}`,
    `--suggested-gas-limit=${context.gasLimit}`,
    ...option("--graffiti", context.graffiti),
    ...(context.doppelgangerProtection ? ["--enable-doppelganger"] : []),
    ...(context.builder ? ["--enable-builder"] : []),
    ...signerArgs(context.signer),
  ],
};

function signerArgs(signer: SignerContext): string[] {
  // The default folder is in a home that cannot be written.
  const wallet = `--wallet-dir=${WALLET}`;
  if (signer.kind === "local") return [wallet, `--wallet-password-file=${secretPath(WALLET_SECRET)}`];
  return [
    wallet,
    `--validators-external-signer-url=${signer.url}`,
    // One flag a key: a single argument may not be longer than 128 KiB, which some 1300 keys are.
    ...signer.publicKeys.map((key) => `--validators-external-signer-public-keys=${key}`),
    // Keys that come through the keymanager API are kept here.
    `--validators-external-signer-key-file=${DATA}/remote-keys.txt`,
  ];
}
