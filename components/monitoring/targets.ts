import { hostExporters, ownTargets } from "../../monitoring/compose.ts";
import { LINK_PROXY, linkAddress } from "../../monitoring/link.ts";
import { nodeTargets, type ScrapeTarget } from "../../monitoring/prometheus/config.ts";
import { FRONT_PORT, relayPath } from "../../monitoring/relay.ts";
import type { MetricsTarget } from "../validator-node/bundle/spec.ts";
import type { MonitoredKeeper, WatchedTarget } from "./spec.ts";

/** A host with its nodes' metrics known. */
export interface KnownHost {
  readonly name: string;
  readonly operator: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly operator: string;
    readonly metrics: readonly MetricsTarget[];
  }[];
  readonly others?: readonly WatchedTarget[];
}

/** What a host's relay lets through besides its own exporters: nodes, gateway, keepers. */
export function watchedTargets(host: KnownHost, keepers: readonly MonitoredKeeper[]): WatchedTarget[] {
  return [
    ...host.nodes.flatMap(({ name, operator, metrics }) =>
      nodeTargets(metrics, { operator, host: host.name, node: name }),
    ),
    ...(host.others ?? []).map((other) => ({ ...other, labels: { host: host.name, ...other.labels } })),
    ...keepers
      .filter((keeper) => keeper.host === host.name)
      .map(({ name, target }) => ({
        job: "keeper",
        target,
        path: "/metrics",
        labels: { host: host.name, keeper: name },
      })),
  ];
}

/**
 * What the monitoring host's Prometheus scrapes: its own services by name, everything on a host through that host's relay, other hosts
 * through their links. `instance` is the host and the port there, whatever the way to it is.
 */
export function scrapeTargets(
  stack: string,
  monitor: string,
  hosts: readonly KnownHost[],
  keepers: readonly MonitoredKeeper[],
): ScrapeTarget[] {
  return [
    ...ownTargets(monitor),
    ...hosts.flatMap((host) => {
      const isOwn = host.name === monitor;
      const way = isOwn
        ? { target: `front:${FRONT_PORT}` }
        : { target: `[${linkAddress(stack, host.name)}]:${FRONT_PORT}`, proxy: LINK_PROXY };
      const exporters = hostExporters().map((one) => ({
        ...one,
        labels: { host: host.name, operator: host.operator },
      }));
      return [...exporters, ...watchedTargets(host, keepers)].map(({ job, labels, ...one }) => ({
        job,
        ...way,
        path: relayPath(one),
        labels: { ...labels, instance: `${host.name}:${one.target.split(":").at(-1) ?? ""}` },
      }));
    }),
  ];
}
