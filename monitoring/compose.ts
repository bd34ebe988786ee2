import { createHash } from "node:crypto";
import type { Bundle, BundleDirectory, BundleFile } from "../components/validator-node/bundle/spec.ts";
import { credentialFiles, renderAlertmanager } from "./alertmanager/config.ts";
import type { AlertmanagerSpec } from "./alertmanager/config.ts";
import { dashboardFiles } from "./dashboards/index.ts";
import { renderDashboardProvider, renderDatasources } from "./grafana/provisioning.ts";
import { monitoringImage } from "./images.ts";
import type { MonitoringImage, MonitoringService } from "./images.ts";
import { LINK_PROXY, linkPort, renderLink } from "./link.ts";
import type { LinkSpec } from "./link.ts";
import { renderAlloy, renderLoki } from "./loki/config.ts";
import { ruleFiles } from "./output.ts";
import { renderBlackbox, renderPrometheus } from "./prometheus/config.ts";
import type { RemoteWrite, ScrapeTarget } from "./prometheus/config.ts";
import { renderFacts } from "./prometheus/facts.ts";
import type { ForkFact } from "./prometheus/facts.ts";
import { renderFront, renderRelay } from "./relay.ts";
import type { RelayTarget } from "./relay.ts";
import type { Timing } from "./rules/timing.ts";
import { renderWitness, WITNESS_PORT } from "./witness.ts";
import { agents, MONITORING_PORTS, servers } from "./services.ts";
import type { MonitoringContainer } from "./services.ts";
import { renderYaml } from "./yaml.ts";

/** The project of a host's containers; Compose puts it before the names of its networks. */
export const MONITORING_PROJECT = "ethstake-monitoring";
/** The Docker network in which a gateway finds Grafana, and nothing else. */
export const GRAFANA_NETWORK = `${MONITORING_PROJECT}_web`;

/** The Docker network in which a keeper finds the witness, and nothing else. */
export const WITNESS_NETWORK = `${MONITORING_PROJECT}_questions`;

/** Images other than the pinned ones. */
export type MonitoringImages = Readonly<Partial<Record<MonitoringService, Partial<MonitoringImage>>>>;

/** What a host that is watched is rendered from: node exporter, log shipper, and the relay to what runs on it. */
export interface AgentSpec {
  readonly stack: string;
  readonly network: string;
  readonly host: string;
  /** What the relay lets through, the host's own exporters besides. */
  readonly relayed: readonly RelayTarget[];
  /** Its end of the link, where the monitoring host is another one or has other hosts to watch. */
  readonly link?: LinkSpec;
  /** Whether keepers ask Prometheus: those of this host, or on the monitoring host those of any. */
  readonly witness?: boolean;
  /** Names of a gateway on this host. */
  readonly gatewayNames?: readonly string[];
  readonly images?: MonitoringImages;
  readonly uid: number;
  readonly gid: number;
}

/** What the host that watches is rendered from. */
export interface MonitoringSpec extends AgentSpec {
  readonly timing: Timing;
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
}

/** A bundle, and the secrets that somebody has to bring: they are no part of it. */
export interface MonitoringBundle extends Bundle {
  /** Files below `secrets/` that must be there before the start, mode 0400, owned by the stack's user. */
  readonly credentials: readonly string[];
}

const SECRETS = "/run/secrets";
/** What the relay lets through on every host. */
const EXPORTERS = (["node-exporter", "alloy"] as const).map((service) => ({
  job: service === "alloy" ? "alloy" : "node",
  target: `127.0.0.1:${MONITORING_PORTS[service]}`,
  path: "/metrics",
}));

/** Where a container finds a secret's file. */
export function monitoringSecret(name: string): string {
  return `${SECRETS}/${name}`;
}

/** The exporters of a host itself, as its relay has them. */
export function hostExporters(): readonly (RelayTarget & { readonly job: string })[] {
  return EXPORTERS;
}

/** The monitoring host's own services, which Prometheus reaches by their names. */
export function ownTargets(host: string): ScrapeTarget[] {
  return (["prometheus", "alertmanager", "loki", "grafana"] as const).map((job) => ({
    job,
    target: `${job}:${MONITORING_PORTS[job]}`,
    path: "/metrics",
    labels: { host },
  }));
}

/** The compose file and configurations of a host that is watched, and what they need. */
export function renderAgent(spec: AgentSpec): MonitoringBundle {
  return bundleOf(spec, agents(spec), agentFiles(spec), []);
}

/**
 * The compose file and configurations of a monitoring host, and what they need.
 * @throws TypeError for a credential that is not read from /run/secrets
 */
export function renderMonitoring(spec: MonitoringSpec): MonitoringBundle {
  const containers = [...agents(spec), ...servers({ ...spec, passwordFile: monitoringSecret("grafana-admin") })];
  return bundleOf(spec, containers, [...agentFiles(spec), ...serverFiles(spec)], credentials(spec));
}

