import { median, OPERATOR, STACK, VALIDATOR } from "./labels.ts";
import type { Timing } from "./timing.ts";
import type { RecordingRule } from "./types.ts";

/** Weights of an attestation's timely source, target and head flags (Altair). */
const [SOURCE, TARGET, HEAD] = [14, 26, 14];

/**
 * What the chain says of validators, through the keepers. The counters keep the label `instance`: each keeper counts from its own start,
 * so rates come first and the median over keepers second.
 */
export function validatorRules(timing: Timing): RecordingRule[] {
  const hour = timing.chain("1h");
  const day = timing.chain("1d");
  const increase = (metric: string, range: string): string => `increase(${metric}[${range}])`;
  const share = (labels: string, missed: string, assigned: string, range: string): string =>
    `1 - clamp_max(${median(labels, increase(missed, range))} / (${median(labels, increase(assigned, range))} > 0), 1)`;
  const effectiveness = (labels: string, prefix: string): string =>
    `clamp_max(
  (
    ${SOURCE} * ${median(labels, increase(`${prefix}_source_hits_total`, hour))}
    + ${TARGET} * ${median(labels, increase(`${prefix}_target_hits_total`, hour))}
    + ${HEAD} * ${median(labels, increase(`${prefix}_head_hits_total`, hour))}
  )
  / (${SOURCE + TARGET + HEAD} * (${median(labels, increase(`${prefix}_epochs_assigned_total`, hour))} > 0)),
  1
)`;
  return [
    { record: "validator_attestations_total", expr: "ethstake_validator_epochs_assigned_total" },
    { record: "validator_attestations_missed", expr: "ethstake_validator_epochs_missed_total" },
    {
      record: "validator_block_proposals_total",
      expr: "ethstake_validator_blocks_proposed_total + ethstake_validator_blocks_missed_total",
    },
    { record: "validator_block_proposals_missed", expr: "ethstake_validator_blocks_missed_total" },
    {
      record: "validator_uptime",
      expr: share(
        VALIDATOR,
        "ethstake_validator_epochs_missed_total",
        "ethstake_validator_epochs_assigned_total",
        hour,
      ),
    },
    {
      record: "operator_uptime",
      expr: share(OPERATOR, "ethstake_operator_epochs_missed_total", "ethstake_operator_epochs_assigned_total", hour),
    },
    {
      record: "operator_uptime_day",
      expr: share(OPERATOR, "ethstake_operator_epochs_missed_total", "ethstake_operator_epochs_assigned_total", day),
    },
    {
      record: "operator_uptime_window",
      expr: `1 - ${median(OPERATOR, "ethstake_operator_window_missed_epochs")} / (${median(OPERATOR, "ethstake_operator_window_assigned_epochs")} > 0)`,
    },
    {
      record: "operator_allowance_used",
      expr: `${median(OPERATOR, "ethstake_operator_window_missed_epochs")} / (${median(OPERATOR, "ethstake_operator_window_allowance_epochs")} > 0)`,
    },
    { record: "validator_attestation_effectiveness", expr: effectiveness(VALIDATOR, "ethstake_validator") },
    {
      record: "operator_attestation_effectiveness",
      expr: `avg by (${OPERATOR}) (validator_attestation_effectiveness)`,
    },
    {
      record: "validator_inclusion_distance",
      expr: `${median(VALIDATOR, increase("ethstake_validator_inclusion_distance_sum", hour))}
/
(${median(VALIDATOR, increase("ethstake_validator_inclusion_distance_count", hour))} > 0)`,
    },
    { record: "operator_inclusion_distance", expr: `avg by (${OPERATOR}) (validator_inclusion_distance)` },
    { record: "validator_balance_eth", expr: `${median(VALIDATOR, "ethstake_validator_balance_gwei")} / 1e9` },
    {
      record: "validator_effective_balance_eth",
      expr: `${median(VALIDATOR, "ethstake_validator_effective_balance_gwei")} / 1e9`,
    },
    // The balance's change over a day and what was withdrawn meanwhile. Nothing for a validator's first day, where a deposit would count.
    {
      record: "validator_daily_earnings_eth",
      expr: `${median(
        VALIDATOR,
        `ethstake_validator_balance_gwei - ethstake_validator_balance_gwei offset ${day} + ${increase("ethstake_validator_withdrawn_gwei_total", day)}`,
      )} / 1e9`,
    },
    { record: "operator_daily_earnings_eth", expr: `sum by (${OPERATOR}) (validator_daily_earnings_eth)` },
    { record: "validator_in_sync_committee", expr: median(VALIDATOR, "ethstake_validator_sync_committee") },
    {
      record: "validator_next_proposal_seconds",
      expr: `(
  ${median(VALIDATOR, "ethstake_validator_next_proposal_slot > 0")}
  - on (${STACK}) group_left ()
  ${median(STACK, "ethstake_chain_current_slot")}
)
* on (${STACK}) group_left ()
${median(STACK, "ethstake_chain_seconds_per_slot")}`,
    },
    {
      record: "validator_fee_recipient_mismatch",
      expr: median(VALIDATOR, "ethstake_validator_fee_recipient_mismatch"),
    },
    // A key whose attestations differ is on duty twice; on_duty is what two validator clients of ours say themselves.
    {
      record: "validator_key_nodes",
      expr: `count by (${STACK}, key) (count by (${STACK}, key, host, node) (validator_client_key_on_duty))`,
    },
  ];
}

