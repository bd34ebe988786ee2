import { course, keeperLabels, keepers, OPERATOR_LABELS, series, STACK_LABELS } from "./fixtures.ts";
import { median, OPERATOR, STACK } from "./labels.ts";
import type { Timing } from "./timing.ts";
import type { Alert } from "./types.ts";

/** Alerts about the keepers themselves and their committee. */
export function keeperAlerts(timing: Timing): Alert[] {
  const half = timing.range("30m");
  return [
    {
      name: "KeeperDown",
      expr: 'up{job="keeper"} == 0',
      for: timing.hold("5m"),
      severity: "warn",
      summary: "Keeper {{ $labels.instance }} does not answer",
      description: "The keeper at {{ $labels.instance }} ({{ $labels.stack }}) has not been scraped for five minutes.",
      runbook: {
        means: "the process is gone, hangs, or cannot be reached.",
        look: "`docker compose ps` and logs of the keeper on its host; TargetDown of others on the same host.",
        act: "start it again: it keeps no state and takes up what is due. The committee works while a quorum is up.",
      },
      test: {
        input: [series("up", keeperLabels(1), "1x4 0x10 1x10"), series("up", keeperLabels(2), "1x25")],
        checks: course("8m", "12m", [{ labels: keeperLabels(1) }], "17m"),
      },
    },
    {
      name: "KeeperQuorumAtRisk",
      expr: `sum by (${STACK}) (up{job="keeper"}) / count by (${STACK}) (up{job="keeper"}) < 0.67`,
      for: timing.hold("5m"),
      severity: "page",
      summary: "Too few keepers of {{ $labels.stack }} are up",
      description:
        "Only {{ $value | humanizePercentage }} of the keepers of {{ $labels.stack }} answer: reports, penalties and exits may find no quorum.",
      runbook: {
        means:
          "less than two thirds of the keepers that this Prometheus watches are up. Members elsewhere are not counted.",
        look: "KeeperDown; what the keepers have in common: host, RPC endpoint, release.",
        act: "bring them back one by one; nothing is lost, frames are reported late.",
      },
      test: {
        input: [
          series("up", keeperLabels(1), "1x4 0x10 1x10"),
          series("up", keeperLabels(2), "1x4 0x10 1x10"),
          series("up", keeperLabels(3), "1x25"),
        ],
        checks: course("8m", "12m", [{ labels: STACK_LABELS, shown: "33.33%" }], "17m"),
      },
    },
    {
      name: "KeeperLoopFailing",
      expr: `sum by (${STACK}, instance, loop) (increase(ethstake_keeper_loop_runs_total{outcome="failed"}[${half}]))
/
sum by (${STACK}, instance, loop) (increase(ethstake_keeper_loop_runs_total[${half}]))
> 0.5`,
      for: timing.hold("10m"),
      severity: "warn",
      summary: "Loop {{ $labels.loop }} of keeper {{ $labels.instance }} fails",
      description:
        "{{ $value | humanizePercentage }} of the runs of loop {{ $labels.loop }} at {{ $labels.instance }} ({{ $labels.stack }}) failed within half an hour.",
      runbook: {
        means: "most runs of one loop end with an error; the others go on.",
        look: "the keeper's log (`loop` and error code are in each line); its RPC and beacon endpoints.",
        act: "what the code says in the table above. `BEACON_API`, `CHAIN_UNREACHABLE`: the node that it reads from.",
      },
      test: {
        input: [
          series(
            "ethstake_keeper_loop_runs_total",
            { ...keeperLabels(1), loop: "sla", outcome: "idle" },
            "0+1x20 20x40 20+1x60",
          ),
          series(
            "ethstake_keeper_loop_runs_total",
            { ...keeperLabels(1), loop: "sla", outcome: "failed" },
            "0x20 0+1x40 40x60",
          ),
          series(
            "ethstake_keeper_loop_runs_total",
            { ...keeperLabels(1), loop: "reports", outcome: "acted" },
            "0+1x120",
          ),
        ],
        checks: course(
          "40m",
          "59m",
          [{ labels: { ...STACK_LABELS, instance: "10.8.0.11:9400", loop: "sla" }, shown: "100%" }],
          "110m",
        ),
      },
    },
    {
      name: "KeeperLoopStale",
      expr: `time() - ethstake_keeper_loop_last_success_timestamp_seconds > ${timing.chainSeconds("1h")}`,
      for: timing.hold("5m"),
      severity: "page",
      summary: "Loop {{ $labels.loop }} of keeper {{ $labels.instance }} has stopped",
      description:
        "Loop {{ $labels.loop }} at {{ $labels.instance }} ({{ $labels.stack }}) had its last success {{ $value | humanizeDuration }} ago.",
      runbook: {
        means: "the loop has not once got through for an hour: it fails each time, or it hangs.",
        look: "`ethstake_keeper_loop_runs_total` of the loop: if it does not grow, the loop hangs. The log's last line of it.",
        act: "restart the keeper; safe at any moment. If it hangs again, keep the log and look at the endpoint that it waits for.",
      },
      test: {
        interval: "5m",
        // The clock of tests begins in 1970: the last success is at zero, until there is another.
        input: [
          series(
            "ethstake_keeper_loop_last_success_timestamp_seconds",
            { ...keeperLabels(1), loop: "reports" },
            "0x16 5100x10",
          ),
          series(
            "ethstake_keeper_loop_last_success_timestamp_seconds",
            { ...keeperLabels(2), loop: "reports" },
            "0+300x26",
          ),
        ],
        checks: course("65m", "80m", [{ labels: { ...keeperLabels(1), loop: "reports" }, shown: "1h 20m 0s" }], "100m"),
      },
    },
    {
      name: "KeeperMemberDissent",
      expr: `avg by (${STACK}, lane, member) (ethstake_keeper_member_dissent) > 0.5`,
      // A vote that was on its way when the next frame became due is followed by one on that frame.
      for: timing.hold("1m"),
      severity: "page",
      summary: "Member {{ $labels.member }} votes otherwise in lane {{ $labels.lane }}",
      description:
        "{{ $value | humanizePercentage }} of our keepers compute another statement than member {{ $labels.member }} voted for in lane {{ $labels.lane }} ({{ $labels.stack }}).",
      runbook: {
        means:
          "more than half of the keepers contradict this member: it lies, it is on another fork, or its software is wrong. A single liar accuses all others and is not believed.",
        look: "the member's vote on the chain (ReportConsensus) against the statement in the log of a keeper; versions (`ethstake_keeper_info`).",
        act: "ask the member's operator. If it cannot explain, take it out of the committee by governance. While the others form a quorum nothing wrong is settled.",
      },
      test: {
        input: [
          // The third keeper is the liar: it accuses the others. Of another a vote was late.
          series(
            "ethstake_keeper_member_dissent",
            { ...keeperLabels(1), lane: "report", member: "0xc3" },
            "0x4 1x10 0x5",
          ),
          series(
            "ethstake_keeper_member_dissent",
            { ...keeperLabels(2), lane: "report", member: "0xc3" },
            "0x4 1x10 0x5",
          ),
          series("ethstake_keeper_member_dissent", { ...keeperLabels(3), lane: "report", member: "0xc3" }, "0x20"),
          series(
            "ethstake_keeper_member_dissent",
            { ...keeperLabels(1), lane: "report", member: "0xc2" },
            "0x9 1x0 0x9",
          ),
          series(
            "ethstake_keeper_member_dissent",
            { ...keeperLabels(2), lane: "report", member: "0xc2" },
            "0x9 1x0 0x9",
          ),
          series(
            "ethstake_keeper_member_dissent",
            { ...keeperLabels(3), lane: "report", member: "0xc2" },
            "0x4 1x10 0x5",
          ),
        ],
        checks: course(
          "5m",
          "10m",
          [{ labels: { ...STACK_LABELS, lane: "report", member: "0xc3" }, shown: "66.67%" }],
          "17m",
        ),
      },
    },
    {
      name: "KeeperOutvoted",
      expr: "ethstake_keeper_outvoted > 0",
      severity: "page",
      summary: "Keeper {{ $labels.instance }} is outvoted in lane {{ $labels.lane }}",
      description:
        "A quorum agreed on something else than {{ $labels.instance }} ({{ $labels.stack }}) computed, lane {{ $labels.lane }}.",
      runbook: {
        means: "either this keeper is wrong, or the quorum is: then a false statement is about to be settled.",
        look: "do the other keepers of ours say the same? Statement of the quorum against a beacon node that nobody of the committee runs.",
        act: "if ours is wrong: its beacon node and version. If the quorum is: pause (`GUARDIAN`), and for penalties dismiss within the appeal window.",
      },
      test: {
        input: [series("ethstake_keeper_outvoted", { ...keeperLabels(1), lane: "service_level" }, "0x4 1x5 0x10")],
        checks: course("4m", "7m", [{ labels: { ...keeperLabels(1), lane: "service_level" } }], "12m"),
      },
    },
    {
      name: "ReportOverdue",
      expr: `protocol_report_overdue_seconds > ${timing.chainSeconds("2h")}`,
      for: timing.hold("5m"),
      severity: "page",
      summary: "The report of {{ $labels.stack }} is overdue",
      description:
        "The due frame of {{ $labels.stack }} is {{ $value | humanizeDuration }} late. Meanwhile the rate stands still and withdrawals are not finalised.",
      runbook: {
        means: "no quorum has agreed on the frame's report, or nobody settled it.",
        look: 'KeeperQuorumAtRisk, KeeperMemberDissent, KeeperAccountLow, FinalityDelayed; `ethstake_keeper_loop_runs_total{loop="reports"}`.',
        act: "repair what those name. A frame that is late is reported as it was: nothing is lost.",
      },
      test: {
        input: keepers("ethstake_protocol_report_overdue_seconds", {}, "0x4 7260+60x10 0x10"),
        checks: course("8m", "13m", [{ labels: STACK_LABELS, shown: "2h 9m 0s" }], "20m"),
      },
    },
    {
      name: "KeeperAccountLow",
      expr: "ethstake_keeper_account_balance_ether < 0.05",
      for: timing.hold("5m"),
      severity: "warn",
      summary: "The account of keeper {{ $labels.instance }} runs low",
      description:
        'The account of {{ $labels.instance }} ({{ $labels.stack }}) has {{ $value | printf "%.3f" }} ether left for gas.',
      runbook: {
        means: "the account that pays for the keeper's transactions is nearly empty.",
        look: "the address in the keeper's log at its start.",
        act: "send ether to it. It needs about 0.5 ether a month on mainnet at 20 gwei; an empty account votes no more.",
      },
      test: {
        input: [series("ethstake_keeper_account_balance_ether", keeperLabels(1), "0.2x4 0.03x10 1x10")],
        checks: course("8m", "12m", [{ labels: keeperLabels(1), shown: "0.030" }], "17m"),
      },
    },
    {
      name: "KeeperTransactionsRejected",
      expr: `sum by (${STACK}, instance, contract, function) (increase(ethstake_keeper_transactions_total{outcome="rejected"}[${timing.range("1h")}])) > 0`,
      severity: "warn",
      summary: "{{ $labels.contract }} rejects transactions of keeper {{ $labels.instance }}",
      description:
        "{{ $labels.contract }}.{{ $labels.function }} ({{ $labels.stack }}) rejected {{ $value | humanize }} transactions of {{ $labels.instance }} within an hour.",
      runbook: {
        means:
          "a transaction was included and reverted: two keepers were equally quick (harmless), or the contract refuses what the keeper thinks is due.",
        look: "the error's name in the keeper's log.",
        act: "nothing when it is once and the work is done. Else the error says what is missing: a role, a bound, a pause.",
      },
      test: {
        input: [
          series(
            "ethstake_keeper_transactions_total",
            { ...keeperLabels(1), contract: "StakingPool", function: "deposit", outcome: "rejected" },
            "0x9 1x170",
          ),
          series(
            "ethstake_keeper_transactions_total",
            { ...keeperLabels(1), contract: "StakingPool", function: "deposit", outcome: "included" },
            "5x180",
          ),
        ],
        checks: course(
          "9m",
          "15m",
          [
            {
              labels: { ...STACK_LABELS, instance: "10.8.0.11:9400", contract: "StakingPool", function: "deposit" },
              shown: "1",
            },
          ],
          "2h",
        ),
      },
    },
    {
      name: "UptimeDisagreement",
      expr: `${median(OPERATOR, "ethstake_operator_uptime_disagreement_ratio")} > 0.01`,
      for: timing.chain("2h"),
      severity: "warn",
      summary: "Chain and Prometheus disagree about {{ $labels.operator }}",
      description:
        "Uptime of {{ $labels.operator }} ({{ $labels.stack }}) by the chain and by Prometheus differ by {{ $value | humanizePercentage }}. Nothing is charged for the difference.",
      runbook: {
        means:
          "Prometheus has another uptime than the keeper that compared: its counters, or those of the other keepers, lack epochs; or, with a query of your own, the operator's clients say something else than the chain. The SLA goes by the chain alone.",
        look: "beacon nodes of the operator (peers, lag): attestations that are sent and not included. Or keys that are not in the stack's nodes.",
        act: "treat it as a fault of the operator's network until shown otherwise; compare with a third beacon node before arguing about a charge.",
      },
      test: {
        interval: "10m",
        input: keepers("ethstake_operator_uptime_disagreement_ratio", OPERATOR_LABELS, "0.001x6 0.04x20 0.001x10"),
        checks: course("2h", "4h", [{ labels: { ...STACK_LABELS, operator: "acme" }, shown: "4%" }], "5h"),
      },
    },
    {
      name: "KeeperMetricsAbsent",
      expr: `count by (${STACK}) (up{job="keeper"}) unless on (${STACK}) chain_head_slot`,
      for: timing.hold("15m"),
      severity: "page",
      summary: "No keeper of {{ $labels.stack }} shows the chain",
      description:
        "{{ $value }} keepers of {{ $labels.stack }} are configured and none exposes the chain's head: uptime, protocol and slashing alerts are blind.",
      runbook: {
        means: "all alerts that rest on the chain have no data and cannot fire.",
        look: "KeeperDown; the keepers' beacon endpoint; a release with other metric names.",
        act: "bring one keeper back; until then watch the operators by their clients' own metrics.",
      },
      test: {
        input: [
          series("up", keeperLabels(1), "1x40"),
          series("ethstake_chain_head_slot", keeperLabels(1), "9000x4 stale _x20 9300x14"),
        ],
        checks: course("10m", "24m", [{ labels: STACK_LABELS, shown: "1" }], "30m"),
      },
    },
  ];
}
