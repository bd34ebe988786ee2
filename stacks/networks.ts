import type { VerifierArgs } from "../components/protocol/verifiers.ts";
import type { PublicNetwork } from "../components/validator-node/bundle/spec.ts";

/** What is fixed of a public network. */
export interface NetworkFacts {
  readonly chainId: number;
  /** The beacon chain's deposit contract. */
  readonly depositContract: string;
  readonly genesisForkVersion: string;
  /** Unix time of slot 0. */
  readonly genesisTime: number;
  /** SECONDS_PER_SLOT and SLOTS_PER_EPOCH of the mainnet preset (phase0/beacon-chain.md, Time parameters). */
  readonly secondsPerSlot: number;
  readonly slotsPerEpoch: number;
  /** ELECTRA_FORK_EPOCH: states before it have other generalized indices. */
  readonly electraForkEpoch: number;
  /** Where a beacon node gets its first finalised state, unless the settings say otherwise. */
  readonly checkpointSyncUrl: string;
  /** Whether deposits need a token that only permissioned parties hold. */
  readonly gatedDeposits: boolean;
}

/** https://github.com/eth-clients/mainnet, /sepolia and /hoodi: metadata/config.yaml and genesis. */
export const NETWORKS: Readonly<Record<PublicNetwork, NetworkFacts>> = {
  mainnet: {
    chainId: 1,
    depositContract: "0x00000000219ab540356cBB839Cbe05303d7705Fa",
    genesisForkVersion: "0x00000000",
    genesisTime: 1_606_824_023,
    secondsPerSlot: 12,
    slotsPerEpoch: 32,
    electraForkEpoch: 364_032,
    checkpointSyncUrl: "https://sync-mainnet.beaconcha.in",
    gatedDeposits: false,
  },
  sepolia: {
    chainId: 11_155_111,
    depositContract: "0x7f02C3E3c98b133055B8B348B2Ac625669Ed295D",
    genesisForkVersion: "0x90000069",
    genesisTime: 1_655_733_600,
    secondsPerSlot: 12,
    slotsPerEpoch: 32,
    electraForkEpoch: 222_464,
    checkpointSyncUrl: "https://checkpoint-sync.sepolia.ethpandaops.io",
    gatedDeposits: true,
  },
  hoodi: {
    chainId: 560_048,
    depositContract: "0x00000000219ab540356cBB839Cbe05303d7705Fa",
    genesisForkVersion: "0x10000910",
    genesisTime: 1_742_213_400,
    secondsPerSlot: 12,
    slotsPerEpoch: 32,
    electraForkEpoch: 2_048,
    checkpointSyncUrl: "https://hoodi.checkpoint.sigp.io",
    gatedDeposits: false,
  },
};

/** Which proofs of the network's beacon state are taken: the settings', or from Electra on, whose layout Fulu kept. */
export function verifiersOf(network: PublicNetwork, verifiers: readonly VerifierArgs[]): readonly VerifierArgs[] {
  const { electraForkEpoch, slotsPerEpoch } = NETWORKS[network];
  return verifiers.length > 0 ? verifiers : [{ layout: "electra", fromSlot: electraForkEpoch * slotsPerEpoch }];
}
