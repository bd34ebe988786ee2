import { hostLabels, keeperLabels, keepers, OPERATOR_LABELS, sample, selector, series } from "./fixtures.ts";
import { STACK_LABELS, targetLabels, VALIDATOR_LABELS } from "./fixtures.ts";
import type { RecordingTest } from "./types.ts";

const validator = { ...STACK_LABELS, ...VALIDATOR_LABELS };
const operator = { ...STACK_LABELS, operator: "acme" };

/** Keepers. One of three lies or is broken in each test. */
export const VALIDATOR_TESTS: readonly RecordingTest[] = [
  {
    name: "keepers: uptime is the median of their increases, whatever they counted from",
    input: [1, 2, 3].flatMap((number) => {
      const labels = { ...keeperLabels(number), ...VALIDATOR_LABELS };
      const own = { ...keeperLabels(number), ...OPERATOR_LABELS };
      // Ten epochs an hour, one of which is missed; the third keeper says that all are.
      const assigned = `${number * 100}+1x9 ${number * 100 + 10}`;
      const missed = number === 3 ? "0+1x9 10" : `${number}x8 ${number + 1}x1`;
      return [
        series("ethstake_validator_epochs_assigned_total", labels, assigned),
        series("ethstake_validator_epochs_missed_total", labels, missed),
        series("ethstake_operator_epochs_assigned_total", own, assigned),
        series("ethstake_operator_epochs_missed_total", own, missed),
      ];
    }),
    interval: "6m",
    at: "1h",
    expect: [sample("validator_uptime", validator, 0.9), sample("operator_uptime", operator, 0.9)],
  },
  {
    name: "keepers: proposals and attestations keep the keeper that counted",
    input: [
      series("ethstake_validator_epochs_assigned_total", { ...keeperLabels(1), ...VALIDATOR_LABELS }, "40x5"),
      series("ethstake_validator_epochs_missed_total", { ...keeperLabels(1), ...VALIDATOR_LABELS }, "2x5"),
      series("ethstake_validator_blocks_proposed_total", { ...keeperLabels(1), ...VALIDATOR_LABELS }, "3x5"),
      series("ethstake_validator_blocks_missed_total", { ...keeperLabels(1), ...VALIDATOR_LABELS }, "1x5"),
    ],
    at: "5m",
    expect: (
      [
        ["validator_attestations_total", 40],
        ["validator_attestations_missed", 2],
        ["validator_block_proposals_total", 4],
        ["validator_block_proposals_missed", 1],
      ] as const
    ).map(([record, value]) => sample(record, { ...keeperLabels(1), ...VALIDATOR_LABELS }, value)),
  },
  {
    name: "keepers: earnings of a day are the balance's change and what was withdrawn",
    input: [
      ...keepers("ethstake_validator_balance_gwei", VALIDATOR_LABELS, "32002000000x23 32001500000x3"),
      ...keepers("ethstake_validator_withdrawn_gwei_total", VALIDATOR_LABELS, "0x11 4000000x14"),
    ],
    interval: "1h",
    at: "25h",
    expect: [
      sample("validator_balance_eth", validator, 32.0015),
      sample("validator_daily_earnings_eth", validator, (4_000_000 - 500_000) / 1e9),
    ],
  },
  {
    name: "keepers: effectiveness weighs the flags, distance is the mean",
    input: [
      ...keepers("ethstake_validator_epochs_assigned_total", VALIDATOR_LABELS, "0+1x10"),
      ...keepers("ethstake_validator_source_hits_total", VALIDATOR_LABELS, "0+1x10"),
      ...keepers("ethstake_validator_target_hits_total", VALIDATOR_LABELS, "0+1x10"),
      ...keepers("ethstake_validator_head_hits_total", VALIDATOR_LABELS, "0x10"),
      ...keepers("ethstake_validator_inclusion_distance_sum", VALIDATOR_LABELS, "0+3x10"),
      ...keepers("ethstake_validator_inclusion_distance_count", VALIDATOR_LABELS, "0+2x10"),
    ],
    interval: "6m",
    at: "1h",
    expect: [
      sample("validator_attestation_effectiveness", validator, 40 / 54),
      sample("validator_inclusion_distance", validator, 1.5),
    ],
  },
  {
    name: "keepers: the next proposal in seconds, and none",
    input: [
      ...keepers("ethstake_validator_next_proposal_slot", VALIDATOR_LABELS, "1010x5"),
      ...keepers("ethstake_validator_next_proposal_slot", { ...VALIDATOR_LABELS, pubkey: "0xb2" }, "0x5"),
      ...keepers("ethstake_chain_current_slot", {}, "1000x5"),
      ...keepers("ethstake_chain_seconds_per_slot", {}, "12x5"),
    ],
    at: "5m",
    expect: [sample("validator_next_proposal_seconds", validator, 120)],
  },
];

