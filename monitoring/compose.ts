import { createHash } from "node:crypto";
import type { Bundle, BundleDirectory, BundleFile } from "../components/validator-node/bundle/spec.ts";
import { credentialFiles, renderAlertmanager } from "./alertmanager/config.ts";
import type { AlertmanagerSpec } from "./alertmanager/config.ts";
import { dashboardFiles } from "./dashboards/index.ts";
import { grafanaEnvironment, renderDashboardProvider, renderDatasources } from "./grafana/provisioning.ts";
import { monitoringImage } from "./images.ts";
import type { MonitoringImage, MonitoringService } from "./images.ts";
import { renderAlloy, renderLoki } from "./loki/config.ts";
import { ruleFiles } from "./output.ts";
import { prometheusArgs, renderBlackbox, renderPrometheus } from "./prometheus/config.ts";
import type { RemoteWrite, ScrapeTarget } from "./prometheus/config.ts";
import { renderFacts } from "./prometheus/facts.ts";
import type { ForkFact } from "./prometheus/facts.ts";
import type { Timing } from "./rules/timing.ts";
import { renderYaml } from "./yaml.ts";

/** Ports of the stack's services, all on one address. */
export const MONITORING_PORTS = {
  prometheus: 9090,
  alertmanager: 9093,
  grafana: 3000,
  loki: 3100,
  alloy: 12345,
  "node-exporter": 9100,
  "blackbox-exporter": 9115,
} as const satisfies Readonly<Record<MonitoringService, number>>;

/** What a host that watches, or is watched, is rendered from. */
export interface MonitoringSpec {
  readonly stack: string;
  readonly network: string;
  readonly host: string;
  /** Loopback or the private network's address: everything listens here and nowhere else. */
  readonly address: string;
  readonly timing: Timing;
  /** Node exporter and log shipper only, for hosts that are watched from elsewhere; `lokiUrl` says where lines go. */
  readonly agent?: { readonly lokiUrl: string };
  readonly targets: readonly ScrapeTarget[];
  readonly facts: readonly ForkFact[];
  readonly alertmanager: AlertmanagerSpec;
  readonly remoteWrite: readonly RemoteWrite[];
  /** Addresses that a probe asks as users do. */
  readonly probes: readonly string[];
  /** Grafana's public address. */
  readonly grafanaUrl: string;
  readonly runbookUrl?: string;
  readonly retention: { readonly days: number; readonly gibibytes: number; readonly logDays: number };
  readonly images?: Readonly<Partial<Record<MonitoringService, Partial<MonitoringImage>>>>;
  readonly uid: number;
  readonly gid: number;
}

/** A bundle, and the secrets that somebody has to bring: they are no part of it. */
export interface MonitoringBundle extends Bundle {
  /** Files below `secrets/` that must be there before the start, mode 0400, owned by the stack's user. */
  readonly credentials: readonly string[];
}

interface Service {
  readonly name: MonitoringService;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Source relative to the folder, or an absolute path of the host; read-only unless it is data. */
  readonly mounts: readonly (readonly [source: string, target: string])[];
  readonly memoryMiB: number;
  /** Asked inside the container, by images that have busybox. */
  readonly health?: string;
  readonly user?: string;
  readonly pid?: "host";
}

const SECRETS = "/run/secrets";

/** Where a container finds a secret's file. */
export function monitoringSecret(name: string): string {
  return `${SECRETS}/${name}`;
}

/** The compose file and configurations of a monitoring host, and what they need. */
export function renderMonitoring(spec: MonitoringSpec): MonitoringBundle {
  const agentOnly = spec.agent !== undefined;
  const files = agentOnly ? agentFiles(spec) : [...agentFiles(spec), ...serverFiles(spec)];
  const services = agentOnly ? agents(spec) : [...agents(spec), ...servers(spec)];
  const data = [
    "data/alloy",
    ...(agentOnly ? [] : ["data/prometheus", "data/alertmanager", "data/grafana", "data/loki"]),
  ];
  const definitions = services.map((service) => [service.name, definitionOf(service, spec, files)] as const);
  const directories: BundleDirectory[] = [...data, "secrets"].map((path) => ({
    path,
    mode: path === "data/alloy" ? "0770" : "0700",
  }));
  return {
    directories,
    files: [
      {
        path: "compose.yaml",
        mode: "0640",
        content: renderYaml({ name: "ethstake-monitoring", services: Object.fromEntries(definitions) }),
      },
      ...files,
    ],
    secrets: agentOnly ? [] : [{ path: "secrets/grafana-admin", mode: "0400", bytes: 32 }],
    credentials: agentOnly ? [] : credentials(spec),
    metrics: [],
    // Nothing of it is public: the gateway is, and has a bundle of its own.
    ports: [],
    services: Object.fromEntries(definitions.map(([name, definition]) => [name, hash(definition)])),
    executionRpc: "",
    beaconApis: [],
  };
}

