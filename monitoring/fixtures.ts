import type { AlertmanagerSpec } from "./alertmanager/config.ts";
import type { AgentSpec, MonitoringSpec } from "./compose.ts";
import { monitoringSecret } from "./compose.ts";
import { linkAddress } from "./link.ts";
import { PUBLIC } from "./rules/timing.ts";

const SLACK = { kind: "slack", channel: "#staking", urlFile: monitoringSecret("slack-url") } as const;

/** Receivers of every kind. */
export const RECEIVERS: AlertmanagerSpec = {
  page: [
    { kind: "pagerduty", routingKeyFile: monitoringSecret("pagerduty") },
    { kind: "telegram", chatId: -1001, tokenFile: monitoringSecret("telegram") },
    SLACK,
  ],
  warn: [
    SLACK,
    {
      kind: "email",
      to: "ops@example.org",
      from: "alerts@example.org",
      smarthost: "mail.example.org:587",
      username: "alerts",
      passwordFile: monitoringSecret("smtp"),
    },
  ],
  info: [],
  deadMansSwitch: { kind: "webhook", urlFile: monitoringSecret("watchdog-url") },
};

const PLACE = { operator: "acme", host: "host-1", node: "node-1" };
/** Where host-1 is, through its link. */
const WAY = { target: `[${linkAddress("hoodi", "host-1")}]:9200`, proxy: "socks5://link:1080" };

/** A monitoring host of tests, which watches itself and another host. */
export function testMonitoring(changes: Partial<MonitoringSpec> = {}): MonitoringSpec {
  return {
    stack: "hoodi",
    network: "hoodi",
    host: "watch-1",
    relayed: [{ target: "127.0.0.1:19000", path: "/metrics" }],
    link: { isMonitor: true, monitor: linkAddress("hoodi", "watch-1"), port: 51_820 },
    timing: PUBLIC,
    targets: [
      { job: "prometheus", target: "prometheus:9090", path: "/metrics", labels: { host: "watch-1" } },
      { job: "loki", target: "loki:3100", path: "/metrics", labels: { host: "watch-1" } },
      {
        job: "execution",
        ...WAY,
        path: "/127.0.0.1:20006/debug/metrics/prometheus",
        labels: { ...PLACE, client: "geth", role: "primary", instance: "host-1:20006" },
      },
      {
        job: "execution",
        ...WAY,
        path: "/127.0.0.1:20007/metrics",
        labels: { ...PLACE, client: "besu", role: "standby", instance: "host-1:20007" },
      },
      {
        job: "node",
        target: "front:9200",
        path: "/127.0.0.1:9100/metrics",
        labels: { host: "watch-1", operator: "none", instance: "watch-1:9100" },
      },
      {
        job: "node",
        ...WAY,
        path: "/127.0.0.1:9100/metrics",
        labels: { host: "host-1", operator: "acme", instance: "host-1:9100" },
      },
    ],
    facts: [{ ...PLACE, job: "consensus", client: "teku", role: "primary", fork: "gloas", follows: false }],
    alertmanager: RECEIVERS,
    remoteWrite: [
      {
        name: "long-term",
        url: "https://metrics.example.org/api/v1/push",
        username: "hoodi",
        credentialsFile: monitoringSecret("remote-write"),
      },
    ],
    probes: ["https://grafana.example.org"],
    grafanaUrl: "https://grafana.example.org",
    retention: { days: 90, gibibytes: 50, logDays: 30 },
    uid: 1000,
    gid: 1000,
    ...changes,
  };
}

/** A host of tests that another one watches. */
export function testAgent(changes: Partial<AgentSpec> = {}): AgentSpec {
  return {
    stack: "hoodi",
    network: "hoodi",
    host: "host-1",
    relayed: [
      { target: "127.0.0.1:20006", path: "/debug/metrics/prometheus" },
      { target: "127.0.0.1:20007", path: "/metrics" },
    ],
    link: { isMonitor: false, monitor: linkAddress("hoodi", "watch-1"), port: 51_820 },
    uid: 1000,
    gid: 1000,
    ...changes,
  };
}
