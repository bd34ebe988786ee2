import { sample, selector, series, targetLabels } from "./fixtures.ts";
import type { Labels } from "./fixtures.ts";
import type { InputSeries, RecordingTest } from "./types.ts";

interface ClientCase {
  readonly client: string;
  readonly input: (labels: Labels) => readonly InputSeries[];
  readonly expect: Readonly<Record<string, number>>;
}

function clientTests(job: string, cases: readonly ClientCase[]): RecordingTest[] {
  return cases.map(({ client, input, expect }) => {
    const labels = targetLabels(job, client);
    return {
      name: `${job}: ${client}`,
      input: input(labels),
      at: "5m",
      expect: Object.entries(expect).map(([record, value]) => sample(record, labels, value)),
    };
  });
}

/** Execution clients: the series are those of /metrics of each, at block 1000 of 1012. */
export const EXECUTION_TESTS: readonly RecordingTest[] = [
  ...clientTests("execution", [
    {
      client: "besu",
      input: (labels) => [
        series("ethereum_peer_count", labels, "25x5"),
        series("ethereum_blockchain_height", labels, "1000x5"),
        series("ethereum_best_known_block_number", labels, "1012x5"),
        series("besu_synchronizer_in_sync", labels, "0x5"),
      ],
      expect: { execution_node_peers: 25, execution_head_block: 1000, execution_sync_lag_blocks: 12 },
    },
    {
      client: "nethermind",
      input: (labels) => {
        const own = {
          ...labels,
          Instance: "Nethermind",
          Network: "Hoodi",
          SyncType: "Snap",
          Version: "1.39.3+a1b2c3d4",
        };
        return [
          series("ethereum_peer_count", own, "50x5"),
          series("ethereum_blockchain_height", own, "1000x5"),
          series("ethereum_best_known_block_number", own, "1012x5"),
        ];
      },
      expect: { execution_node_peers: 50, execution_head_block: 1000, execution_sync_lag_blocks: 12 },
    },
    {
      client: "geth",
      input: (labels) => [
        series("p2p_peers", labels, "48x5"),
        series("chain_head_block", labels, "1000x5"),
        series("chain_head_header", labels, "1012x5"),
      ],
      expect: { execution_node_peers: 48, execution_head_block: 1000, execution_sync_lag_blocks: 12 },
    },
    {
      client: "reth",
      input: (labels) => [
        series("reth_network_connected_peers", labels, "100x5"),
        series("reth_blockchain_tree_canonical_chain_height", labels, "1000x5"),
        series("reth_sync_checkpoint", { ...labels, stage: "Headers" }, "1012x5"),
        series("reth_sync_checkpoint", { ...labels, stage: "Finish" }, "998x5"),
      ],
      expect: { execution_node_peers: 100, execution_head_block: 1000, execution_sync_lag_blocks: 12 },
    },
    {
      client: "erigon",
      input: (labels) => [
        series("p2p_peers", labels, "32x5"),
        series("sync", { ...labels, stage: "execution" }, "1000x5"),
        series("sync", { ...labels, stage: "headers" }, "1012x5"),
        series("sync", { ...labels, stage: "finish" }, "999x5"),
      ],
      expect: { execution_node_peers: 32, execution_head_block: 1000, execution_sync_lag_blocks: 12 },
    },
  ]),
  {
    name: "execution: a node without peers is measured by the others",
    input: [
      series("chain_head_block", targetLabels("execution", "geth"), "1000x5"),
      series("chain_head_header", targetLabels("execution", "geth"), "1000x5"),
      series("ethereum_blockchain_height", targetLabels("execution", "besu", { node: "node-2" }), "1064x5"),
      // Another chain's node says nothing about this one.
      series("chain_head_block", targetLabels("execution", "geth", { network: "mainnet", stack: "mainnet" }), "9000x5"),
    ],
    at: "5m",
    expect: [
      {
        expr: 'execution_sync_lag_blocks{stack="hoodi"}',
        samples: [
          { labels: `execution_sync_lag_blocks${selector(targetLabels("execution", "geth"))}`, value: 64 },
          {
            labels: `execution_sync_lag_blocks${selector(targetLabels("execution", "besu", { node: "node-2" }))}`,
            value: 0,
          },
        ],
      },
    ],
  },
];

