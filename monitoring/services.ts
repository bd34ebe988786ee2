import { grafanaEnvironment } from "./grafana/provisioning.ts";
import type { MonitoringService } from "./images.ts";
import { LINK_PORT } from "./link.ts";
import { prometheusArgs } from "./prometheus/config.ts";

/** Ports of the services in their containers; those that people and the relay ask are on the host's loopback, too. */
export const MONITORING_PORTS = {
  prometheus: 9090,
  alertmanager: 9093,
  grafana: 3000,
  loki: 3100,
  alloy: 12345,
  "node-exporter": 9100,
  "blackbox-exporter": 9115,
} as const;

/** A service before it becomes YAML. */
export interface MonitoringContainer {
  readonly name: string;
  readonly image: MonitoringService;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Source relative to the folder, or an absolute path of the host; read-only unless it is data. */
  readonly mounts: readonly (readonly [source: string, target: string])[];
  readonly memoryMiB: number;
  /** Asked inside the container, by images that have busybox. */
  readonly health?: string;
  readonly user?: string;
  /** Networks with the names that it has in them; the default one when absent. `host` is the host's own. */
  readonly networks?: "host" | Readonly<Record<string, readonly string[]>>;
  /** `address:port:port/protocol`. */
  readonly ports?: readonly string[];
}

/** What the containers of a host are made from. */
export interface ContainersSpec {
  readonly gid: number;
  readonly link?: { readonly isMonitor: boolean; readonly port: number };
  /** Whether keepers ask Prometheus: here, or on the monitoring host from anywhere. */
  readonly witness?: boolean;
  /** Names under which the probe asks a gateway on this host. */
  readonly gatewayNames?: readonly string[];
}

/** What the containers of a monitoring host are made from, besides. */
export interface ServersSpec {
  readonly grafanaUrl: string;
  readonly retention: { readonly days: number; readonly gibibytes: number };
  /** Where Grafana's container finds its administrator's password. */
  readonly passwordFile: string;
}

const SECRETS = "/run/secrets";
const HAPROXY = "/usr/local/etc/haproxy/haproxy.cfg";

function listen(service: keyof typeof MONITORING_PORTS): string {
  return `:${MONITORING_PORTS[service]}`;
}

function local(service: keyof typeof MONITORING_PORTS): string {
  return `http://127.0.0.1${listen(service)}`;
}

function onLoopback(service: keyof typeof MONITORING_PORTS): string[] {
  return [`127.0.0.1${listen(service)}${listen(service)}/tcp`];
}

function haproxy(name: string): Pick<MonitoringContainer, "name" | "image" | "entrypoint" | "memoryMiB"> {
  return { name, image: "haproxy", entrypoint: ["haproxy", "-db", "-f", HAPROXY], memoryMiB: 64 };
}

/** What runs on every host. */
export function agents(spec: ContainersSpec): MonitoringContainer[] {
  const { link, gatewayNames, witness = false } = spec;
  return [
    {
      name: "node-exporter",
      image: "node-exporter",
      command: [
        `--web.listen-address=${listen("node-exporter")}`,
        "--path.rootfs=/host",
        "--path.procfs=/host/proc",
        "--path.sysfs=/host/sys",
        // Nothing is asked of what these need: devices that may hang, and a daemon that is not there.
        "--no-collector.nfs",
        "--no-collector.nfsd",
        // In a network of its own it would count that one's packets as the host's.
        ...["netdev", "netclass", "netstat", "sockstat", "softnet", "arp", "conntrack", "udp_queues"].map(
          (name) => `--no-collector.${name}`,
        ),
      ],
      mounts: [["/", "/host"]],
      memoryMiB: 128,
      // It sees all files, and as the stack's user it could read its secrets: as nobody it reads what everybody may.
      user: "65534:65534",
      health: `${local("node-exporter")}/`,
      ports: onLoopback("node-exporter"),
    },
    {
      name: "alloy",
      image: "alloy",
      command: [
        "run",
        "--disable-reporting",
        `--server.http.listen-addr=0.0.0.0${listen("alloy")}`,
        "--storage.path=/data",
        "/etc/alloy/config.alloy",
      ],
      mounts: [
        ["config/alloy.alloy", "/etc/alloy/config.alloy"],
        ["/var/lib/docker/containers", "/containers"],
        ["data/alloy", "/data"],
      ],
      memoryMiB: 512,
      // Docker's log files belong to root and are for nobody else. It has no capability, so it is root over root's files only,
      // and writes its own data by the stack's group.
      user: `0:${spec.gid}`,
      ports: onLoopback("alloy"),
    },
    {
      ...haproxy("relay"),
      mounts: [
        ["config/relay.cfg", HAPROXY],
        ["data/relay", "/run/relay"],
      ],
      networks: "host",
    },
    {
      ...haproxy("front"),
      mounts: [
        ["config/front.cfg", HAPROXY],
        ["data/relay", "/run/relay"],
      ],
      ...(gatewayNames === undefined ? {} : { networks: { default: gatewayNames } }),
    },
    ...(witness
      ? [
          {
            ...haproxy("witness"),
            mounts: [["config/witness.cfg", HAPROXY]],
            // Keepers join the second one, in which there is nothing else.
            networks: { default: [], questions: [] },
          } as const,
        ]
      : []),
    ...(link === undefined
      ? []
      : [
          {
            name: "link",
            image: "link",
            command: ["--silent", "--config", "/etc/wireproxy/config"],
            mounts: [
              ["config/link.conf", "/etc/wireproxy/config"],
              ["secrets/link.conf", `${SECRETS}/link.conf`],
            ],
            memoryMiB: 128,
            ...(link.isMonitor ? { ports: [`0.0.0.0:${link.port}:${link.port}/udp`] } : {}),
          } as const,
        ]),
  ];
}

