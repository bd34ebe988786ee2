import { course, keepers, OPERATOR_LABELS, series, STACK_LABELS, targetLabels, VALIDATOR_LABELS } from "./fixtures.ts";
import { median, OPERATOR, VALIDATOR } from "./labels.ts";
import type { Timing } from "./timing.ts";
import type { Alert } from "./types.ts";

const operator = { ...STACK_LABELS, operator: "acme" };
const validator = { ...STACK_LABELS, ...VALIDATOR_LABELS };

/** An operator with ten validators: 100 duties in an hour, of which these are missed in each ten minutes. */
function duties(missed: string, assigned = "0+16x60"): ReturnType<typeof keepers> {
  return [
    ...keepers("ethstake_operator_epochs_assigned_total", OPERATOR_LABELS, assigned),
    ...keepers("ethstake_operator_epochs_missed_total", OPERATOR_LABELS, missed),
  ];
}

/** Alerts about what validators do, as the chain has it. */
export function validatorAlerts(timing: Timing): Alert[] {
  const hour = timing.chain("1h");
  return [
    {
      name: "OperatorUptimeBreach",
      expr: "operator_uptime < 0.997",
      for: hour,
      severity: "page",
      summary: "Operator {{ $labels.operator }} has been below the promised 99.7 % for an hour",
      description:
        "Uptime of {{ $labels.operator }} ({{ $labels.stack }}) over the last hour is {{ $value | humanizePercentage }}. Misses beyond 0.3 % of a window of 30 days are charged to its bond.",
      runbook: {
        means:
          "Of its validators' duties in the last hour, the chain lacks more than 0.3 %, and that has gone on for an hour: it is no single miss.",
        look: "dashboard *Validator uptime*: one validator, one node, or all? ConsensusNodeNotSynced, ExecutionNodeLagging, ValidatorClientDown of the same operator.",
        act: "repair the node that the missing validators are on. Never start the keys elsewhere meanwhile; if the node stays dead, [move the keys](#moving-keys). docs/SLA_ENFORCEMENT.md says what it costs.",
      },
      test: {
        interval: "10m",
        // 5 of 160 are missed every ten minutes for two and a half hours.
        input: duties("0x6 5+5x15 80x20"),
        checks: course("2h", "3h", [{ labels: operator, shown: "68.75%" }], "5h"),
      },
    },
    {
      name: "OperatorOffline",
      expr: "operator_uptime < 0.5",
      for: timing.hold("5m"),
      severity: "page",
      summary: "Most validators of {{ $labels.operator }} are offline",
      description:
        "Uptime of {{ $labels.operator }} ({{ $labels.stack }}) over the last hour is {{ $value | humanizePercentage }}.",
      runbook: {
        means:
          "more than half of an operator's duties in the last hour are missing. The chain shows it two epochs late.",
        look: "ValidatorClientDown, HostDown; is the machine there at all?",
        act: "bring the machine or the client back. An outage costs little per hour, two places that sign cost the stake: do not hurry keys to another machine.",
      },
      test: {
        interval: "10m",
        input: duties("0x6 16+16x9 160x20"),
        checks: course("100m", "2h10m", [{ labels: operator, shown: "0%" }], "4h"),
      },
    },
    {
      name: "MissedBlockProposal",
      expr: `${median(OPERATOR, `increase(ethstake_operator_blocks_missed_total[${hour}])`)} > 0`,
      severity: "warn",
      summary: "Operator {{ $labels.operator }} missed a block proposal",
      description:
        "{{ $labels.operator }} ({{ $labels.stack }}) missed {{ $value | humanize }} proposals within the last hour (finalised epochs).",
      runbook: {
        means: "a validator was to propose, and the chain has no block of it.",
        look: "the proposer's slot on dashboard *Block proposals*; logs of validator client, beacon node and mev-boost in that slot. Most often: the block came late (over 4 s), a relay did not deliver, the execution client was behind.",
        act: "when a relay failed after the header was signed, take it from the list. When the local block was late, look at disk and memory of the host. One miss of a healthy node is bad luck.",
      },
      test: {
        input: keepers("ethstake_operator_blocks_missed_total", OPERATOR_LABELS, "0x30 1x150"),
        checks: course("30m", "45m", [{ labels: operator, shown: "1" }], "2h"),
      },
    },
    {
      name: "ValidatorSlashed",
      expr: `max by (${VALIDATOR}) (ethstake_validator_slashed) > 0`,
      severity: "page",
      summary: "Validator {{ $labels.validator_index }} of {{ $labels.operator }} is slashed",
      description:
        "Key {{ $labels.pubkey }} ({{ $labels.stack }}) is slashed on the chain. What slashed it may go on with other keys.",
      runbook: {
        means:
          "the chain holds proof that the key signed two contradicting messages. It is exiting and cannot be saved.",
        look: "where else the key was: ValidatorKeyOnTwoNodes, restored backups, a copy of a volume, a second validator client.",
        act: "stop the validator clients of every node that ever had the keys of this operator, until the second place is found: each further key that signs twice multiplies the penalty. Then [Slashing protection](#slashing-protection).",
      },
      test: {
        input: keepers("ethstake_validator_slashed", VALIDATOR_LABELS, "0x4 1x5 0x10"),
        checks: course("3m", "6m", [{ labels: validator }], "12m"),
      },
    },
    {
      name: "SlashingRiskDetected",
      expr: 'validator_slashing_risk_detected{reason=~"double_vote|signing_refused"} > 0',
      severity: "page",
      summary: "Slashing risk at {{ $labels.operator }}: {{ $labels.reason }}",
      description:
        "{{ $labels.operator }} ({{ $labels.stack }}), reason {{ $labels.reason }}: double_vote is contradicting attestations seen on the chain, signing_refused is slashing protection that refused to sign within the last hour.",
      runbook: {
        means:
          "`double_vote`: attestations of one key and epoch with different content are on the chain, which anyone may prove. `signing_refused`: a client or Web3Signer was asked for a signature that contradicts an earlier one; protection held.",
        look: "validator clients that share a signer or keys; clocks; a database that was restored. Logs of the validator client and of Web3Signer name the key.",
        act: "stop the newer of the two places that ask. After a restore from a backup stop both, and follow [Slashing protection](#slashing-protection).",
      },
      test: {
        input: [
          series(
            "eth2_slashingprotection_prevented_signings_total",
            targetLabels("web3signer", "web3signer"),
            "0x9 1x170",
          ),
          ...keepers("ethstake_operator_duplicate_attestations_total", OPERATOR_LABELS, "0x180"),
        ],
        checks: course("9m", "15m", [{ labels: { ...operator, reason: "signing_refused" } }], "2h"),
      },
    },
    {
      name: "ValidatorKeyOnTwoNodes",
      expr: "validator_key_nodes > 1",
      severity: "page",
      summary: "Key {{ $labels.key }} is on duty at more than one node",
      description:
        "Key {{ $labels.key }} ({{ $labels.stack }}) is on duty at {{ $value }} nodes: stop one of them now.",
      runbook: {
        means:
          "two validator clients of ours have duties for one key. Only Lighthouse (by index, up to 64 keys) and Prysm (by public key) show their keys.",
        look: '`validator_client_key_on_duty{key="…"}` in Prometheus names the nodes.',
        act: "stop the validator client that is not noted for the key (`npm run keys -- list`), at once, then find out how it came there.",
      },
      test: {
        input: [
          series(
            "vc_attestation_duty_slot",
            { ...targetLabels("validator", "lighthouse"), validator: "4711" },
            "9000x20",
          ),
          series(
            "vc_attestation_duty_slot",
            {
              ...targetLabels("validator", "lighthouse", { node: "node-2", host: "host-2", instance: "10.8.0.4:8009" }),
              validator: "4711",
            },
            "_x5 9000x5 stale",
          ),
          // Another key that is where it belongs.
          series(
            "vc_attestation_duty_slot",
            { ...targetLabels("validator", "lighthouse"), validator: "4712" },
            "9000x20",
          ),
        ],
        checks: course("4m", "7m", [{ labels: { ...STACK_LABELS, key: "4711" }, shown: "2" }], "15m"),
      },
    },
    {
      name: "FeeRecipientMismatch",
      expr: "validator_fee_recipient_mismatch > 0",
      severity: "page",
      summary: "A block of {{ $labels.operator }} paid somebody else",
      description:
        "The last proposal of {{ $labels.pubkey }} ({{ $labels.operator }}, {{ $labels.stack }}) did not pay the protocol's ExecutionRewardsVault.",
      runbook: {
        means: "tips and MEV of the validator's last block went to another address: a wrong setting, or theft.",
        look: "`npm run stack -- refresh` (FeeRecipient resources show what the validator client answers); the block's fee recipient and, with mev-boost, the payment in its last transaction.",
        act: "`up` sets the fee recipient again. If the client already has the right one, the operator changed it for the block: talk to it, suspend it if it does not pay back.",
      },
      test: {
        input: keepers("ethstake_validator_fee_recipient_mismatch", VALIDATOR_LABELS, "0x4 1x5 0x10"),
        checks: course("4m", "6m", [{ labels: validator }], "12m"),
      },
    },
    {
      name: "AttestationEffectivenessLow",
      expr: "operator_attestation_effectiveness < 0.9",
      for: timing.chain("2h"),
      severity: "warn",
      summary: "Attestations of {{ $labels.operator }} earn less than they could",
      description:
        "{{ $labels.operator }} ({{ $labels.stack }}) has {{ $value | humanizePercentage }} of what timely source, target and head votes pay.",
      runbook: {
        means:
          "validators attest, but late, or for another head or target than the chain's: weighted by what the flags pay, over an hour.",
        look: "peers, clock (ClockOffset), execution lag, CPU and disk latency of the host; whether only the head flag is missing (late blocks).",
        act: "more peers, a faster disk, a client that is not overloaded; open the p2p ports.",
      },
      test: {
        interval: "6m",
        input: [
          ...keepers("ethstake_validator_epochs_assigned_total", VALIDATOR_LABELS, "0+1x80"),
          ...keepers("ethstake_validator_source_hits_total", VALIDATOR_LABELS, "0+1x80"),
          ...keepers("ethstake_validator_target_hits_total", VALIDATOR_LABELS, "0+1x80"),
          ...keepers("ethstake_validator_head_hits_total", VALIDATOR_LABELS, "0+1x10 10x30 10+1x40"),
        ],
        checks: course("3h", "4h", [{ labels: operator, shown: "74.07%" }], "7h"),
      },
    },
    {
      name: "InclusionDistanceHigh",
      expr: "operator_inclusion_distance > 1.5",
      for: timing.chain("2h"),
      severity: "warn",
      summary: "Attestations of {{ $labels.operator }} arrive late",
      description:
        "Attestations of {{ $labels.operator }} ({{ $labels.stack }}) are included {{ $value | humanize }} slots after their own; 1 is the best.",
      runbook: {
        means: "over the last hour, attestations were included later than in the next slot.",
        look: "network and peers of the beacon node, load of the host, blocks that arrive late there.",
        act: "as AttestationEffectivenessLow.",
      },
      test: {
        interval: "6m",
        input: [
          ...keepers("ethstake_validator_inclusion_distance_sum", VALIDATOR_LABELS, "0+1x10 13+3x29 101+1x40"),
          ...keepers("ethstake_validator_inclusion_distance_count", VALIDATOR_LABELS, "0+1x80"),
        ],
        checks: course("3h", "4h", [{ labels: operator, shown: "3" }], "7h"),
      },
    },
    {
      name: "SlaAllowanceNearlyUsed",
      expr: "operator_allowance_used > 0.75 <= 1",
      severity: "warn",
      summary: "{{ $labels.operator }} has used most of its allowance",
      description:
        "{{ $labels.operator }} ({{ $labels.stack }}) has used {{ $value | humanizePercentage }} of the misses that are free in this window.",
      runbook: {
        means: "in the present window, three quarters of what may be missed without charge are missed.",
        look: "`ethstake_operator_window_missed_epochs` and `_allowance_epochs`; how many days the window still has.",
        act: "postpone restarts and updates that are not urgent to the next window.",
      },
      test: {
        input: [
          ...keepers("ethstake_operator_window_missed_epochs", OPERATOR_LABELS, "10x5 16x5 0x10"),
          ...keepers("ethstake_operator_window_allowance_epochs", OPERATOR_LABELS, "20x20"),
        ],
        checks: course("5m", "8m", [{ labels: operator, shown: "80%" }], "15m"),
      },
    },
    {
      name: "SlaWindowBreached",
      expr: "operator_allowance_used > 1",
      severity: "page",
      summary: "{{ $labels.operator }} will be charged for this window",
      description:
        "{{ $labels.operator }} ({{ $labels.stack }}) has missed {{ $value | humanizePercentage }} of what is free in this window.",
      runbook: {
        means:
          "more is missed than the allowance: the window is a breach when it ends. The third breach within 12 windows suspends the operator.",
        look: "docs/SLA_ENFORCEMENT.md for the price; dashboard *Protocol*, SLA per operator.",
        act: "find what was missed and why; object within the appeal window (3 days from the report) if the numbers are wrong.",
      },
      test: {
        input: [
          ...keepers("ethstake_operator_window_missed_epochs", OPERATOR_LABELS, "10x5 25x5 0x10"),
          ...keepers("ethstake_operator_window_allowance_epochs", OPERATOR_LABELS, "20x20"),
        ],
        checks: course("5m", "8m", [{ labels: operator, shown: "125%" }], "15m"),
      },
    },
    {
      name: "ValidatorEarningsNegative",
      expr: `count by (${OPERATOR}) (validator_daily_earnings_eth < 0)`,
      for: timing.chain("2h"),
      severity: "warn",
      summary: "Validators of {{ $labels.operator }} lose balance",
      description:
        "{{ $value }} validators of {{ $labels.operator }} ({{ $labels.stack }}) have lost balance over the last day.",
      runbook: {
        means:
          "penalties were higher than rewards over a day: most duties were missed, or the chain does not finalise.",
        look: "OperatorOffline, FinalityDelayed, ValidatorSlashed.",
        act: "as those say. A validator that is exiting earns nothing and loses nothing: it does not count here.",
      },
      test: {
        interval: "1h",
        input: [
          ...keepers(
            "ethstake_validator_balance_gwei",
            VALIDATOR_LABELS,
            "32000000000x30 31990000000x10 31991000000+1000000x40",
          ),
          ...keepers("ethstake_validator_withdrawn_gwei_total", VALIDATOR_LABELS, "0x80"),
        ],
        checks: course("32h", "36h", [{ labels: operator, shown: "1" }], "70h"),
      },
    },
    {
      name: "SyncCommitteeDuty",
      expr: `count by (${OPERATOR}) (validator_in_sync_committee > 0)`,
      severity: "info",
      summary: "{{ $labels.operator }} has sync committee duty",
      description:
        "{{ $value }} validators of {{ $labels.operator }} ({{ $labels.stack }}) are in the sync committee for up to 27 hours: do not restart their node without need.",
      runbook: {
        means: "a duty in every slot, which pays and costs about 30 times an attester's.",
        look: "which node has the validator (`npm run keys -- list`).",
        act: "nothing; leave the node alone until it is over.",
      },
      test: {
        input: keepers("ethstake_validator_sync_committee", VALIDATOR_LABELS, "0x4 1x5 0x10"),
        checks: course("3m", "7m", [{ labels: operator, shown: "1" }], "12m"),
      },
    },
  ];
}
