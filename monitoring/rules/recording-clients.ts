import { TARGET } from "./labels.ts";
import type { RecordingRule } from "./types.ts";

/** A metric of one client, or of several that share a name. */
interface Source {
  readonly clients: readonly string[];
  /** With `$` where the selector of job and client goes. */
  readonly metric: string;
  readonly aggregate?: "sum" | "max" | "count";
}

/**
 * One rule from the clients' own metrics: each is selected by job and client, because clients give different meanings to one name
 * (`beacon_slot` is the clock in Teku and Nimbus, and the head's state in Prysm).
 */
function fromClients(record: string, job: string, sources: readonly Source[]): RecordingRule {
  const parts = sources.map(({ clients, metric, aggregate = "max" }) => {
    const selector = `job="${job}",${clients.length === 1 ? `client="${clients[0] ?? ""}"` : `client=~"${clients.join("|")}"`}`;
    return `${aggregate} by (${TARGET}) (${metric.replace("$", selector)})`;
  });
  return { record, expr: parts.join("\nor\n") };
}

/** Execution clients. */
export function executionRules(): RecordingRule[] {
  const common = ["besu", "nethermind"];
  return [
    fromClients("execution_node_peers", "execution", [
      { clients: common, metric: "ethereum_peer_count{$}" },
      { clients: ["geth", "erigon"], metric: "p2p_peers{$}" },
      { clients: ["reth"], metric: "reth_network_connected_peers{$}" },
    ]),
    fromClients("execution_head_block", "execution", [
      { clients: common, metric: "ethereum_blockchain_height{$}" },
      { clients: ["geth"], metric: "chain_head_block{$}" },
      { clients: ["reth"], metric: "reth_blockchain_tree_canonical_chain_height{$}" },
      { clients: ["erigon"], metric: 'sync{$,stage="execution"}' },
    ]),
    // What the client itself has heard of: blocks of its peers, or headers that it has and has not executed.
    fromClients("execution_best_known_block", "execution", [
      { clients: common, metric: "ethereum_best_known_block_number{$}" },
      { clients: ["geth"], metric: "chain_head_header{$}" },
      { clients: ["reth"], metric: 'reth_sync_checkpoint{$,stage="Headers"}' },
      { clients: ["erigon"], metric: 'sync{$,stage="headers"}' },
    ]),
    // A client that hears nothing thinks that it is at the head: the other nodes of the network know better.
    {
      record: "execution_network_head_block",
      expr: 'max by (stack, network) ({__name__=~"execution_head_block|execution_best_known_block"})',
    },
    {
      record: "execution_sync_lag_blocks",
      expr: "clamp_min(execution_network_head_block - on (stack, network) group_right () execution_head_block, 0)",
    },
  ];
}

/** Consensus clients. */
export function consensusRules(): RecordingRule[] {
  return [
    fromClients("consensus_node_peers", "consensus", [
      { clients: ["lighthouse", "lodestar"], metric: "libp2p_peers{$}" },
      { clients: ["prysm"], metric: 'p2p_peer_count{$,state="Connected"}' },
      { clients: ["teku"], metric: "beacon_peer_count{$}", aggregate: "sum" },
      { clients: ["nimbus"], metric: "nbc_peers{$}" },
    ]),
    fromClients("consensus_head_slot", "consensus", [
      { clients: ["lighthouse"], metric: "beacon_head_state_slot{$}" },
      { clients: ["prysm", "teku", "nimbus", "lodestar"], metric: "beacon_head_slot{$}" },
    ]),
    fromClients("consensus_clock_slot", "consensus", [
      { clients: ["lighthouse"], metric: "slotclock_present_slot{$}" },
      { clients: ["prysm"], metric: "beacon_clock_time_slot{$}" },
      { clients: ["teku", "nimbus"], metric: "beacon_slot{$}" },
      { clients: ["lodestar"], metric: "beacon_clock_slot{$}" },
    ]),
    fromClients("consensus_finalized_epoch", "consensus", [
      { clients: ["lighthouse"], metric: "beacon_head_state_finalized_epoch{$}" },
      { clients: ["prysm", "teku", "nimbus", "lodestar"], metric: "beacon_finalized_epoch{$}" },
    ]),
    {
      record: "consensus_sync_lag_slots",
      expr: "clamp_min(consensus_clock_slot - consensus_head_slot, 0)",
    },
  ];
}

const SLASHABLE = 'status="slashable"';

