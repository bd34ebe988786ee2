import { DEPOSIT_CONTRACT } from "./execution.ts";

/** Settings of the devnet's consensus chain. */
export interface ConsensusChainOptions {
  readonly chainId: number;
  readonly secondsPerSlot: number;
  readonly slotsPerEpoch: number;
}

/** What the Lodestar launcher reads: preset overrides, and the chain configuration by its spec names. */
export interface ConsensusChain {
  readonly preset: Readonly<Record<string, number>>;
  readonly config: Readonly<Record<string, string>>;
}

/**
 * The consensus chain's configuration: the minimal preset at Capella from genesis, with epochs, voting periods and delays short
 * enough that a deposit is active within a minute. Names as in consensus-specs, configs/ and presets/.
 */
export function renderConsensusChain({
  chainId,
  secondsPerSlot,
  slotsPerEpoch,
}: ConsensusChainOptions): ConsensusChain {
  return {
    preset: { SLOTS_PER_EPOCH: slotsPerEpoch, EPOCHS_PER_ETH1_VOTING_PERIOD: 2, MAX_SEED_LOOKAHEAD: 1 },
    config: {
      PRESET_BASE: "minimal",
      CONFIG_NAME: "devnet",
      TERMINAL_TOTAL_DIFFICULTY: "0",
      MIN_GENESIS_ACTIVE_VALIDATOR_COUNT: "1",
      GENESIS_DELAY: "0",
      ALTAIR_FORK_EPOCH: "0",
      BELLATRIX_FORK_EPOCH: "0",
      CAPELLA_FORK_EPOCH: "0",
      SECONDS_PER_SLOT: String(secondsPerSlot),
      SECONDS_PER_ETH1_BLOCK: String(secondsPerSlot),
      ETH1_FOLLOW_DISTANCE: "2",
      MIN_VALIDATOR_WITHDRAWABILITY_DELAY: "1",
      SHARD_COMMITTEE_PERIOD: "1",
      DEPOSIT_CHAIN_ID: String(chainId),
      DEPOSIT_NETWORK_ID: String(chainId),
      DEPOSIT_CONTRACT_ADDRESS: DEPOSIT_CONTRACT.toLowerCase(),
    },
  };
}
