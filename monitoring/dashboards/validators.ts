import type { Board } from "./panels.ts";
import { dashboard, greenFrom, labelVariable, lines, numbers, redFrom, table } from "./panels.ts";

const STACK = labelVariable("stack", "label_values(up, stack)");
const OPERATOR = labelVariable("operator", 'label_values(operator_uptime{stack=~"$stack"}, operator)');
const BY = '{stack=~"$stack",operator=~"$operator"}';

/** Uptime, effectiveness and earnings. */
export function validatorUptime(): Board {
  return dashboard({
    uid: "ethstake-validator-uptime",
    title: "Validator uptime",
    description: "Attestations as the chain has them (finalised epochs, two epochs late), by the keepers' median.",
    variables: [STACK, OPERATOR],
    rows: [
      {
        title: "Service level",
        panels: [
          numbers({
            title: "Uptime, last hour",
            queries: [{ expr: `operator_uptime${BY}`, legend: "{{operator}}" }],
            unit: "percentunit",
            decimals: 2,
            thresholds: greenFrom(0.997),
          }),
          numbers({
            title: "Uptime, last day",
            queries: [{ expr: `operator_uptime_day${BY}`, legend: "{{operator}}" }],
            unit: "percentunit",
            decimals: 2,
            thresholds: greenFrom(0.997),
          }),
          numbers({
            title: "Uptime, present window",
            queries: [{ expr: `operator_uptime_window${BY}`, legend: "{{operator}}" }],
            unit: "percentunit",
            decimals: 3,
            thresholds: greenFrom(0.997),
          }),
          numbers({
            title: "Allowance used",
            description: "Misses of the present window, of those that are free. Above 100 % the bond is charged.",
            queries: [{ expr: `operator_allowance_used${BY}`, legend: "{{operator}}" }],
            unit: "percentunit",
            decimals: 0,
            thresholds: redFrom(1),
          }),
          lines({
            title: "Uptime by operator (1 h)",
            queries: [{ expr: `operator_uptime${BY}`, legend: "{{operator}}" }],
            unit: "percentunit",
          }),
          lines({
            title: "Ten validators with the lowest uptime (1 h)",
            queries: [{ expr: `bottomk(10, validator_uptime${BY})`, legend: "{{operator}} {{validator_index}}" }],
            unit: "percentunit",
          }),
        ],
      },
      {
        title: "Attestations",
        panels: [
          lines({
            title: "Effectiveness",
            description: "Share of what timely source, target and head votes pay.",
            queries: [{ expr: `operator_attestation_effectiveness${BY}`, legend: "{{operator}}" }],
            unit: "percentunit",
            span: 8,
          }),
          lines({
            title: "Inclusion distance (slots)",
            queries: [{ expr: `operator_inclusion_distance${BY}`, legend: "{{operator}}" }],
            span: 8,
          }),
          lines({
            title: "Missed per hour",
            queries: [
              {
                expr: `sum by (operator) (quantile by (operator, pubkey) (0.5, increase(validator_attestations_missed${BY}[1h])))`,
                legend: "{{operator}}",
              },
            ],
            span: 8,
          }),
          lines({
            title: "Sent by the validator clients, a minute",
            description: "What the clients say themselves: compare with what the chain has.",
            queries: [
              {
                expr: `60 * sum by (node, client) (rate(validator_client_attestations_total${BY}[$__rate_interval]))`,
                legend: "{{node}} {{client}}",
              },
            ],
          }),
          lines({
            title: "Failed at the validator clients, a minute",
            queries: [
              {
                expr: `60 * sum by (node, client) (rate(validator_client_attestations_failed_total${BY}[$__rate_interval]))`,
                legend: "{{node}} {{client}}",
              },
            ],
          }),
        ],
      },
      {
        title: "Balances",
        panels: [
          lines({
            title: "Earnings of the last day",
            description: "Consensus rewards only; a validator counts from its second day on.",
            queries: [{ expr: `operator_daily_earnings_eth${BY}`, legend: "{{operator}}" }],
            unit: "short",
            decimals: 5,
          }),
          lines({
            title: "Balance",
            queries: [{ expr: `sum by (operator) (validator_balance_eth${BY})`, legend: "{{operator}}" }],
            unit: "short",
          }),
          table({
            title: "Validators",
            queries: [
              { expr: `validator_uptime${BY}`, legend: "uptime 1 h" },
              { expr: `validator_attestation_effectiveness${BY}`, legend: "effectiveness" },
              { expr: `validator_balance_eth${BY}`, legend: "balance" },
              { expr: `validator_daily_earnings_eth${BY}`, legend: "earned, 1 d" },
            ],
            decimals: 4,
            height: 12,
          }),
        ],
      },
    ],
  });
}