function bundleOf(
  spec: AgentSpec,
  containers: readonly MonitoringContainer[],
  files: readonly BundleFile[],
  credentials: readonly string[],
): MonitoringBundle {
  const definitions = containers.map((one) => [one.name, definitionOf(one, spec, files)] as const);
  const folders = containers.flatMap(({ mounts }) => mounts.map(([source]) => source));
  const data = [...new Set(folders.filter((source) => source.startsWith("data/")))];
  const secrets = folders.filter((source) => /^secrets\/(prometheus|alertmanager)$/.test(source));
  const directories: BundleDirectory[] = [...data, "secrets", ...secrets].map((path) => ({
    path,
    mode: path === "data/alloy" ? "0770" : "0700",
  }));
  const joined = containers.flatMap(({ networks }) => (typeof networks === "object" ? Object.keys(networks) : []));
  const networks = [...new Set(joined)].filter((name) => name !== "default");
  const usesWeb = networks.includes("web");
  const compose = {
    name: MONITORING_PROJECT,
    services: Object.fromEntries(definitions),
    ...(networks.length > 0 ? { networks: Object.fromEntries(networks.map((name) => [name, {}])) } : {}),
  };
  return {
    directories,
    files: [{ path: "compose.yaml", mode: "0640", content: renderYaml(compose) }, ...files],
    secrets: usesWeb ? [{ path: "secrets/grafana-admin", mode: "0400", bytes: 32 }] : [],
    credentials,
    metrics: [],
    ports: spec.link?.isMonitor === true ? [linkPort(spec.link.port)] : [],
    services: Object.fromEntries(definitions.map(([name, definition]) => [name, hash(definition)])),
    executionRpc: "",
    beaconApis: [],
  };
}

/** Files that configurations read from `/run/secrets`, by the service that does. */
function credentials(spec: MonitoringSpec): string[] {
  const files = [
    ...credentialFiles(spec.alertmanager).map((file) => ["alertmanager", file] as const),
    ...spec.remoteWrite.map(({ credentialsFile }) => ["prometheus", credentialsFile] as const),
  ];
  const strange = files.filter(([, file]) => !/^\/run\/secrets\/[A-Za-z0-9._-]+$/.test(file));
  if (strange.length > 0)
    throw new TypeError(`credentials are read from ${SECRETS}, and not from ${strange.map(([, f]) => f).join(", ")}`);
  return [...new Set(files.map(([service, file]) => file.replace(SECRETS, `secrets/${service}`)))];
}

function file(path: string, content: string): BundleFile {
  return { path, mode: "0440", content };
}

function agentFiles(spec: AgentSpec): BundleFile[] {
  const { stack, network, host, link, witness = false } = spec;
  const isRemote = link !== undefined && !link.isMonitor;
  const loki = isRemote ? `[${link.monitor}]` : "loki";
  return [
    file(
      "config/alloy.alloy",
      renderAlloy({
        stack,
        network,
        host,
        lokiUrl: `http://${loki}:${MONITORING_PORTS.loki}/loki/api/v1/push`,
        proxy: isRemote ? LINK_PROXY : undefined,
        containersPath: "/containers",
      }),
    ),
    file("config/relay.cfg", renderRelay([...EXPORTERS, ...spec.relayed], spec.gatewayNames !== undefined)),
    file("config/front.cfg", renderFront(spec.gatewayNames !== undefined)),
    ...(witness
      ? [
          file(
            "config/witness.cfg",
            renderWitness(isRemote ? `link:${WITNESS_PORT}` : `prometheus:${MONITORING_PORTS.prometheus}`),
          ),
        ]
      : []),
    ...(link === undefined ? [] : [file("config/link.conf", renderLink(link))]),
  ];
}

function serverFiles(spec: MonitoringSpec): BundleFile[] {
  const at = (service: keyof typeof MONITORING_PORTS): string => `${service}:${MONITORING_PORTS[service]}`;
  const grafana = {
    prometheusUrl: `http://${at("prometheus")}`,
    lokiUrl: `http://${at("loki")}`,
    alertmanagerUrl: `http://${at("alertmanager")}`,
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
        alertmanagers: [at("alertmanager")],
        remoteWrite: spec.remoteWrite,
        probes: { exporter: at("blackbox-exporter"), urls: spec.probes },
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
        address: "0.0.0.0",
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

/** A service as compose knows it. */
function definitionOf(
  service: MonitoringContainer,
  spec: AgentSpec,
  files: readonly BundleFile[],
): Record<string, unknown> {
  const { networks } = service;
  return {
    image: monitoringImage(service.image, spec.images?.[service.image]),
    ...(service.entrypoint === undefined ? {} : { entrypoint: [...service.entrypoint] }),
    ...(service.command === undefined ? {} : { command: service.command.map(escaped) }),
    ...(service.environment === undefined ? {} : { environment: service.environment }),
    user: service.user ?? `${spec.uid}:${spec.gid}`,
    // Compose does not look into mounted files: with their hash it starts a service anew when its configuration changes.
    labels: { "ethstake.configuration": hash(mountedFiles(service, files)) },
    ...(networks === undefined ? {} : networks === "host" ? { network_mode: "host" } : { networks: named(networks) }),
    ...(service.ports === undefined ? {} : { ports: [...service.ports] }),
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

function named(networks: Readonly<Record<string, readonly string[]>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(networks).map(([name, aliases]) => [name, aliases.length > 0 ? { aliases: [...aliases] } : {}]),
  );
}

/** Compose expands `$`; a text that has one is meant as it is. */
function escaped(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** Files of the bundle that a service mounts, alone or with their folder. */
function mountedFiles({ mounts }: MonitoringContainer, files: readonly BundleFile[]): BundleFile[] {
  return files.filter(({ path }) => mounts.some(([source]) => path === source || path.startsWith(`${source}/`)));
}

function hash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
