import { course, keepers, OPERATOR_LABELS, STACK_LABELS } from "./fixtures.ts";
import { median, OPERATOR, STACK } from "./labels.ts";
import type { Timing } from "./timing.ts";
import type { Alert } from "./types.ts";

const operator = { ...STACK_LABELS, operator: "acme" };

/** Alerts about the contracts and the chain they are on. */
export function protocolAlerts(timing: Timing): Alert[] {
  const day = timing.chain("1d");
  const waits = (name: string, days: number, severity: "warn" | "page"): Alert => ({
    name,
    expr: `protocol_queue_oldest_seconds > ${timing.chainSeconds(`${days}d`)}`,
    for: timing.hold("10m"),
    severity,
    summary: `The oldest withdrawal of {{ $labels.stack }} waits for more than ${days} days`,
    description: `The oldest open request of {{ $labels.stack }} has waited for {{ $value | humanizeDuration }}; seven days are promised.`,
    runbook:
      severity === "warn"
        ? {
            means: "the queue is slower than usual and comes near what is promised (1 to 7 days).",
            look: "dashboard *Protocol*: open requests against buffered ether and the withdrawal vault; ReportOverdue; validators that are exiting.",
            act: "if ether is missing, the exits loop must have asked operators: `ethstake_operator_requested_exits`. The beacon chain's exit queue can be long by itself.",
          }
        : {
            means: "the promise to stakers is broken.",
            look: "as WithdrawalQueueSlow; is anything paused?",
            act: "trigger exits (EIP-7002, `EXIT_ROLE`) for operators that are late, and tell stakers the date that the exit queue gives.",
          },
    test: {
      // Tests begin at the epoch of Unix time, so requests are from before it.
      input: keepers(
        "ethstake_protocol_queue_oldest_request_timestamp_seconds",
        {},
        `0x4 ${-days * 86_400}x15 -3600x10`,
      ),
      checks: course("14m", "17m", [{ labels: STACK_LABELS, shown: `${days}d 0h 17m 0s` }], "25m"),
    },
  });
  return [
    {
      name: "ProtocolPaused",
      expr: "protocol_paused > 0",
      severity: "page",
      summary: "{{ $labels.contract }} of {{ $labels.stack }} is paused",
      description: "{{ $labels.contract }} ({{ $labels.stack }}) is paused.",
      runbook: {
        means: "a guardian or governance has paused the contract. Pauses of guardians end by themselves.",
        look: "the transaction that paused it, and who sent it.",
        act: "if nobody of yours did it on purpose, treat it as an incident: find out before anything is resumed. docs/THREAT_MODEL.md says who can resume.",
      },
      test: {
        input: keepers("ethstake_protocol_paused", { contract: "StakingPool" }, "0x4 1x5 0x10"),
        checks: course("4m", "7m", [{ labels: { ...STACK_LABELS, contract: "StakingPool" } }], "12m"),
      },
    },
    waits("WithdrawalQueueSlow", 5, "warn"),
    waits("WithdrawalQueueOverdue", 7, "page"),
    {
      name: "CoverageFundLow",
      expr: "protocol_coverage_fund_eth / (protocol_pooled_eth > 0) < 0.0005",
      for: timing.hold("1h"),
      severity: "warn",
      summary: "The coverage fund of {{ $labels.stack }} is small",
      description:
        "The coverage fund of {{ $labels.stack }} covers {{ $value | humanizePercentage }} of the pool; below 0.05 % a slashed validator is likely to cost stakers.",
      runbook: {
        means: "losses beyond the operator's bond come from this fund first, then from all stakers.",
        look: "dashboard *Protocol*: the fund over time. Was it spent (a slashing), or did the pool grow faster?",
        act: "the treasury can pay into it; docs/ECONOMICS.md, *The coverage fund*.",
      },
      test: {
        input: [
          ...keepers("ethstake_protocol_coverage_fund_ether", {}, "10x10 1x90 10x20"),
          ...keepers("ethstake_protocol_pooled_ether", {}, "6400x120"),
        ],
        checks: course("1h", "90m", [{ labels: STACK_LABELS, shown: "0.01562%" }], "110m"),
      },
    },
    {
      name: "StakeCapNear",
      expr: "protocol_stake_cap_used > 0.95",
      for: timing.hold("10m"),
      severity: "info",
      summary: "{{ $labels.stack }} is nearly at its stake cap",
      description:
        "{{ $labels.stack }} holds {{ $value | humanizePercentage }} of what its cap allows; at the cap staking is closed.",
      runbook: {
        means: "`stakeCap` is about to close staking. Withdrawals are not touched.",
        look: "dashboard *Protocol*: growth per day.",
        act: "raise `stakeCap` by governance (at most fivefold, once in 7 days), or let it close.",
      },
      test: {
        input: [
          ...keepers("ethstake_protocol_pooled_ether", {}, "20000x4 31000x20 20000x10"),
          ...keepers("ethstake_protocol_stake_cap_ether", {}, "32000x40"),
        ],
        checks: course("10m", "20m", [{ labels: STACK_LABELS, shown: "96.88%" }], "30m"),
      },
    },
    {
      name: "SharePriceFell",
      expr: `1 - protocol_share_price_eth / (protocol_share_price_eth offset ${day}) > 0.00001`,
      severity: "page",
      summary: "The share price of {{ $labels.stack }} fell",
      description: "A share of {{ $labels.stack }} is worth {{ $value | humanizePercentage }} less than a day ago.",
      runbook: {
        means: "the pool lost ether that no bond and no coverage fund paid: stakers have less.",
        look: "the last report's events; ValidatorSlashed, OperatorOffline; do the keepers agree (KeeperMemberDissent)?",
        act: "check the report against a beacon node of your own. If it is false: pause, see KeeperOutvoted. If it is true: tell stakers.",
      },
      test: {
        interval: "1h",
        input: keepers("ethstake_protocol_share_price_ether", {}, "1.05x30 1.0395x60"),
        checks: course("30h", "40h", [{ labels: STACK_LABELS, shown: "1%" }], "60h"),
      },
    },
    {
      name: "BondBelowRequirement",
      expr: "operator_bond_eth < operator_bond_required_eth",
      for: timing.hold("10m"),
      severity: "warn",
      summary: "The bond of {{ $labels.operator }} is below what its keys need",
      description:
        '{{ $labels.operator }} ({{ $labels.stack }}) has {{ $value | printf "%.2f" }} ether of bond, less than required for its keys.',
      runbook: {
        means:
          "a penalty or a loss was taken from the bond, or the requirement was raised. No further keys are deposited for this operator.",
        look: "`ethstake_operator_bond_required_ether`; the penalties of the operator (docs/SLA_ENFORCEMENT.md).",
        act: "the operator tops up its bond. If it does not, ask for exits of as many keys as are not covered.",
      },
      test: {
        input: [
          ...keepers("ethstake_operator_bond_ether", OPERATOR_LABELS, "15x4 14.5x20 16x10"),
          ...keepers("ethstake_operator_bond_required_ether", OPERATOR_LABELS, "15x40"),
        ],
        checks: course("10m", "20m", [{ labels: operator, shown: "14.50" }], "30m"),
      },
    },
    {
      name: "PenaltyPending",
      expr: `${median(OPERATOR, "ethstake_operator_penalty_pending")} > 0`,
      severity: "warn",
      summary: "A penalty of {{ $labels.operator }} waits for its appeal window",
      description:
        "A penalty against {{ $labels.operator }} ({{ $labels.stack }}) is reported and can still be dismissed.",
      runbook: {
        means: "the committee reported downtime. After the appeal window (3 days) anyone can execute it.",
        look: "numbers of the report against `ethstake_operator_window_*` and against the operator's own; UptimeDisagreement.",
        act: "if it is right, nothing. If it is wrong, the arbiter dismisses it with published reasons before the window ends.",
      },
      test: {
        input: keepers("ethstake_operator_penalty_pending", OPERATOR_LABELS, "0x4 1x5 0x10"),
        checks: course("4m", "7m", [{ labels: operator }], "12m"),
      },
    },
    {
      name: "OperatorSuspended",
      expr: `${median(OPERATOR, "ethstake_operator_suspended")} > 0`,
      severity: "warn",
      summary: "Operator {{ $labels.operator }} is suspended",
      description: "{{ $labels.operator }} ({{ $labels.stack }}) gets no new keys and no ether for keys that wait.",
      runbook: {
        means: "three breaches within 12 windows, or a decision of governance.",
        look: "`ethstake_operator_breaches`.",
        act: "`OPERATOR_MANAGER_ROLE` lets it go on when the cause is gone. Its validators run on meanwhile.",
      },
      test: {
        input: keepers("ethstake_operator_suspended", OPERATOR_LABELS, "0x4 1x5 0x10"),
        checks: course("4m", "7m", [{ labels: operator }], "12m"),
      },
    },
    {
      name: "OperatorKeysUnusable",
      expr: `${median(`${OPERATOR}, state`, 'ethstake_operator_keys{state=~"invalid|stuck"}')} > 0`,
      for: timing.hold("10m"),
      severity: "warn",
      summary: "{{ $labels.operator }} has keys that are {{ $labels.state }}",
      description: "{{ $value }} keys of {{ $labels.operator }} ({{ $labels.stack }}) are {{ $labels.state }}.",
      runbook: {
        means:
          "`invalid`: deposit signature or withdrawal credentials are not the protocol's; never deposited to. `stuck`: asked to exit and still there.",
        look: "`npm run keys -- list`, the registry's keys.",
        act: "invalid: remove and register them anew. stuck: ask the operator, then EIP-7002.",
      },
      test: {
        input: keepers("ethstake_operator_keys", { ...OPERATOR_LABELS, state: "invalid" }, "0x4 2x20 0x10"),
        checks: course("10m", "20m", [{ labels: { ...operator, state: "invalid" }, shown: "2" }], "30m"),
      },
    },
    {
      name: "ExitsOverdue",
      expr: `${median(OPERATOR, "ethstake_operator_requested_exits")} > 0`,
      for: timing.chain("3d"),
      severity: "warn",
      summary: "{{ $labels.operator }} has not exited what it was asked to",
      description:
        "{{ $value }} exits asked of {{ $labels.operator }} ({{ $labels.stack }}) have been open for three days.",
      runbook: {
        means: "the protocol needs ether of exits, and the operator has not sent them.",
        look: "the exits loop of the keepers: it triggers them itself when they are late enough.",
        act: "ask the operator; `npm run keys -- exit` on its side. See that the EIP-7002 fee is affordable.",
      },
      test: {
        interval: "1h",
        input: keepers("ethstake_operator_requested_exits", OPERATOR_LABELS, "0x4 3x80 0x10"),
        checks: course("70h", "80h", [{ labels: operator, shown: "3" }], "90h"),
      },
    },
    {
      name: "DepositsStalled",
      expr: `min_over_time((${median(STACK, "ethstake_protocol_depositable_ether")})[${day}:${timing.hold("10m")}]) >= 32`,
      severity: "warn",
      summary: "Ether of {{ $labels.stack }} lies idle",
      description:
        'For a day at least {{ $value | printf "%.0f" }} ether of {{ $labels.stack }} could have been deposited.',
      runbook: {
        means: "the pool has ether for a validator or more and nobody deposits it: it earns nothing.",
        look: 'keys that can be used (`ethstake_operator_keys{state="vetted"}` against `taken`), bonds, suspended operators; the deposits loop\'s log: it waits while gas is dear.',
        act: "operators add keys; or raise the gas price that the deposits loop accepts.",
      },
      test: {
        interval: "1h",
        input: keepers("ethstake_protocol_depositable_ether", {}, "0x4 96x40 0x10"),
        checks: course("20h", "40h", [{ labels: STACK_LABELS, shown: "96" }], "50h"),
      },
    },
    {
      name: "FinalityDelayed",
      expr: "chain_finality_delay_epochs > 4",
      for: timing.hold("5m"),
      severity: "page",
      summary: "The chain of {{ $labels.stack }} does not finalise",
      description: "The last finalised epoch of {{ $labels.network }} is {{ $value }} epochs back; 2 is normal.",
      runbook: {
        means: "less than two thirds of the network's stake attests, or our beacon nodes are on a minority fork.",
        look: "a public explorer: does it see the same finalised epoch? If not, our nodes are wrong.",
        act: "network-wide: nothing, no reports are made meanwhile. Only ours: another client is right, see [Failover](#failover); do not restart a validator client before the fork is clear.",
      },
      test: {
        input: [
          ...keepers("ethstake_chain_current_slot", {}, "3200+5x40"),
          ...keepers("ethstake_chain_slots_per_epoch", {}, "32x40"),
          ...keepers("ethstake_chain_finalized_epoch", {}, "98x30 102x10"),
        ],
        checks: course("22m", "26m", [{ labels: STACK_LABELS, shown: "6" }], "35m"),
      },
    },
  ];
}
