import type { Board } from "./panels.ts";
import { dashboard, labelVariable, lines, numbers, redFrom, table } from "./panels.ts";

const STACK = labelVariable("stack", "label_values(up, stack)");
const IN_STACK = '{stack=~"$stack"}';

/** A metric of the keepers, as their median. */
function median(metric: string, by = "stack", filter = IN_STACK): string {
  return `quantile by (${by}) (0.5, ethstake_${metric}${filter})`;
}

/** The pool, its queue, its operators. */
export function protocol(): Board {
  const stack = "{{stack}}";
  return dashboard({
    uid: "ethstake-protocol",
    title: "Protocol",
    description: "The contracts as the keepers read them; each number is the median of all keepers.",
    variables: [STACK],
    rows: [
      {
        title: "Pool",
        panels: [
          numbers({
            title: "Pooled ether",
            queries: [{ expr: `protocol_pooled_eth${IN_STACK}`, legend: stack }],
            decimals: 2,
          }),
          numbers({
            title: "Share price",
            queries: [{ expr: `protocol_share_price_eth${IN_STACK}`, legend: stack }],
            decimals: 6,
          }),
          numbers({
            title: "APR of seven days",
            queries: [{ expr: `protocol_apr${IN_STACK}`, legend: stack }],
            unit: "percentunit",
            decimals: 2,
          }),
          numbers({
            title: "Stake cap used",
            queries: [{ expr: `protocol_stake_cap_used${IN_STACK}`, legend: stack }],
            unit: "percentunit",
            thresholds: redFrom(0.95),
          }),
          lines({
            title: "Where the ether is",
            queries: [
              { expr: median("protocol_beacon_ether"), legend: "validators" },
              { expr: median("protocol_buffered_ether"), legend: "buffered" },
              { expr: median("protocol_withdrawal_vault_ether"), legend: "withdrawal vault" },
              { expr: median("protocol_execution_vault_ether"), legend: "execution rewards" },
              { expr: median("protocol_queue_locked_ether"), legend: "locked for claims" },
            ],
          }),
          lines({
            title: "Share price",
            queries: [{ expr: `protocol_share_price_eth${IN_STACK}`, legend: stack }],
            decimals: 6,
          }),
          lines({
            title: "Fees (basis points)",
            queries: [{ expr: median("protocol_fee_bps", "stack, fee"), legend: "{{stack}} {{fee}}" }],
            span: 8,
          }),
          lines({
            title: "Coverage fund",
            queries: [{ expr: `protocol_coverage_fund_eth${IN_STACK}`, legend: stack }],
            span: 8,
          }),
          lines({
            title: "Validators by state",
            queries: [{ expr: median("protocol_validators", "stack, state"), legend: "{{stack}} {{state}}" }],
            span: 8,
          }),
        ],
      },
      {
        title: "Withdrawals and reports",
        panels: [
          lines({
            title: "Open requests",
            queries: [
              { expr: median("protocol_queue_open_requests"), legend: "requests" },
              { expr: `protocol_queue_eth${IN_STACK}`, legend: "ether" },
            ],
            span: 8,
          }),
          lines({
            title: "Wait of the oldest request",
            queries: [{ expr: `protocol_queue_oldest_seconds${IN_STACK}`, legend: stack }],
            unit: "s",
            span: 8,
          }),
          lines({
            title: "Report overdue",
            queries: [{ expr: `protocol_report_overdue_seconds${IN_STACK}`, legend: stack }],
            unit: "s",
            span: 8,
          }),
          numbers({
            title: "Since the last report",
            queries: [{ expr: `time() - ${median("protocol_last_report_timestamp_seconds")}`, legend: stack }],
            unit: "s",
            span: 12,
          }),
          numbers({
            title: "Paused",
            queries: [{ expr: `protocol_paused${IN_STACK}`, legend: "{{contract}}" }],
            thresholds: redFrom(1),
            span: 12,
          }),
        ],
      },
      {
        title: "Operators",
        panels: [
          table({
            title: "Service level and bonds",
            queries: [
              { expr: `operator_uptime_window${IN_STACK}`, legend: "uptime, window" },
              { expr: `operator_allowance_used${IN_STACK}`, legend: "allowance used" },
              { expr: `operator_bond_eth${IN_STACK}`, legend: "bond" },
              { expr: `operator_bond_required_eth${IN_STACK}`, legend: "bond required" },
              {
                expr: median("operator_last_window_penalty_due_ether", "stack, network, operator"),
                legend: "due, last window",
              },
              { expr: median("operator_charged_ether", "stack, network, operator"), legend: "charged, 12 windows" },
              { expr: median("operator_breaches", "stack, network, operator"), legend: "breaches of 12" },
              { expr: median("operator_active_validators", "stack, network, operator"), legend: "validators" },
            ],
            decimals: 4,
            height: 10,
          }),
          lines({
            title: "Charged for the last twelve windows",
            queries: [{ expr: median("operator_charged_ether", "operator"), legend: "{{operator}}" }],
            span: 8,
          }),
          lines({
            title: "Keys",
            queries: [{ expr: median("operator_keys", "operator, state"), legend: "{{operator}} {{state}}" }],
            span: 8,
          }),
          lines({
            title: "Exits asked for",
            queries: [{ expr: median("operator_requested_exits", "operator"), legend: "{{operator}}" }],
            span: 8,
          }),
        ],
      },
    ],
  });
}