/** The protocol: three keepers, of which one says something else. */
export const PROTOCOL_TESTS: readonly RecordingTest[] = [
  {
    name: "protocol: the median of the keepers",
    input: [
      series("ethstake_protocol_pooled_ether", keeperLabels(1), "6400x5"),
      series("ethstake_protocol_pooled_ether", keeperLabels(2), "6400x5"),
      series("ethstake_protocol_pooled_ether", keeperLabels(3), "1x5"),
      ...keepers("ethstake_protocol_stake_cap_ether", {}, "32000x5"),
    ],
    at: "5m",
    expect: [sample("protocol_pooled_eth", STACK_LABELS, 6400), sample("protocol_stake_cap_used", STACK_LABELS, 0.2)],
  },
  {
    name: "chain: epoch, finality and the time to the next fork",
    input: [
      ...keepers("ethstake_chain_current_slot", {}, "3205x5"),
      ...keepers("ethstake_chain_slots_per_epoch", {}, "32x5"),
      ...keepers("ethstake_chain_seconds_per_slot", {}, "12x5"),
      ...keepers("ethstake_chain_finalized_epoch", {}, "98x5"),
      ...keepers("ethstake_chain_next_fork_epoch", { fork: "gloas" }, "325x5"),
    ],
    at: "5m",
    expect: [
      sample("chain_current_epoch", STACK_LABELS, 100),
      sample("chain_finality_delay_epochs", STACK_LABELS, 2),
      sample("chain_next_fork_seconds", { ...STACK_LABELS, fork: "gloas" }, 225 * 384),
    ],
  },
];

/** Hosts. */
export const HOST_TESTS: readonly RecordingTest[] = [
  {
    name: "hosts: restarts, also of Geth, which has no start time",
    input: [
      series("process_start_time_seconds", targetLabels("consensus", "lighthouse"), "100x20 1300x10 1900x30"),
      series("reth_process_start_time_seconds", targetLabels("execution", "reth"), "100x60"),
      series("system_memory_allocs", targetLabels("execution", "geth"), "1000+1000x30 500+1000x29"),
    ],
    at: "1h",
    expect: [
      {
        expr: "max by (client) (target_restarts_1h)",
        samples: [
          { labels: '{client="lighthouse"}', value: 2 },
          { labels: '{client="reth"}', value: 0 },
          { labels: '{client="geth"}', value: 1 },
        ],
      },
    ],
  },
  {
    name: "hosts: disks that count, and what they will have in four days",
    input: [
      series(
        "node_filesystem_avail_bytes",
        { ...hostLabels(), device: "/dev/sdb", fstype: "ext4", mountpoint: "/var/lib/ethstake" },
        "1000000-1000x36",
      ),
      series(
        "node_filesystem_size_bytes",
        { ...hostLabels(), device: "/dev/sdb", fstype: "ext4", mountpoint: "/var/lib/ethstake" },
        "4000000x36",
      ),
      series(
        "node_filesystem_avail_bytes",
        { ...hostLabels(), device: "tmpfs", fstype: "tmpfs", mountpoint: "/run" },
        "10x36",
      ),
    ],
    interval: "10m",
    at: "6h",
    expect: [
      {
        expr: "host_disk_free_in_4_days_bytes",
        samples: [
          {
            labels: `host_disk_free_in_4_days_bytes${selector({ ...hostLabels(), device: "/dev/sdb", mountpoint: "/var/lib/ethstake" })}`,
            // 964,000 left after six hours, and 6,000 an hour less.
            value: 964_000 - 6_000 * 96,
          },
        ],
      },
      {
        expr: "host_disk_free_ratio",
        samples: [
          {
            labels: `host_disk_free_ratio${selector({ ...hostLabels(), device: "/dev/sdb", mountpoint: "/var/lib/ethstake" })}`,
            value: 0.241,
          },
        ],
      },
    ],
  },
];