/** Consensus clients, 7 slots behind the clock. */
export const CONSENSUS_TESTS: readonly RecordingTest[] = clientTests("consensus", [
  {
    client: "lighthouse",
    input: (labels) => [
      series("libp2p_peers", labels, "80x5"),
      series("beacon_head_state_slot", labels, "9000x5"),
      series("slotclock_present_slot", labels, "9007x5"),
      series("beacon_head_state_finalized_epoch", labels, "279x5"),
    ],
    expect: { consensus_node_peers: 80, consensus_sync_lag_slots: 7, consensus_finalized_epoch: 279 },
  },
  {
    client: "prysm",
    input: (labels) => [
      series("p2p_peer_count", { ...labels, state: "Connected" }, "70x5"),
      series("p2p_peer_count", { ...labels, state: "Disconnected" }, "200x5"),
      series("beacon_head_slot", labels, "9000x5"),
      series("beacon_slot", labels, "9001x5"),
      series("beacon_clock_time_slot", labels, "9007x5"),
      series("beacon_finalized_epoch", labels, "279x5"),
    ],
    expect: { consensus_node_peers: 70, consensus_sync_lag_slots: 7, consensus_finalized_epoch: 279 },
  },
  {
    client: "teku",
    input: (labels) => [
      series("beacon_peer_count", { ...labels, direction: "inbound" }, "30x5"),
      series("beacon_peer_count", { ...labels, direction: "outbound" }, "45x5"),
      series("beacon_head_slot", labels, "9000x5"),
      series("beacon_slot", labels, "9007x5"),
      series("beacon_finalized_epoch", labels, "279x5"),
    ],
    expect: { consensus_node_peers: 75, consensus_sync_lag_slots: 7, consensus_finalized_epoch: 279 },
  },
  {
    client: "nimbus",
    input: (labels) => [
      series("nbc_peers", labels, "160x5"),
      series("beacon_head_slot", labels, "9000x5"),
      series("beacon_slot", labels, "9007x5"),
      series("beacon_finalized_epoch", labels, "279x5"),
    ],
    expect: { consensus_node_peers: 160, consensus_sync_lag_slots: 7, consensus_finalized_epoch: 279 },
  },
  {
    client: "lodestar",
    input: (labels) => [
      series("libp2p_peers", labels, "55x5"),
      series("beacon_head_slot", labels, "9000x5"),
      series("beacon_clock_slot", labels, "9007x5"),
      series("beacon_finalized_epoch", labels, "279x5"),
    ],
    expect: { consensus_node_peers: 55, consensus_sync_lag_slots: 7, consensus_finalized_epoch: 279 },
  },
]);

const PUBKEY = "0x93247f2209abcacf57b75a51dafae777f9dd38bc7053d1af526f220a7489a6d3a2753e5f3e8b1cfe39b56f43611df74a";