/** Targets of the stack's own services, and of the exporter of each watched host. */
export function monitoringTargets(
  spec: Pick<MonitoringSpec, "address" | "host">,
  watched: readonly { readonly host: string; readonly operator: string; readonly address: string }[],
): ScrapeTarget[] {
  const own = (["prometheus", "alertmanager", "loki", "grafana"] as const).map((job) => ({
    job,
    target: `${spec.address}:${MONITORING_PORTS[job]}`,
    path: "/metrics",
    labels: { host: spec.host },
  }));
  return [
    ...own,
    ...watched.flatMap(({ host, operator, address }) =>
      (["node-exporter", "alloy"] as const).map((service) => ({
        job: service === "alloy" ? "alloy" : "node",
        target: `${address}:${MONITORING_PORTS[service]}`,
        path: "/metrics",
        labels: { host, operator },
      })),
    ),
  ];
}

/** Names of secrets that configurations read from `/run/secrets`. */
function credentials(spec: MonitoringSpec): string[] {
  const files = [
    ...credentialFiles(spec.alertmanager),
    ...spec.remoteWrite.map(({ credentialsFile }) => credentialsFile),
  ];
  const strange = files.filter((file) => !/^\/run\/secrets\/[A-Za-z0-9._-]+$/.test(file));
  if (strange.length > 0)
    throw new TypeError(`credentials are read from ${SECRETS}, and not from ${strange.join(", ")}`);
  return [...new Set(files.map((file) => file.replace(SECRETS, "secrets")))];
}

function listen(spec: MonitoringSpec, service: MonitoringService): string {
  return `${spec.address}:${MONITORING_PORTS[service]}`;
}

function file(path: string, content: string): BundleFile {
  return { path, mode: "0440", content };
}

function agentFiles(spec: MonitoringSpec): BundleFile[] {
  return [
    file(
      "config/alloy.alloy",
      renderAlloy({
        stack: spec.stack,
        network: spec.network,
        host: spec.host,
        lokiUrl: spec.agent?.lokiUrl ?? `http://${listen(spec, "loki")}/loki/api/v1/push`,
        containersPath: "/containers",
      }),
    ),
  ];
}

function serverFiles(spec: MonitoringSpec): BundleFile[] {
  const grafana = {
    prometheusUrl: `http://${listen(spec, "prometheus")}`,
    lokiUrl: `http://${listen(spec, "loki")}`,
    alertmanagerUrl: `http://${listen(spec, "alertmanager")}`,
    dashboardsPath: "/etc/grafana/dashboards",
    scrapeSeconds: spec.timing.scrapeSeconds,
  };
  return [
    file(
      "config/prometheus/prometheus.yml",
      renderPrometheus({
        stack: spec.stack,
        network: spec.network,
        major: 3,
        scrapeSeconds: spec.timing.scrapeSeconds,
        targets: spec.targets,
        ruleFiles: ["/etc/prometheus/rules/*.yml"],
        alertmanagers: [listen(spec, "alertmanager")],
        remoteWrite: spec.remoteWrite,
        probes: { exporter: listen(spec, "blackbox-exporter"), urls: spec.probes },
      }),
    ),
    ...[...ruleFiles(spec.timing, spec.runbookUrl)].map(([name, content]) =>
      file(`config/prometheus/rules/${name}`, content),
    ),
    file("config/prometheus/rules/facts.yml", renderFacts(spec.stack, spec.network, spec.facts)),
    file("config/blackbox/blackbox.yml", renderBlackbox()),
    file("config/alertmanager/alertmanager.yml", renderAlertmanager(spec.alertmanager)),
    file(
      "config/loki/loki.yaml",
      renderLoki({
        address: spec.address,
        port: MONITORING_PORTS.loki,
        dataPath: "/loki",
        retentionDays: spec.retention.logDays,
      }),
    ),
    file("config/grafana/provisioning/datasources/ethstake.yaml", renderDatasources(grafana)),
    file("config/grafana/provisioning/dashboards/ethstake.yaml", renderDashboardProvider(grafana)),
    ...[...dashboardFiles()].map(([name, content]) => file(`config/grafana/dashboards/${name}`, content)),
  ];
}

