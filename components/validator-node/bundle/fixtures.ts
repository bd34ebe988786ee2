import {
  CONSENSUS_CLIENTS,
  EXECUTION_CLIENTS,
  VALIDATOR_CLIENTS,
  type BundleSpec,
  type ConsensusClient,
  type ExecutionClient,
  type SignerSettings,
  type ValidatorClient,
  type ValidatorSettings,
} from "./spec.ts";

/** A public key for tests. */
export function testKey(index: number): string {
  return `0x${index.toString(16).padStart(96, "a")}`;
}

/** A relay for tests. */
export const TEST_RELAY = `https://${testKey(7)}@relay.example.org`;

/** What a test's node differs in. */
export interface NodeShape {
  readonly execution?: readonly ExecutionClient[];
  readonly consensus?: readonly ConsensusClient[];
  readonly validator?: ValidatorClient;
  readonly signer?: SignerSettings["kind"];
  readonly mevBoost?: boolean;
  readonly settings?: Partial<BundleSpec>;
  readonly validatorSettings?: Partial<ValidatorSettings>;
}

/** A node for tests: without a fault on mainnet, whatever its clients. */
export function testNode(shape: NodeShape = {}): BundleSpec {
  const {
    execution = ["nethermind"],
    consensus = ["nimbus"],
    validator = "nimbus",
    signer = "web3signer",
    mevBoost = false,
    settings = {},
    validatorSettings = {},
  } = shape;
  return {
    name: "node-1",
    network: "mainnet",
    execution: execution.map((client, index) => ({ client, p2pPort: 30303 + index })),
    consensus: consensus.map((client, index) => ({ client, p2pPort: 9000 + 10 * index, quicPort: 9001 + 10 * index })),
    checkpointSyncUrl: "https://checkpoint.example.org",
    validator: {
      client: validator,
      signer: { kind: signer },
      publicKeys: [testKey(1), testKey(2)],
      fallbackBeaconApis: [],
      doppelgangerProtection: true,
      graffiti: "",
      feeRecipient: "0x00000000000000000000000000000000000000aa",
      gasLimit: 60_000_000,
      ...validatorSettings,
    },
    ...(mevBoost ? { mevBoost: { relays: [TEST_RELAY], minBidEther: "0.05" } } : {}),
    basePort: 20_000,
    directory: "/var/lib/ethstake/nodes/node-1",
    uid: 1000,
    gid: 1000,
    ...settings,
  };
}

/** All combinations of execution, consensus and validator client. */
export const COMBINATIONS: readonly (readonly [ExecutionClient, ConsensusClient, ValidatorClient])[] =
  EXECUTION_CLIENTS.flatMap((execution) =>
    CONSENSUS_CLIENTS.flatMap((consensus) =>
      VALIDATOR_CLIENTS.map((validator) => [execution, consensus, validator] as const),
    ),
  );
