import { course, keeperLabels, keepers, selector, series, targetLabels } from "./fixtures.ts";
import type { Labels } from "./fixtures.ts";
import { TARGET } from "./labels.ts";
import type { Timing } from "./timing.ts";
import type { Alert, RunbookEntry } from "./types.ts";

const WHERE = "{{ $labels.node }} ({{ $labels.client }}, {{ $labels.stack }})";

/** What is left of a target's labels by an expression that says by which. */
function without(labels: Labels, ...names: string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

/** A client that is not scraped any more. */
function down(
  timing: Timing,
  name: string,
  filter: { readonly job: string; readonly role?: string },
  severity: "page" | "warn",
  what: string,
  runbook: RunbookEntry,
): Alert {
  const labels = targetLabels(filter.job, filter.job === "validator" ? "lighthouse" : "besu", {
    role: filter.role ?? "primary",
  });
  return {
    name,
    expr: `up${selector(filter)} == 0`,
    for: timing.hold("5m"),
    severity,
    summary: `The ${what} of {{ $labels.node }} is down`,
    description: `{{ $labels.client }} at {{ $labels.instance }} ({{ $labels.stack }}, {{ $labels.operator }}) has not answered for five minutes.`,
    runbook,
    test: {
      input: [
        series("up", labels, "1x4 0x10 1x10"),
        series("up", { ...labels, node: "node-2", instance: "10.8.0.4:1" }, "1x25"),
      ],
      checks: course("8m", "12m", [{ labels }], "17m"),
    },
  };
}

/** Too few peers, or none. */
function peers(timing: Timing, layer: "execution" | "consensus", few: number): Alert[] {
  const [client, metric] =
    layer === "execution" ? (["geth", "p2p_peers"] as const) : (["lighthouse", "libp2p_peers"] as const);
  const labels = targetLabels(layer, client);
  const title = layer === "execution" ? "Execution" : "Consensus";
  const runbook = {
    means: `the ${layer} client is alone: it hears of blocks late or never.`,
    look: "p2p port from outside (TCP and UDP), the cloud's firewall, the provider's abuse mail, the client's own clock.",
    act: "open the port; restart the client once. A client of a forked-off version finds no peers: look at its version.",
  };
  return [
    {
      name: `${title}NoPeers`,
      expr: `${layer}_node_peers == 0`,
      for: timing.hold("10m"),
      severity: "page",
      summary: `The ${layer} client of {{ $labels.node }} has no peers`,
      description: `${WHERE} has had no peers for ten minutes.`,
      runbook,
      test: {
        input: [series(metric, labels, "40x4 0x20 30x10")],
        checks: course("10m", "20m", [{ labels }], "30m"),
      },
    },
    {
      name: `${title}FewPeers`,
      expr: `${layer}_node_peers > 0 < ${few}`,
      for: timing.hold("30m"),
      severity: "warn",
      summary: `The ${layer} client of {{ $labels.node }} has few peers`,
      description: `${WHERE} has {{ $value }} peers; ${few} or more are usual.`,
      runbook: {
        ...runbook,
        means: `fewer than ${few} peers for half an hour: blocks and attestations travel slowly.`,
      },
      test: {
        input: [series(metric, labels, "40x4 3x50 40x10")],
        checks: course("30m", "50m", [{ labels, shown: "3" }], "60m"),
      },
    },
  ];
}

/** Alerts about the clients of nodes. */
export function nodeAlerts(timing: Timing): Alert[] {
  const geth = targetLabels("execution", "geth");
  const teku = targetLabels("consensus", "teku");
  const lighthouse = targetLabels("validator", "lighthouse");
  const restart =
    "`docker compose ps` and the service's log in the node's folder; memory (OutOfMemoryKill) and disk (DiskFull).";
  return [
    down(timing, "ValidatorClientDown", { job: "validator" }, "page", "validator client", {
      means: "all validators of the node are offline, whatever the beacon nodes do: a node has one validator client.",
      look: restart,
      act: "start it on the same machine. Never a second one elsewhere: see [Slashing protection](#slashing-protection).",
    }),
    down(timing, "ConsensusClientDown", { job: "consensus", role: "primary" }, "page", "consensus client", {
      means:
        "the primary beacon node is gone. With a standby, the validator client uses that one ([Failover](#failover)).",
      look: restart,
      act: "bring it back; a beacon node with a damaged database is quickest from a checkpoint again (empty its data folder).",
    }),
    down(timing, "ExecutionClientDown", { job: "execution", role: "primary" }, "page", "execution client", {
      means:
        "its beacon node cannot follow the chain. With a standby, duties go on after two slots or so ([Failover](#failover)).",
      look: restart,
      act: "bring it back. Never delete its database in haste: syncing takes hours (2 to 13).",
    }),
    {
      ...down(timing, "StandbyClientDown", { job: "execution", role: "standby" }, "warn", "standby client", {
        means: "duties go on, and the next failure is not covered.",
        look: restart,
        act: "bring it back in working hours.",
      }),
      expr: 'up{job=~"execution|consensus",role="standby"} == 0',
    },
    ...peers(timing, "execution", 5),
    ...peers(timing, "consensus", 10),
    {
      name: "ExecutionNodeLagging",
      expr: "execution_sync_lag_blocks > 8",
      for: timing.hold("10m"),
      severity: "page",
      summary: "The execution client of {{ $labels.node }} is behind",
      description: `${WHERE} is {{ $value }} blocks behind what it or the other nodes of {{ $labels.network }} know.`,
      runbook: {
        means: "blocks are executed more slowly than they come, or the client is still syncing.",
        look: "disk latency and IOPS of the host, memory, the client's log; did it just start?",
        act: "wait for a first sync. Else a faster disk, less beside it on the host, or a switch to the standby for good.",
      },
      test: {
        input: [
          series("chain_head_block", geth, "1000+5x4 1021x20 1200+5x20"),
          series("chain_head_header", geth, "1000+5x4 1026+5x20 1200+5x20"),
        ],
        checks: course("10m", "20m", [{ labels: geth, shown: "80" }], "30m"),
      },
    },
    {
      name: "ConsensusNodeNotSynced",
      expr: "consensus_sync_lag_slots > 8",
      for: timing.hold("10m"),
      severity: "page",
      summary: "The consensus client of {{ $labels.node }} is not at the head",
      description: `${WHERE} is {{ $value }} slots behind the clock.`,
      runbook: {
        means: "its head is eight slots old or more: duties are wrong or refused.",
        look: "ExecutionNodeLagging and ExecutionClientDown of the node first: a beacon node follows no faster. Peers. If every node shows it, the network has missed slots: look at FinalityDelayed.",
        act: "repair the execution client; else restart, or a fresh checkpoint.",
      },
      test: {
        input: [
          series("beacon_head_slot", teku, "9000+5x4 9020x20 9225+5x20"),
          series("beacon_slot", teku, "9000+5x45"),
        ],
        checks: course("10m", "20m", [{ labels: teku, shown: "80" }], "30m"),
      },
    },
    {
      name: "ValidatorClientNotAttesting",
      expr: `validator_client_keys > 0
and on (${TARGET})
rate(validator_client_attestations_total[${timing.range("15m")}]) == 0`,
      for: timing.hold("5m"),
      severity: "page",
      summary: "The validator client of {{ $labels.node }} sends no attestations",
      description: `${WHERE} has {{ $value }} keys and has sent no attestation for 15 minutes.`,
      runbook: {
        means:
          "it runs and does nothing: no beacon node answers, the signer refuses, doppelganger protection waits (2 to 3 epochs after a start), or its keys are not active.",
        look: "its log; BeaconNodesUnavailable, Web3SignerDown.",
        act: "after a start, wait for three epochs. Then repair what the log names. Nimbus does not show its number of keys: there this alert is silent, and OperatorUptimeBreach speaks.",
      },
      test: {
        input: [
          series("vc_validators_enabled_count", lighthouse, "10x120"),
          series("vc_signed_attestations_total", { ...lighthouse, status: "success" }, "0+2x30 60x40 60+2x40"),
        ],
        checks: course("47m", "60m", [{ labels: lighthouse, shown: "10" }], "90m"),
      },
    },
    {
      name: "BeaconNodesUnavailable",
      expr: "validator_client_beacon_nodes == 0",
      for: timing.hold("5m"),
      severity: "page",
      summary: "The validator client of {{ $labels.node }} has no beacon node",
      description: `${WHERE} has had no beacon node that is in sync for five minutes.`,
      runbook: {
        means: "primary, standby and fallbacks are all away or behind.",
        look: "ConsensusClientDown, ConsensusNodeNotSynced; from the host, `/eth/v1/node/syncing` of each.",
        act: "bring the primary back first; name a beacon node elsewhere in `fallbackBeaconApis`.",
      },
      test: {
        input: [series("vc_beacon_nodes_synced_count", lighthouse, "2x4 0x15 2x10")],
        checks: course("8m", "12m", [{ labels: lighthouse }], "25m"),
      },
    },
    {
      name: "ClientRestarting",
      expr: "target_restarts_1h > 3",
      severity: "warn",
      summary: "{{ $labels.client }} of {{ $labels.node }} keeps restarting",
      description: `${WHERE} has started {{ $value }} times within an hour.`,
      runbook: {
        means: "Docker starts it again and again.",
        look: "the last lines of its log before each start; OutOfMemoryKill.",
        act: "more memory (`memoryMiB`), another version, or the database's repair that the log asks for.",
      },
      test: {
        input: [series("process_start_time_seconds", teku, "10x9 600x4 900x4 1200x4 1500x4 1800x100")],
        checks: course("15m", "40m", [{ labels: teku, shown: "5" }], "1h50m"),
      },
    },
    {
      name: "ClientBehindFork",
      expr: `ethstake_client_follows_fork == 0
and on (stack, network, fork)
chain_next_fork_seconds < ${14 * 86_400}`,
      severity: "page",
      summary: "{{ $labels.client }} of {{ $labels.node }} does not follow {{ $labels.fork }}",
      description: `${WHERE} runs a version that is not known to follow {{ $labels.fork }}, which comes within 14 days.`,
      runbook: {
        means: "at the fork the client stops following the chain.",
        look: "`client_version_info`; the client's announcements.",
        act: "[When a fork comes](#when-a-fork-comes).",
      },
      test: {
        input: [
          ...keepers("ethstake_chain_current_slot", {}, "3200x30"),
          ...keepers("ethstake_chain_slots_per_epoch", {}, "32x30"),
          ...keepers("ethstake_chain_seconds_per_slot", {}, "12x30"),
          ...keepers("ethstake_chain_next_fork_epoch", { fork: "gloas" }, "9000x4 3000x25"),
          series("ethstake_client_follows_fork", { ...without(teku, "instance"), fork: "gloas" }, "0x15 1x14"),
        ],
        checks: course("4m", "10m", [{ labels: { ...without(teku, "instance"), fork: "gloas" } }], "20m"),
      },
    },
    {
      name: "KeeperClockDrift",
      expr: "abs(ethstake_chain_clock_drift_seconds) > 0.5",
      for: timing.hold("5m"),
      severity: "warn",
      summary: "The clock at keeper {{ $labels.instance }} is off",
      description:
        "Blocks reach {{ $labels.instance }} ({{ $labels.stack }}) {{ $value | humanizeDuration }} away from where its clock expects them.",
      runbook: {
        means: "the keeper's clock and the chain's slots disagree by more than half a second.",
        look: "ClockOffset of its host; else its beacon node is slow.",
        act: "repair time synchronisation (`timedatectl`, `chronyc tracking`).",
      },
      test: {
        input: [series("ethstake_chain_clock_drift_seconds", keeperLabels(1), "0.01x4 -2x10 0.01x10")],
        checks: course("8m", "12m", [{ labels: keeperLabels(1), shown: "2s" }], "18m"),
      },
    },
  ];
}