/** Validator clients, by their own account: what they sent and refused, not what the chain has of it. */
export function validatorClientRules(): RecordingRule[] {
  return [
    fromClients("validator_client_keys", "validator", [
      { clients: ["lighthouse"], metric: "vc_validators_enabled_count{$}" },
      { clients: ["prysm"], metric: "validator_statuses{$}", aggregate: "count" },
      { clients: ["teku"], metric: "validator_local_validator_count{$}" },
      { clients: ["lodestar"], metric: "vc_indices_count{$}" },
    ]),
    fromClients("validator_client_attestations_total", "validator", [
      { clients: ["lighthouse"], metric: 'vc_signed_attestations_total{$,status="success"}' },
      { clients: ["prysm"], metric: "validator_successful_attestations{$}", aggregate: "sum" },
      { clients: ["teku"], metric: 'validator_duties_performed_total{$,type="attestation",result="success"}' },
      { clients: ["nimbus"], metric: "beacon_attestations_sent_total{$}" },
      { clients: ["lodestar"], metric: "vc_published_attestations_total{$}" },
    ]),
    fromClients("validator_client_attestations_failed_total", "validator", [
      { clients: ["prysm"], metric: "validator_failed_attestations{$}", aggregate: "sum" },
      { clients: ["teku"], metric: 'validator_duties_performed_total{$,type="attestation",result="failed"}' },
      { clients: ["lodestar"], metric: "vc_attestation_service_errors{$}", aggregate: "sum" },
    ]),
    fromClients("validator_client_blocks_total", "validator", [
      { clients: ["lighthouse"], metric: 'vc_signed_beacon_blocks_total{$,status="success"}' },
      { clients: ["prysm"], metric: "validator_successful_proposals{$}", aggregate: "sum" },
      { clients: ["teku"], metric: 'validator_duties_performed_total{$,type="block",result="success"}' },
      { clients: ["nimbus"], metric: "beacon_blocks_sent_total{$}" },
      { clients: ["lodestar"], metric: "vc_block_published_total{$}" },
    ]),
    fromClients("validator_client_blocks_failed_total", "validator", [
      { clients: ["prysm"], metric: "validator_failed_proposals{$}", aggregate: "sum" },
      { clients: ["teku"], metric: 'validator_duties_performed_total{$,type="block",result="failed"}' },
      { clients: ["lodestar"], metric: "vc_block_proposing_errors_total{$}", aggregate: "sum" },
    ]),
    {
      record: "validator_client_signings_refused_total",
      expr: `sum by (${TARGET}) (
  {__name__=~"vc_signed_attestations_total|vc_signed_beacon_blocks_total",job="validator",client="lighthouse",${SLASHABLE}}
)
or
sum by (${TARGET}) (
  {__name__=~"vc_slashing_protection_(attestation|block)_errors_total",job="validator",client="lodestar"}
)
or
sum by (${TARGET}) (eth2_slashingprotection_prevented_signings_total{job="web3signer"})`,
    },
    {
      record: "validator_client_beacon_nodes",
      expr: `max by (${TARGET}) (vc_beacon_nodes_synced_count{job="validator",client="lighthouse"})
or
max by (${TARGET}) (validator_client_node_counts{job="validator",client="nimbus",status="good"})
or
max by (${TARGET}) (vc_beacon_health{job="validator",client="lodestar"} == bool 0)`,
    },
    // Keys that a validator client has on duty, by what it calls them: an index, or a public key.
    {
      record: "validator_client_key_on_duty",
      expr: `label_replace(
  max by (${TARGET}, validator) (vc_attestation_duty_slot{job="validator",client="lighthouse",validator!=""}),
  "key", "$1", "validator", "(.+)"
)
or
label_replace(
  max by (${TARGET}, pubkey) (validator_statuses{job="validator",client="prysm"}),
  "key", "$1", "pubkey", "(.+)"
)`,
    },
  ];
}

/** A client's version, as it says itself. */
export function versionRules(): RecordingRule[] {
  const plain = ["lighthouse_info", "prysm_version", "lodestar_version", "geth_info", "reth_info", "erigon_info"];
  return [
    {
      record: "client_version_info",
      expr: [
        `max by (${TARGET}, version) ({__name__=~"${plain.join("|")}",version!=""})`,
        `max by (${TARGET}, version) ({__name__=~"beacon_teku_version_total|validator_teku_version_total"})`,
        `max by (${TARGET}, version) (version{client="nimbus"})`,
        `max by (${TARGET}, version) (label_replace(nethermind_version, "version", "$1", "Version", "(.+)"))`,
      ].join("\nor\n"),
    },
  ];
}