/** Proposals, mev-boost and what comes next. */
export function blockProposals(): Board {
  return dashboard({
    uid: "ethstake-block-proposals",
    title: "Block proposals",
    description: "Proposals as the chain has them, what clients and relays say of them, and duties to come.",
    variables: [STACK, OPERATOR],
    rows: [
      {
        title: "Proposals",
        panels: [
          numbers({
            title: "Proposed in the range",
            queries: [
              {
                expr: `sum by (operator) (quantile by (operator, pubkey) (0.5, increase(validator_block_proposals_total${BY}[$__range]) - increase(validator_block_proposals_missed${BY}[$__range])))`,
                legend: "{{operator}}",
              },
            ],
            decimals: 0,
          }),
          numbers({
            title: "Missed in the range",
            queries: [
              {
                expr: `sum by (operator) (quantile by (operator, pubkey) (0.5, increase(validator_block_proposals_missed${BY}[$__range])))`,
                legend: "{{operator}}",
              },
            ],
            decimals: 0,
            thresholds: redFrom(1),
          }),
          numbers({
            title: "Next proposal",
            queries: [{ expr: `min by (operator) (validator_next_proposal_seconds${BY})`, legend: "{{operator}}" }],
            unit: "s",
          }),
          numbers({
            title: "In the sync committee",
            queries: [{ expr: `sum by (operator) (validator_in_sync_committee${BY})`, legend: "{{operator}}" }],
          }),
          lines({
            title: "Published by the validator clients",
            queries: [
              {
                expr: `sum by (node, client) (increase(validator_client_blocks_total${BY}[1h]))`,
                legend: "{{node}} {{client}}",
              },
            ],
          }),
          lines({
            title: "Failed at the validator clients",
            queries: [
              {
                expr: `sum by (node, client) (increase(validator_client_blocks_failed_total${BY}[1h]))`,
                legend: "{{node}} {{client}}",
              },
            ],
          }),
          table({
            title: "Duties to come",
            queries: [{ expr: `validator_next_proposal_seconds${BY}`, legend: "seconds" }],
          }),
        ],
      },
      {
        title: "mev-boost",
        panels: [
          lines({
            title: "Answers of relays by status",
            queries: [
              {
                expr: `sum by (relay, http_status_code) (rate(mev_boost_relay_status_code_total${BY}[$__rate_interval]))`,
                legend: "{{relay}} {{http_status_code}}",
              },
            ],
          }),
          lines({
            title: "Latency of relays (95th percentile)",
            queries: [
              {
                expr: `histogram_quantile(0.95, sum by (relay, le) (rate(mev_boost_relay_latency_bucket${BY}[$__rate_interval])))`,
                legend: "{{relay}}",
              },
            ],
            unit: "ms",
          }),
        ],
      },
    ],
  });
}

/** Everything that may end in a slashing. */
export function slashingRisk(): Board {
  return dashboard({
    uid: "ethstake-slashing-risk",
    title: "Slashing risk",
    description: "Slashings, double votes on the chain, signatures that were refused, and keys at two places.",
    variables: [STACK, OPERATOR],
    rows: [
      {
        title: "Risk",
        panels: [
          numbers({
            title: "Detected",
            queries: [
              {
                expr: `max by (operator, reason) (validator_slashing_risk_detected${BY})`,
                legend: "{{operator}} {{reason}}",
              },
            ],
            thresholds: redFrom(1),
            span: 24,
          }),
          lines({
            title: "Signatures refused",
            description: "By slashing protection of Lighthouse, Lodestar and Web3Signer.",
            queries: [
              {
                expr: `sum by (node, client) (increase(validator_client_signings_refused_total${BY}[1h]))`,
                legend: "{{node}} {{client}}",
              },
            ],
          }),
          lines({
            title: "Contradicting attestations on the chain",
            queries: [
              {
                expr: `max by (operator) (increase(ethstake_operator_duplicate_attestations_total${BY}[1h]))`,
                legend: "{{operator}}",
              },
            ],
          }),
          table({
            title: "Keys at more than one node",
            queries: [{ expr: 'validator_key_nodes{stack=~"$stack"} > 1', legend: "nodes" }],
            span: 12,
          }),
          table({
            title: "Fee recipients that are not the protocol's",
            queries: [{ expr: `validator_fee_recipient_mismatch${BY} > 0`, legend: "mismatch" }],
            span: 12,
          }),
        ],
      },
      {
        title: "Web3Signer",
        panels: [
          lines({
            title: "Signatures allowed, a second",
            queries: [
              {
                expr: `sum by (node) (rate(eth2_slashingprotection_permitted_signings_total${BY}[$__rate_interval]))`,
                legend: "{{node}}",
              },
            ],
            span: 8,
          }),
          lines({
            title: "Time of a check in the database",
            queries: [
              {
                expr: `sum by (node) (rate(eth2_slashingprotection_database_duration_sum${BY}[$__rate_interval])) / sum by (node) (rate(eth2_slashingprotection_database_duration_count${BY}[$__rate_interval]))`,
                legend: "{{node}}",
              },
            ],
            unit: "s",
            span: 8,
          }),
          lines({
            title: "Keys loaded",
            queries: [
              { expr: `signing_signers_loaded_count${BY}`, legend: "{{node}}" },
              { expr: `validator_client_keys${BY}`, legend: "{{node}} validator client" },
            ],
            span: 8,
          }),
        ],
      },
    ],
  });
}