/** Validator clients. */
export const VALIDATOR_CLIENT_TESTS: readonly RecordingTest[] = [
  ...clientTests("validator", [
    {
      client: "lighthouse",
      input: (labels) => [
        series("vc_validators_enabled_count", labels, "2x5"),
        series("vc_signed_attestations_total", { ...labels, status: "success" }, "10+2x5"),
        series("vc_signed_attestations_total", { ...labels, status: "slashable" }, "1x5"),
        series("vc_signed_attestations_total", { ...labels, status: "same_data" }, "4x5"),
        series("vc_signed_beacon_blocks_total", { ...labels, status: "success" }, "3x5"),
        series("vc_signed_beacon_blocks_total", { ...labels, status: "slashable" }, "1x5"),
        series("vc_beacon_nodes_synced_count", labels, "2x5"),
      ],
      expect: {
        validator_client_keys: 2,
        validator_client_attestations_total: 20,
        validator_client_blocks_total: 3,
        validator_client_signings_refused_total: 2,
        validator_client_beacon_nodes: 2,
      },
    },
    {
      client: "prysm",
      input: (labels) => [
        series("validator_statuses", { ...labels, pubkey: PUBKEY, index: "0x1267" }, "3x5"),
        series("validator_successful_attestations", { ...labels, pubkey: PUBKEY }, "10+1x5"),
        series("validator_failed_attestations", { ...labels, pubkey: PUBKEY }, "2x5"),
        series("validator_successful_proposals", { ...labels, pubkey: PUBKEY }, "4x5"),
        series("validator_failed_proposals", { ...labels, pubkey: PUBKEY }, "1x5"),
      ],
      expect: {
        validator_client_keys: 1,
        validator_client_attestations_total: 15,
        validator_client_attestations_failed_total: 2,
        validator_client_blocks_total: 4,
        validator_client_blocks_failed_total: 1,
      },
    },
    {
      client: "teku",
      input: (labels) => [
        series("validator_local_validator_count", labels, "3x5"),
        series("validator_duties_performed_total", { ...labels, type: "attestation", result: "success" }, "10+3x5"),
        series("validator_duties_performed_total", { ...labels, type: "attestation", result: "failed" }, "2x5"),
        series("validator_duties_performed_total", { ...labels, type: "block", result: "success" }, "5x5"),
        series("validator_duties_performed_total", { ...labels, type: "block", result: "failed" }, "1x5"),
      ],
      expect: {
        validator_client_keys: 3,
        validator_client_attestations_total: 25,
        validator_client_attestations_failed_total: 2,
        validator_client_blocks_total: 5,
        validator_client_blocks_failed_total: 1,
      },
    },
    {
      client: "nimbus",
      input: (labels) => [
        series("beacon_attestations_sent_total", labels, "10+4x5"),
        series("beacon_blocks_sent_total", labels, "6x5"),
        series("validator_client_node_counts", { ...labels, status: "good" }, "1x5"),
        series("validator_client_node_counts", { ...labels, status: "bad" }, "1x5"),
      ],
      expect: {
        validator_client_attestations_total: 30,
        validator_client_blocks_total: 6,
        validator_client_beacon_nodes: 1,
      },
    },
    {
      client: "lodestar",
      input: (labels) => [
        series("vc_indices_count", labels, "4x5"),
        series("vc_published_attestations_total", labels, "10+4x5"),
        series("vc_attestation_service_errors", { ...labels, error: "produce" }, "2x5"),
        series("vc_block_published_total", labels, "7x5"),
        series("vc_block_proposing_errors_total", { ...labels, error: "publish" }, "1x5"),
        series("vc_slashing_protection_attestation_errors_total", labels, "2x5"),
        series("vc_slashing_protection_block_errors_total", labels, "1x5"),
        series("vc_beacon_health", labels, "0x5"),
      ],
      expect: {
        validator_client_keys: 4,
        validator_client_attestations_total: 30,
        validator_client_attestations_failed_total: 2,
        validator_client_blocks_total: 7,
        validator_client_blocks_failed_total: 1,
        validator_client_signings_refused_total: 3,
        validator_client_beacon_nodes: 1,
      },
    },
  ]),
  {
    name: "web3signer: what slashing protection refused",
    input: [
      series("eth2_slashingprotection_prevented_signings_total", targetLabels("web3signer", "web3signer"), "3x5"),
    ],
    at: "5m",
    expect: [sample("validator_client_signings_refused_total", targetLabels("web3signer", "web3signer"), 3)],
  },
];

/** Versions: each client names them its own way. Besu has none. */
export const VERSION_TESTS: readonly RecordingTest[] = [
  {
    name: "versions",
    input: [
      series("geth_info", { ...targetLabels("execution", "geth"), arch: "amd64", version: "1.17.5-stable" }, "1x5"),
      series("nethermind_version", { ...targetLabels("execution", "nethermind"), Version: "1.39.3+a1b2c3d4" }, "0x5"),
      series("beacon_teku_version_total", { ...targetLabels("consensus", "teku"), version: "26.8.0" }, "1x5"),
      series("version", { ...targetLabels("consensus", "nimbus"), version: "v26.7.0-a1b2c3", commit: "a1b2c3" }, "1x5"),
    ],
    at: "5m",
    expect: [
      {
        expr: "count by (client, version) (client_version_info)",
        samples: [
          { labels: '{client="geth",version="1.17.5-stable"}', value: 1 },
          { labels: '{client="nethermind",version="1.39.3+a1b2c3d4"}', value: 1 },
          { labels: '{client="teku",version="26.8.0"}', value: 1 },
          { labels: '{client="nimbus",version="v26.7.0-a1b2c3"}', value: 1 },
        ],
      },
    ],
  },
];