/** Everything that may end in a slashing, by operator and reason: 0 or 1. */
export function slashingRules(timing: Timing): RecordingRule[] {
  const day = timing.chain("1d");
  const hour = timing.chain("1h");
  const record = "validator_slashing_risk_detected";
  // Increases are of each keeper; the sharpest decides here: a false alarm costs a look, a missed one costs stake.
  return [
    {
      record,
      labels: { reason: "slashed" },
      expr: `max by (${OPERATOR}) (ethstake_validator_slashed) > bool 0`,
    },
    {
      record,
      labels: { reason: "double_vote" },
      expr: `max by (${OPERATOR}) (increase(ethstake_operator_duplicate_attestations_total[${day}])) > bool 0`,
    },
    {
      record,
      labels: { reason: "signing_refused" },
      expr: `max by (${OPERATOR}) (increase(validator_client_signings_refused_total[${hour}])) > bool 0`,
    },
    {
      record,
      labels: { reason: "key_on_two_nodes" },
      expr: `max by (${OPERATOR}) (
  count by (${OPERATOR}, key) (count by (${OPERATOR}, key, host, node) (validator_client_key_on_duty))
) > bool 1`,
    },
  ];
}

/** The protocol and the chain, one value a stack. */
export function protocolRules(timing: Timing): RecordingRule[] {
  const plain = (record: string, metric: string, labels = STACK): RecordingRule => ({
    record,
    expr: median(labels, metric),
  });
  return [
    plain("protocol_pooled_eth", "ethstake_protocol_pooled_ether"),
    plain("protocol_share_price_eth", "ethstake_protocol_share_price_ether"),
    plain("protocol_queue_eth", "ethstake_protocol_queue_open_ether"),
    plain("protocol_coverage_fund_eth", "ethstake_protocol_coverage_fund_ether"),
    plain("protocol_report_overdue_seconds", "ethstake_protocol_report_overdue_seconds"),
    plain("protocol_paused", "ethstake_protocol_paused", `${STACK}, contract`),
    {
      record: "protocol_stake_cap_used",
      expr: `${median(STACK, "ethstake_protocol_pooled_ether")} / (${median(STACK, "ethstake_protocol_stake_cap_ether")} > 0)`,
    },
    {
      record: "protocol_queue_oldest_seconds",
      expr: `time() - (${median(STACK, "ethstake_protocol_queue_oldest_request_timestamp_seconds")} != 0)`,
    },
    {
      record: "protocol_apr",
      expr: `(
  ${median(STACK, "ethstake_protocol_share_price_ether")}
  / ${median(STACK, `ethstake_protocol_share_price_ether offset ${timing.chain("7d")}`)}
  - 1
) * ${(365 * 86_400) / Math.max(timing.chainSeconds("7d"), 2 * timing.epochSeconds, 4 * timing.scrapeSeconds)}`,
    },
    plain("operator_bond_eth", "ethstake_operator_bond_ether", OPERATOR),
    plain("operator_bond_required_eth", "ethstake_operator_bond_required_ether", OPERATOR),
    plain("chain_head_slot", "ethstake_chain_head_slot"),
    {
      record: "chain_current_epoch",
      expr: `floor(${median(STACK, "ethstake_chain_current_slot / ethstake_chain_slots_per_epoch")})`,
    },
    {
      record: "chain_finality_delay_epochs",
      expr: median(
        STACK,
        "floor(ethstake_chain_current_slot / ethstake_chain_slots_per_epoch) - ethstake_chain_finalized_epoch",
      ),
    },
    {
      record: "chain_next_fork_seconds",
      expr: `(
  ${median(`${STACK}, fork`, "ethstake_chain_next_fork_epoch")}
  - on (${STACK}) group_left () chain_current_epoch
)
* on (${STACK}) group_left ()
${median(STACK, "ethstake_chain_slots_per_epoch * ethstake_chain_seconds_per_slot")}`,
    },
  ];
}
