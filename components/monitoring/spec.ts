import type { Input, Resource } from "@pulumi/pulumi";
import type { MonitoringSpec } from "../../monitoring/compose.ts";
import type { RelayTarget } from "../../monitoring/relay.ts";
import type { HostConnection } from "../host/spec.ts";
import type { MetricsTarget } from "../validator-node/bundle/spec.ts";

/** Something with metrics on a host: on its loopback, or on a private address of it. */
export interface WatchedTarget extends RelayTarget {
  readonly job: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A host of the fleet, the monitoring host included. */
export interface MonitoredHost {
  readonly name: string;
  /** Whose validators it has; `none` without any. */
  readonly operator: string;
  /** Folder of monitoring's files on it. */
  readonly directory: string;
  /** How it is reached; undefined for this machine. */
  readonly connection: HostConnection | undefined;
  /** What the host is to what runs on it: monitoring that moves to another one is stopped where it was before it starts there. */
  readonly identity: string;
  /** Identifies its machine: another one is given everything anew. */
  readonly machine: Input<string>;
  /** What must be in place before anything is installed: the mounted data volume. */
  readonly ready: readonly Resource[];
  /** Its nodes' metrics. */
  readonly nodes: readonly {
    readonly name: string;
    readonly operator: string;
    readonly metrics: Input<readonly MetricsTarget[]>;
  }[];
  /** What else on it has metrics: a gateway. */
  readonly others?: readonly WatchedTarget[];
  /** Names of a gateway on it, which the probe asks. */
  readonly gatewayNames?: readonly string[];
}

/** A keeper on a host. */
export interface MonitoredKeeper {
  readonly name: string;
  /** Name of the host that it is on. */
  readonly host: string;
  /** `address:port` of its metrics, as that host sees it. */
  readonly target: string;
  /** Whether it asks this Prometheus to confirm breaches. */
  readonly asks?: boolean;
}

/** What the stack is, and what its settings say. */
export type MonitoringPlan = Omit<MonitoringSpec, "host" | "relayed" | "link" | "gatewayNames" | "targets">;

export interface MonitoringStackArgs {
  readonly plan: MonitoringPlan;
  /** Name of the host that watches. */
  readonly host: string;
  readonly hosts: readonly MonitoredHost[];
  readonly keepers?: readonly MonitoredKeeper[];
  /** Where the other hosts dial the monitoring host: a name or an address. */
  readonly endpoint: Input<string>;
  /** Credentials by their paths below `secrets/`. Secret from here on, whether they were before or not. */
  readonly credentials?: Input<Readonly<Record<string, string>>>;
}