/** The keepers and their committee. */
export function keepers(): Board {
  const each = "{{instance}} {{loop}}";
  return dashboard({
    uid: "ethstake-keepers",
    title: "Keepers",
    description: "Loops, votes and accounts of each keeper.",
    variables: [STACK],
    rows: [
      {
        title: "Committee",
        panels: [
          numbers({
            title: "Up",
            queries: [{ expr: 'up{stack=~"$stack",job="keeper"}', legend: "{{instance}}" }],
            thresholds: [
              { value: null, color: "red" },
              { value: 1, color: "green" },
            ],
            span: 12,
          }),
          numbers({
            title: "Outvoted",
            queries: [{ expr: `ethstake_keeper_outvoted${IN_STACK}`, legend: "{{instance}} {{lane}}" }],
            thresholds: redFrom(1),
            span: 12,
          }),
          table({
            title: "Members that vote otherwise",
            queries: [
              {
                expr: `sum by (stack, lane, member) (ethstake_keeper_member_dissent${IN_STACK}) > 0`,
                legend: "keepers that contradict",
              },
            ],
            span: 12,
          }),
          table({
            title: "Releases",
            queries: [{ expr: `ethstake_keeper_info${IN_STACK}`, legend: "info" }],
            span: 12,
          }),
          lines({
            title: "Chain and Prometheus disagree",
            queries: [{ expr: median("operator_uptime_disagreement_ratio", "operator"), legend: "{{operator}}" }],
            unit: "percentunit",
          }),
          lines({
            title: "Account",
            queries: [{ expr: `ethstake_keeper_account_balance_ether${IN_STACK}`, legend: "{{instance}}" }],
          }),
        ],
      },
      {
        title: "Loops",
        panels: [
          lines({
            title: "Runs by outcome, an hour",
            queries: [
              {
                expr: `sum by (loop, outcome) (increase(ethstake_keeper_loop_runs_total${IN_STACK}[1h]))`,
                legend: "{{loop}} {{outcome}}",
              },
            ],
          }),
          lines({
            title: "Since the last success",
            queries: [
              { expr: `time() - ethstake_keeper_loop_last_success_timestamp_seconds${IN_STACK}`, legend: each },
            ],
            unit: "s",
          }),
          lines({
            title: "Duration (95th percentile)",
            queries: [
              {
                expr: `histogram_quantile(0.95, sum by (loop, le) (rate(ethstake_keeper_loop_duration_seconds_bucket${IN_STACK}[$__rate_interval])))`,
                legend: "{{loop}}",
              },
            ],
            unit: "s",
          }),
          lines({
            title: "Transactions, an hour",
            queries: [
              {
                expr: `sum by (contract, function, outcome) (increase(ethstake_keeper_transactions_total${IN_STACK}[1h]))`,
                legend: "{{contract}}.{{function}} {{outcome}}",
              },
            ],
          }),
        ],
      },
    ],
  });
}
