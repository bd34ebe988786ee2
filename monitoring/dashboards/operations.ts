import type { Board } from "./panels.ts";
import { dashboard, greenFrom, labelVariable, lines, logs, numbers, redFrom, table } from "./panels.ts";

const STACK = labelVariable("stack", "label_values(up, stack)");
const NODE = labelVariable("node", 'label_values(up{stack=~"$stack"}, node)');
const HOST = labelVariable("host", 'label_values(up{stack=~"$stack"}, host)');
const IN_STACK = '{stack=~"$stack"}';
const AT_NODE = '{stack=~"$stack",node=~"$node"}';
const AT_HOST = '{stack=~"$stack",host=~"$host"}';

/** All stacks at a glance. */
export function fleet(): Board {
  return dashboard({
    uid: "ethstake-fleet",
    title: "Fleet overview",
    description: "What fires, what is down, who is behind.",
    variables: [STACK],
    rows: [
      {
        title: "Alerts",
        panels: [
          numbers({
            title: "Firing",
            queries: [
              {
                expr: 'count by (severity) (ALERTS{stack=~"$stack",alertstate="firing",alertname!="Watchdog"})',
                legend: "{{severity}}",
              },
            ],
            thresholds: redFrom(1),
          }),
          numbers({
            title: "Targets down",
            queries: [{ expr: `count(up${IN_STACK} == 0) or vector(0)`, legend: "down" }],
            thresholds: redFrom(1),
          }),
          numbers({
            title: "Validators",
            queries: [
              {
                expr: `sum by (stack) (quantile by (stack, operator) (0.5, ethstake_operator_active_validators${IN_STACK}))`,
                legend: "{{stack}}",
              },
            ],
          }),
          numbers({
            title: "Epochs to finality",
            queries: [{ expr: `chain_finality_delay_epochs${IN_STACK}`, legend: "{{stack}}" }],
            thresholds: redFrom(4),
          }),
          table({
            title: "Alerts that fire",
            queries: [
              {
                expr: 'count by (alertname, severity, stack, operator, node) (ALERTS{stack=~"$stack",alertstate="firing",alertname!="Watchdog"})',
                legend: "series",
              },
            ],
          }),
        ],
      },
      {
        title: "Nodes",
        panels: [
          lines({
            title: "Uptime by operator (1 h)",
            queries: [{ expr: `operator_uptime${IN_STACK}`, legend: "{{stack}} {{operator}}" }],
            unit: "percentunit",
          }),
          lines({
            title: "Slots behind the clock",
            queries: [{ expr: `consensus_sync_lag_slots${IN_STACK}`, legend: "{{node}} {{client}} {{role}}" }],
          }),
          lines({
            title: "Blocks behind the network",
            queries: [{ expr: `execution_sync_lag_blocks${IN_STACK}`, legend: "{{node}} {{client}} {{role}}" }],
          }),
          lines({
            title: "Peers",
            queries: [
              { expr: `consensus_node_peers${IN_STACK}`, legend: "{{node}} {{client}}" },
              { expr: `execution_node_peers${IN_STACK}`, legend: "{{node}} {{client}}" },
            ],
          }),
          table({
            title: "Versions",
            description: "As clients say themselves; Besu does not.",
            queries: [
              {
                expr: `count by (stack, node, job, role, client, version) (client_version_info${IN_STACK})`,
                legend: "targets",
              },
            ],
          }),
          numbers({
            title: "Next fork",
            queries: [{ expr: `chain_next_fork_seconds${IN_STACK}`, legend: "{{stack}} {{fork}}" }],
            unit: "s",
            span: 12,
          }),
          table({
            title: "Clients that do not follow it",
            queries: [{ expr: `ethstake_client_follows_fork${IN_STACK} == 0`, legend: "follows" }],
            span: 12,
          }),
        ],
      },
    ],
  });
}

/** One node and its host, with logs. */
export function node(): Board {
  return dashboard({
    uid: "ethstake-node",
    title: "Node",
    description: "Clients of a node, its host, and their logs.",
    variables: [STACK, NODE, HOST],
    logs: true,
    rows: [
      {
        title: "Clients",
        panels: [
          numbers({
            title: "Up",
            queries: [{ expr: `up${AT_NODE}`, legend: "{{job}} {{client}} {{role}}" }],
            thresholds: greenFrom(1),
            span: 24,
          }),
          lines({
            title: "Head",
            queries: [
              { expr: `consensus_sync_lag_slots${AT_NODE}`, legend: "{{client}} slots behind" },
              { expr: `execution_sync_lag_blocks${AT_NODE}`, legend: "{{client}} blocks behind" },
            ],
            span: 8,
          }),
          lines({
            title: "Peers",
            queries: [
              { expr: `consensus_node_peers${AT_NODE}`, legend: "{{client}}" },
              { expr: `execution_node_peers${AT_NODE}`, legend: "{{client}}" },
            ],
            span: 8,
          }),
          lines({
            title: "Restarts within an hour",
            queries: [{ expr: `target_restarts_1h${AT_NODE}`, legend: "{{job}} {{client}}" }],
            span: 8,
          }),
          lines({
            title: "Beacon nodes in sync, by the validator client",
            queries: [{ expr: `validator_client_beacon_nodes${AT_NODE}`, legend: "{{client}}" }],
          }),
          lines({
            title: "Memory",
            queries: [
              {
                expr: `{__name__=~"(reth_)?process_resident_memory_bytes",stack=~"$stack",node=~"$node"}`,
                legend: "{{job}} {{client}}",
              },
              { expr: `system_memory_held${AT_NODE}`, legend: "{{job}} {{client}}" },
            ],
            unit: "bytes",
          }),
        ],
      },
      {
        title: "Host",
        panels: [
          lines({
            title: "CPU in use",
            queries: [
              {
                expr: `1 - avg by (host) (rate(node_cpu_seconds_total{stack=~"$stack",host=~"$host",mode="idle"}[$__rate_interval]))`,
                legend: "{{host}}",
              },
            ],
            unit: "percentunit",
            span: 8,
          }),
          lines({
            title: "Memory available",
            queries: [{ expr: `host_memory_available_ratio${AT_HOST}`, legend: "{{host}}" }],
            unit: "percentunit",
            span: 8,
          }),
          lines({
            title: "Disk free",
            queries: [{ expr: `host_disk_free_ratio${AT_HOST}`, legend: "{{host}} {{mountpoint}}" }],
            unit: "percentunit",
            span: 8,
          }),
          lines({
            title: "Free in four days, by the last six hours",
            queries: [{ expr: `host_disk_free_in_4_days_bytes${AT_HOST}`, legend: "{{host}} {{mountpoint}}" }],
            unit: "bytes",
            span: 8,
          }),
          lines({
            title: "Disk busy",
            queries: [
              {
                expr: `rate(node_disk_io_time_seconds_total${AT_HOST}[$__rate_interval])`,
                legend: "{{host}} {{device}}",
              },
            ],
            unit: "percentunit",
            span: 8,
          }),
          lines({
            title: "Clock offset",
            queries: [{ expr: `host_clock_offset_seconds${AT_HOST}`, legend: "{{host}}" }],
            unit: "s",
            span: 8,
          }),
        ],
      },
      {
        title: "Logs",
        panels: [logs("Logs", '{stack=~"$stack",host=~"$host"} |= ``')],
      },
    ],
  });
}
