import type { HostSpec } from "../components/host/spec.ts";
import type { BundleSpec } from "../components/validator-node/bundle/spec.ts";
import { PORTS_PER_NODE } from "../components/validator-node/bundle/ports.ts";
import { GRAFANA_NETWORK } from "../monitoring/compose.ts";
import { LINK_PORT } from "../monitoring/link.ts";
import { MONITORING_PORTS, monitoringMemoryMiB } from "../monitoring/services.ts";
import type { GatewaySettings } from "./gateway-schema.ts";
import { asksOwnPrometheus } from "./keepers.ts";
import { credentialSources, settingsSecret } from "./monitoring.ts";
import { monitoringSchema, monitoringSecretsSchema, type MonitoringSettings } from "./monitoring-schema.ts";
import type { HostSettings, PublicSettings } from "./public-schema.ts";
import type { SettingsFault } from "./settings.ts";

/** Gibibytes of log lines that Loki keeps a day for each node, compressed: an estimate, on the safe side. */
const LOG_GIB_PER_NODE_DAY = 0.2;
/** What Prometheus takes above its retention while it compacts. */
const COMPACTION_SHARE = 0.1;

/** What monitoring needs on a host: its containers' memory limits, and on the monitoring host the disk of what it keeps. */
export function monitoringNeed(
  { monitoring, hosts, nodes, keepers }: Pick<PublicSettings, "monitoring" | "hosts" | "nodes" | "keepers">,
  host: string,
): { readonly memoryMiB: number; readonly diskGiB: number } {
  if (monitoring === undefined) return { memoryMiB: 0, diskGiB: 0 };
  const watches = monitoring.host === host;
  const { gibibytes, logDays } = monitoring.retention;
  return {
    memoryMiB: monitoringMemoryMiB(
      watches,
      hosts.length > 1,
      keepers.some((keeper) => asksOwnPrometheus(keeper) && (watches || keeper.host === host)),
    ),
    diskGiB: watches ? gibibytes * (1 + COMPACTION_SHARE) + logDays * nodes.length * LOG_GIB_PER_NODE_DAY : 0,
  };
}

/**
 * What is wrong with a stack's monitoring: by itself, and with what is around it.
 * @param hosts those that are well-formed; none while all have faults of their own
 */
export function monitoringSettingsFaults(
  raw: Readonly<Record<string, unknown>>,
  hosts: readonly HostSettings[],
  gateway: GatewaySettings | undefined,
): SettingsFault[] {
  const monitoring = monitoringSchema.optional().safeParse(raw["monitoring"]);
  if (!monitoring.success) return [];
  if (monitoring.data === undefined) return gatewayFaults(undefined, gateway);
  return [
    ...placeFaults(monitoring.data, hosts),
    ...(raw["network"] === "mainnet" && monitoring.data.receivers.page.length === 0
      ? [
          {
            path: "monitoring.receivers.page",
            value: [],
            remedy: "must have a receiver on mainnet: somebody has to wake up",
          },
        ]
      : []),
    ...secretFaults(monitoring.data, raw["monitoringSecrets"]),
    ...monitoring.data.remoteWrite.flatMap(({ name }, index, all) =>
      all.findIndex((other) => other.name === name) < index
        ? [
            {
              path: `monitoring.remoteWrite[${index}].name`,
              value: name,
              remedy: "is used twice; give each its own name",
            },
          ]
        : [],
    ),
    ...gatewayFaults(monitoring.data, gateway),
  ];
}

function placeFaults({ host, endpoint }: MonitoringSettings, hosts: readonly HostSettings[]): SettingsFault[] {
  const known = hosts.map(({ name }) => name);
  if (known.length === 0) return [];
  const place = hosts.find(({ name }) => name === host);
  if (place === undefined)
    return [{ path: "monitoring.host", value: host, remedy: `must name one of the hosts: ${known.join(", ")}` }];
  if (place.target.kind !== "local" || endpoint !== undefined || hosts.length === 1) return [];
  return [
    {
      path: "monitoring.endpoint",
      value: undefined,
      remedy: `must say where the other hosts reach ${host} (UDP ${LINK_PORT}), or monitoring.host another host: this machine has no public address of its own`,
    },
  ];
}

function secretFaults(monitoring: MonitoringSettings, raw: unknown): SettingsFault[] {
  const known = Object.keys(monitoringSecretsSchema.safeParse(raw).data ?? {});
  return [...new Set(credentialSources(monitoring).values())].flatMap((source) => {
    const name = settingsSecret(source);
    if (name === undefined || known.includes(name)) return [];
    return [
      {
        path: "monitoring",
        value: source,
        remedy: `must be in monitoringSecrets: pulumi config set --secret --path 'ethstake:monitoringSecrets.${name}'`,
      },
    ];
  });
}

/** A gateway finds Grafana in its network, which is there on the monitoring host only. */
function gatewayFaults(
  monitoring: MonitoringSettings | undefined,
  gateway: GatewaySettings | undefined,
): SettingsFault[] {
  if (gateway === undefined || monitoring?.host === gateway.host) return [];
  return gateway.upstreams.flatMap(({ network }, index) =>
    network === GRAFANA_NETWORK
      ? [
          {
            path: `gateway.upstreams[${index}].network`,
            value: network,
            remedy:
              monitoring === undefined
                ? "is monitoring's, and there is none: set monitoring, or name another network"
                : `is on ${monitoring.host} only: put the gateway there, or monitoring on ${gateway.host}`,
          },
        ]
      : [],
  );
}

/** Ports of monitoring that a node or a gateway of the same host has. */
export function monitoringPortFaults(
  { monitoring, gateway }: Pick<PublicSettings, "monitoring" | "gateway">,
  nodes: readonly { readonly host: string; readonly spec: BundleSpec }[],
  hosts: readonly HostSpec[],
): SettingsFault[] {
  if (monitoring === undefined) return [];
  return hosts.flatMap(({ name: host, ports }) => {
    const { "node-exporter": exporter, alloy, prometheus, alertmanager, grafana } = MONITORING_PORTS;
    const own: readonly number[] =
      host === monitoring.host ? [exporter, alloy, prometheus, alertmanager, grafana] : [exporter, alloy];
    const taken = (what: string, port: number): SettingsFault[] => [
      {
        path: "monitoring.host",
        value: host,
        remedy: `has port ${port} taken by ${what} on ${host}: give that another port`,
      },
    ];
    return [
      ...ports.flatMap(({ port, protocol, purpose }) =>
        (protocol === "tcp" && own.includes(port)) || (port === LINK_PORT && !purpose.startsWith("monitoring"))
          ? taken(purpose, port)
          : [],
      ),
      ...nodes
        .filter((node) => node.host === host)
        .flatMap(({ spec: { name, basePort } }) =>
          own
            .filter((port) => port >= basePort && port < basePort + PORTS_PER_NODE)
            .flatMap((port) => taken(name, port)),
        ),
      ...(gateway?.host === host
        ? own
            .filter((port) => port === gateway.basePort || port === gateway.basePort + 1)
            .flatMap((port) => taken("the gateway", port))
        : []),
    ];
  });
}