/** What watches. */
export function servers(spec: ServersSpec): MonitoringContainer[] {
  const { retention } = spec;
  return [
    {
      name: "prometheus",
      image: "prometheus",
      command: prometheusArgs({
        configFile: "/etc/prometheus/prometheus.yml",
        dataPath: "/prometheus",
        listen: listen("prometheus"),
        retentionDays: retention.days,
        retentionGiB: retention.gibibytes,
      }),
      mounts: [
        ["config/prometheus", "/etc/prometheus"],
        ["secrets/prometheus", SECRETS],
        ["data/prometheus", "/prometheus"],
      ],
      memoryMiB: 4_096,
      health: `${local("prometheus")}/-/ready`,
      ports: onLoopback("prometheus"),
    },
    {
      name: "alertmanager",
      image: "alertmanager",
      command: [
        "--config.file=/etc/alertmanager/alertmanager.yml",
        "--storage.path=/alertmanager",
        `--web.listen-address=${listen("alertmanager")}`,
        // One of it: it has no peers to talk to.
        "--cluster.listen-address=",
      ],
      mounts: [
        ["config/alertmanager", "/etc/alertmanager"],
        ["secrets/alertmanager", SECRETS],
        ["data/alertmanager", "/alertmanager"],
      ],
      memoryMiB: 256,
      health: `${local("alertmanager")}/-/ready`,
      ports: onLoopback("alertmanager"),
    },
    {
      name: "blackbox-exporter",
      image: "blackbox-exporter",
      command: ["--config.file=/etc/blackbox/blackbox.yml", `--web.listen-address=${listen("blackbox-exporter")}`],
      mounts: [["config/blackbox", "/etc/blackbox"]],
      memoryMiB: 128,
      health: `${local("blackbox-exporter")}/-/healthy`,
    },
    {
      name: "loki",
      image: "loki",
      command: ["-config.file=/etc/loki/loki.yaml"],
      mounts: [
        ["config/loki", "/etc/loki"],
        ["data/loki", "/loki"],
      ],
      memoryMiB: 2_048,
    },
    {
      name: "grafana",
      image: "grafana",
      environment: grafanaEnvironment({
        address: "0.0.0.0",
        port: MONITORING_PORTS.grafana,
        rootUrl: spec.grafanaUrl,
        passwordFile: spec.passwordFile,
      }),
      mounts: [
        ["config/grafana/provisioning", "/etc/grafana/provisioning"],
        ["config/grafana/dashboards", "/etc/grafana/dashboards"],
        ["secrets/grafana-admin", spec.passwordFile],
        ["data/grafana", "/var/lib/grafana"],
      ],
      memoryMiB: 1_024,
      health: `${local("grafana")}/api/health`,
      // A gateway joins the second one, in which there is nothing else.
      networks: { default: [], web: [] },
      ports: onLoopback("grafana"),
    },
  ];
}

/**
 * Memory that monitoring may use on a host, in mebibytes.
 * @param watches whether it is the monitoring host
 * @param witness whether keepers ask Prometheus there
 */
export function monitoringMemoryMiB(watches: boolean, linked: boolean, witness: boolean): number {
  const link = linked ? { link: { isMonitor: watches, port: LINK_PORT } } : {};
  const containers = [
    ...agents({ gid: 0, witness, ...link }),
    ...(watches ? servers({ grafanaUrl: "", retention: { days: 1, gibibytes: 1 }, passwordFile: "" }) : []),
  ];
  return containers.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
}
