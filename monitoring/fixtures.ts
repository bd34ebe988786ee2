import type { AlertmanagerSpec } from "./alertmanager/config.ts";
import type { MonitoringSpec } from "./compose.ts";
import { monitoringSecret, monitoringTargets } from "./compose.ts";
import { nodeTargets } from "./prometheus/config.ts";
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

/** A monitoring host of tests. */
export function testMonitoring(changes: Partial<MonitoringSpec> = {}): MonitoringSpec {
  const place = { operator: "acme", host: "host-1", node: "node-1" };
  return {
    stack: "hoodi",
    network: "hoodi",
    host: "watch-1",
    address: "10.8.0.1",
    timing: PUBLIC,
    targets: [
      ...nodeTargets(
        [
          {
            job: "execution",
            client: "geth",
            role: "primary",
            target: "10.8.0.3:20006",
            path: "/debug/metrics/prometheus",
          },
          { job: "execution", client: "besu", role: "standby", target: "10.8.0.3:20007", path: "/metrics" },
          { job: "consensus", client: "teku", role: "primary", target: "10.8.0.3:20008", path: "/metrics" },
        ],
        place,
      ),
      ...monitoringTargets({ address: "10.8.0.1", host: "watch-1" }, [
        { host: "host-1", operator: "acme", address: "10.8.0.3" },
      ]),
    ],
    facts: [{ ...place, job: "consensus", client: "teku", role: "primary", fork: "gloas", follows: false }],
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