/** What runs on every host. */
function agents(spec: MonitoringSpec): Service[] {
  return [
    {
      name: "node-exporter",
      command: [
        `--web.listen-address=${listen(spec, "node-exporter")}`,
        "--path.rootfs=/host",
        "--path.procfs=/host/proc",
        "--path.sysfs=/host/sys",
        // Nothing is asked of what these need: devices that may hang, and a daemon that is not there.
        "--no-collector.nfs",
        "--no-collector.nfsd",
      ],
      mounts: [["/", "/host"]],
      memoryMiB: 128,
      pid: "host",
      health: `http://${listen(spec, "node-exporter")}/`,
    },
    {
      name: "alloy",
      command: [
        "run",
        "--disable-reporting",
        `--server.http.listen-addr=${listen(spec, "alloy")}`,
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
    },
  ];
}

/** What watches. */
function servers(spec: MonitoringSpec): Service[] {
  const { retention } = spec;
  return [
    {
      name: "prometheus",
      command: prometheusArgs({
        configFile: "/etc/prometheus/prometheus.yml",
        dataPath: "/prometheus",
        listen: listen(spec, "prometheus"),
        retentionDays: retention.days,
        retentionGiB: retention.gibibytes,
      }),
      mounts: [
        ["config/prometheus", "/etc/prometheus"],
        ["secrets", SECRETS],
        ["data/prometheus", "/prometheus"],
      ],
      memoryMiB: 4_096,
      health: `http://${listen(spec, "prometheus")}/-/ready`,
    },
    {
      name: "alertmanager",
      command: [
        "--config.file=/etc/alertmanager/alertmanager.yml",
        "--storage.path=/alertmanager",
        `--web.listen-address=${listen(spec, "alertmanager")}`,
        // One of it: it has no peers to talk to.
        "--cluster.listen-address=",
      ],
      mounts: [
        ["config/alertmanager", "/etc/alertmanager"],
        ["secrets", SECRETS],
        ["data/alertmanager", "/alertmanager"],
      ],
      memoryMiB: 256,
      health: `http://${listen(spec, "alertmanager")}/-/ready`,
    },
    {
      name: "blackbox-exporter",
      command: [
        "--config.file=/etc/blackbox/blackbox.yml",
        `--web.listen-address=${listen(spec, "blackbox-exporter")}`,
      ],
      mounts: [["config/blackbox", "/etc/blackbox"]],
      memoryMiB: 128,
      health: `http://${listen(spec, "blackbox-exporter")}/-/healthy`,
    },
    {
      name: "loki",
      command: ["-config.file=/etc/loki/loki.yaml"],
      mounts: [
        ["config/loki", "/etc/loki"],
        ["data/loki", "/loki"],
      ],
      memoryMiB: 2_048,
    },
    {
      name: "grafana",
      environment: grafanaEnvironment({
        address: spec.address,
        port: MONITORING_PORTS.grafana,
        rootUrl: spec.grafanaUrl,
        passwordFile: monitoringSecret("grafana-admin"),
      }),
      mounts: [
        ["config/grafana/provisioning", "/etc/grafana/provisioning"],
        ["config/grafana/dashboards", "/etc/grafana/dashboards"],
        ["secrets/grafana-admin", monitoringSecret("grafana-admin")],
        ["data/grafana", "/var/lib/grafana"],
      ],
      memoryMiB: 1_024,
      health: `http://${listen(spec, "grafana")}/api/health`,
    },
  ];
}

/** A service as compose knows it. The host's network, because what is scraped is on the host's loopback; each listens on one address. */
function definitionOf(service: Service, spec: MonitoringSpec, files: readonly BundleFile[]): Record<string, unknown> {
  return {
    image: monitoringImage(service.name, spec.images?.[service.name]),
    ...(service.command === undefined ? {} : { command: service.command.map(escaped) }),
    ...(service.environment === undefined ? {} : { environment: service.environment }),
    user: service.user ?? `${spec.uid}:${spec.gid}`,
    // Compose does not look into mounted files: with their hash it starts a service anew when its configuration changes.
    labels: { "ethstake.configuration": hash(mountedFiles(service, files)) },
    network_mode: "host",
    ...(service.pid === undefined ? {} : { pid: service.pid }),
    read_only: true,
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    tmpfs: ["/tmp:mode=1777,size=67108864"],
    volumes: service.mounts.map(([source, target]) => ({
      type: "bind",
      source: source.startsWith("/") ? source : `./${source}`,
      target,
      ...(source.startsWith("data/") ? {} : { read_only: true }),
      bind: { create_host_path: false, ...(source === "/" ? { propagation: "rslave" } : {}) },
    })),
    ...(service.health === undefined
      ? {}
      : {
          healthcheck: {
            test: ["CMD", "wget", "-q", "-O", "/dev/null", service.health],
            interval: "10s",
            timeout: "5s",
            retries: 6,
            start_period: "1m",
          },
        }),
    restart: "unless-stopped",
    mem_limit: `${service.memoryMiB}m`,
    logging: { driver: "json-file", options: { "max-size": "20m", "max-file": "3", tag: "{{.Name}}" } },
  };
}

/** Compose expands `$`; a text that has one is meant as it is. */
function escaped(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** Files of the bundle that a service mounts, alone or with their folder. */
function mountedFiles({ mounts }: Service, files: readonly BundleFile[]): BundleFile[] {
  return files.filter(({ path }) => mounts.some(([source]) => path === source || path.startsWith(`${source}/`)));
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
