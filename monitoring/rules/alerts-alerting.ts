import { course, series, serviceLabels } from "./fixtures.ts";
import type { Alert } from "./types.ts";

const PROMETHEUS = serviceLabels("prometheus", { instance: "prometheus:9090" });
const ALERTMANAGER = serviceLabels("alertmanager", { instance: "alertmanager:9093" });
const LOKI = serviceLabels("loki", { instance: "loki:3100" });

/** Alerts about what alerts. */
export function alertingAlerts(): Alert[] {
  return [
    {
      name: "Watchdog",
      expr: "vector(1)",
      severity: "info",
      summary: "Alerting works",
      description: "This alert always fires. When its notifications stop, alerting is broken.",
      runbook: {
        means:
          "all is well. It is sent every few minutes to a receiver of its own (a dead man's switch), which calls when it hears nothing.",
        look: "when the switch calls: Prometheus, Alertmanager, and the host that they are on.",
        act: "bring them back; until then nobody is watching.",
      },
      test: {
        // It never resolves: that it does not is what it is for.
        input: [series("up", PROMETHEUS, "1x10")],
        checks: [
          { at: "0m", firing: [{ labels: {} }] },
          { at: "10m", firing: [{ labels: {} }] },
        ],
      },
    },
    {
      name: "TargetDown",
      expr: 'up{job!~"execution|consensus|validator|web3signer|mev-boost|node|keeper"} == 0',
      for: "5m",
      severity: "warn",
      summary: "{{ $labels.job }} at {{ $labels.instance }} is not scraped",
      description:
        "{{ $labels.job }} at {{ $labels.instance }} ({{ $labels.stack }}) has not answered for five minutes.",
      runbook: {
        means: "a service of monitoring or of the gateway is down. Clients and keepers have alerts of their own.",
        look: "`docker compose ps` in the monitoring folder.",
        act: "start it; its log says why it ended.",
      },
      test: {
        input: [series("up", LOKI, "1x4 0x10 1x10"), series("up", PROMETHEUS, "1x25")],
        checks: course("8m", "12m", [{ labels: LOKI }], "17m"),
      },
    },
    {
      name: "NotificationsFailing",
      expr: "rate(alertmanager_notifications_failed_total[10m]) > 0",
      for: "5m",
      severity: "page",
      summary: "Notifications by {{ $labels.integration }} fail",
      description:
        "Alertmanager of {{ $labels.stack }} cannot deliver by {{ $labels.integration }} ({{ $value | humanize }} failures a second).",
      runbook: {
        means:
          "a receiver refuses what Alertmanager sends: you may learn of nothing. This page goes through the receivers that still work.",
        look: "Alertmanager's log: the receiver and its answer.",
        act: "renew the credential (a file in `secrets/`), or repair the address; then `amtool alert add test` to try it.",
      },
      test: {
        input: [
          series(
            "alertmanager_notifications_failed_total",
            { ...ALERTMANAGER, integration: "slack" },
            "0x10 1+6x20 121x30",
          ),
        ],
        checks: course("12m", "25m", [{ labels: { ...ALERTMANAGER, integration: "slack" }, shown: "100m" }], "50m"),
      },
    },
    {
      name: "AlertmanagerUnreachable",
      expr: "prometheus_notifications_alertmanagers_discovered < 1",
      for: "5m",
      severity: "page",
      summary: "Prometheus {{ $labels.instance }} knows no Alertmanager",
      description: "Prometheus {{ $labels.instance }} ({{ $labels.stack }}) has no Alertmanager to send alerts to.",
      runbook: {
        means: "alerts fire and go nowhere. You read this on a dashboard, or from another Prometheus.",
        look: "`alerting` in prometheus.yml; Status, Runtime in Prometheus.",
        act: "`up` of the stack writes the configuration anew.",
      },
      test: {
        input: [series("prometheus_notifications_alertmanagers_discovered", PROMETHEUS, "1x4 0x10 1x10")],
        checks: course("8m", "12m", [{ labels: PROMETHEUS }], "17m"),
      },
    },
    {
      name: "NotificationsDropped",
      expr: "increase(prometheus_notifications_dropped_total[10m]) > 0",
      for: "5m",
      severity: "page",
      summary: "Prometheus {{ $labels.instance }} drops alerts",
      description:
        "Prometheus {{ $labels.instance }} ({{ $labels.stack }}) dropped {{ $value | humanize }} alerts within ten minutes: Alertmanager does not take them.",
      runbook: {
        means: "Alertmanager is down or too slow.",
        look: "TargetDown for alertmanager; its log.",
        act: "start it; see that its disk is not full.",
      },
      test: {
        input: [series("prometheus_notifications_dropped_total", PROMETHEUS, "0x10 2+2x20 42x30")],
        checks: course("12m", "25m", [{ labels: PROMETHEUS, shown: "20" }], "50m"),
      },
    },
    {
      name: "RuleEvaluationFailing",
      expr: "increase(prometheus_rule_evaluation_failures_total[10m]) > 0",
      for: "5m",
      severity: "page",
      summary: "Rules of {{ $labels.rule_group }} fail",
      description:
        "{{ $value | humanize }} evaluations of {{ $labels.rule_group }} ({{ $labels.stack }}) failed within ten minutes.",
      runbook: {
        means: "alerts of this group are blind. Usually two series meet where a rule expects one.",
        look: "Prometheus' log has the rule and the reason.",
        act: "two targets with the same labels: correct the scrape configuration. Else correct the rule and its test (monitoring/README.md).",
      },
      test: {
        input: [
          series(
            "prometheus_rule_evaluation_failures_total",
            { ...PROMETHEUS, rule_group: "/etc/prometheus/rules/protocol.yml;ethstake-protocol" },
            "0x10 1+1x20 21x30",
          ),
        ],
        checks: course(
          "12m",
          "25m",
          [
            {
              labels: { ...PROMETHEUS, rule_group: "/etc/prometheus/rules/protocol.yml;ethstake-protocol" },
              shown: "10",
            },
          ],
          "50m",
        ),
      },
    },
    {
      name: "ConfigurationNotLoaded",
      expr: "prometheus_config_last_reload_successful == 0 or alertmanager_config_last_reload_successful == 0",
      for: "5m",
      severity: "warn",
      summary: "{{ $labels.job }} refused its configuration",
      description:
        "{{ $labels.job }} at {{ $labels.instance }} ({{ $labels.stack }}) goes on with its former configuration.",
      runbook: {
        means: "the file is faulty, or a credential's file is missing.",
        look: "its log names the line.",
        act: "`promtool check config`, `amtool check-config`; then `up`.",
      },
      test: {
        input: [series("alertmanager_config_last_reload_successful", ALERTMANAGER, "1x4 0x10 1x10")],
        checks: course("8m", "12m", [{ labels: ALERTMANAGER }], "17m"),
      },
    },
    {
      name: "RemoteWriteFailing",
      expr: "rate(prometheus_remote_storage_samples_failed_total[10m]) > 0",
      for: "15m",
      severity: "warn",
      summary: "Samples of {{ $labels.stack }} are lost on the way to {{ $labels.remote_name }}",
      description: "{{ $value | humanize }} samples a second of {{ $labels.stack }} are refused by {{ $labels.url }}.",
      runbook: {
        means: "the store for long retention refuses samples; the local one has them for as long as it keeps any.",
        look: "Prometheus' log: the status. 401 is a credential, 429 a limit.",
        act: "renew the credential's file; ask for a higher limit, or send fewer series (`write_relabel_configs`).",
      },
      test: {
        input: [
          series(
            "prometheus_remote_storage_samples_failed_total",
            { ...PROMETHEUS, remote_name: "long-term", url: "https://metrics.example.org/push" },
            "0x10 60+60x40 2460x30",
          ),
        ],
        checks: course(
          "15m",
          "40m",
          [
            {
              labels: { ...PROMETHEUS, remote_name: "long-term", url: "https://metrics.example.org/push" },
              shown: "1",
            },
          ],
          "80m",
        ),
      },
    },
    {
      name: "LogsNotArriving",
      expr: `sum by (stack, network, instance) (rate(loki_distributor_lines_received_total{job="loki"}[15m])) == 0`,
      for: "15m",
      severity: "warn",
      summary: "Loki of {{ $labels.stack }} receives no logs",
      description: "No line has reached Loki {{ $labels.instance }} ({{ $labels.stack }}) for half an hour.",
      runbook: {
        means:
          "the shippers are down or cannot reach Loki. Logs stay on the hosts, in Docker's files, until those are rotated.",
        look: "TargetDown for alloy; Alloy's log on a host.",
        act: "start Alloy; it goes on where it was.",
      },
      test: {
        input: [
          series("loki_distributor_lines_received_total", { ...LOKI, tenant: "fake" }, "0+100x20 2000x60 2000+100x60"),
        ],
        checks: course("45m", "75m", [{ labels: { stack: "hoodi", network: "hoodi", instance: "loki:3100" } }], "110m"),
      },
    },
    {
      name: "LogsDropped",
      expr: "increase(loki_write_dropped_entries_total[15m]) > 0",
      for: "15m",
      severity: "info",
      summary: "Alloy {{ $labels.instance }} drops log lines",
      description:
        "{{ $value | humanize }} lines at {{ $labels.instance }} ({{ $labels.stack }}) were dropped within 15 minutes.",
      runbook: {
        means: "Loki refuses lines (limits) or was away for longer than Alloy tries.",
        look: "Alloy's log: the status of Loki.",
        act: "raise the ingestion limits if a client is merely talkative; lower its log level otherwise.",
      },
      test: {
        input: [
          series(
            "loki_write_dropped_entries_total",
            { ...serviceLabels("alloy"), host: "loki:3100" },
            "0x10 5+5x50 255x40",
          ),
        ],
        checks: course(
          "15m",
          "50m",
          [{ labels: { ...serviceLabels("alloy"), host: "loki:3100" }, shown: "75" }],
          "100m",
        ),
      },
    },
  ];
}
