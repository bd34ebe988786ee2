import type { MetricsTarget } from "../../components/validator-node/bundle/spec.ts";
import { durationOf } from "../rules/timing.ts";
import { renderYaml } from "../yaml.ts";

/** Something that Prometheus scrapes. */
export interface ScrapeTarget {
  readonly job: string;
  /** `address:port`, on loopback, a private network, or a tunnel's end: metrics are never public. */
  readonly target: string;
  readonly path: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Proxy that it is reached through, `socks5://address:port`. */
  readonly proxy?: string;
}

/** Where samples are sent for longer than they are kept here. */
export interface RemoteWrite {
  readonly name: string;
  readonly url: string;
  /** File with the password, or the token when there is no user. */
  readonly credentialsFile: string;
  readonly username?: string;
}

/** What prometheus.yml is written from. */
export interface PrometheusSpec {
  readonly stack: string;
  readonly network: string;
  /** Of the Prometheus that reads it: 3 refuses targets whose content type is unclear, and takes an option for them that 2 does not know. */
  readonly major: 2 | 3;
  readonly scrapeSeconds: number;
  readonly targets: readonly ScrapeTarget[];
  /** Paths of rule files, patterns allowed. */
  readonly ruleFiles: readonly string[];
  /** `address:port`. */
  readonly alertmanagers: readonly string[];
  readonly remoteWrite: readonly RemoteWrite[];
  /** Public addresses that are asked as users would, and the blackbox exporter that asks. */
  readonly probes?: { readonly exporter: string; readonly urls: readonly string[] };
}

/** Who runs a node, and where. */
export interface NodePlace {
  readonly operator: string;
  readonly host: string;
  readonly node: string;
}

/** A node's metrics (`Bundle.metrics`) as Prometheus scrapes them. */
export function nodeTargets(metrics: readonly MetricsTarget[], place: NodePlace): ScrapeTarget[] {
  return metrics.map(({ job, client, role, target, path }) => ({
    job,
    target,
    path,
    labels: { operator: place.operator, host: place.host, node: place.node, client, role },
  }));
}

/** prometheus.yml. */
export function renderPrometheus(spec: PrometheusSpec): string {
  const common = { stack: spec.stack, network: spec.network };
  const fallback = spec.major === 3 ? { fallback_scrape_protocol: "PrometheusText0.0.4" } : {};
  // A proxy is a job's: what is behind one is a scrape configuration of its own, with the job's name as a label.
  const jobs = [...new Set(spec.targets.map(({ job, proxy }) => JSON.stringify([job, proxy])))].map((key) => {
    const targets = spec.targets.filter(({ job, proxy }) => JSON.stringify([job, proxy]) === key);
    return { job: targets[0]?.job ?? "", proxy: targets[0]?.proxy, targets };
  });
  const { probes } = spec;
  return renderYaml({
    global: {
      scrape_interval: durationOf(spec.scrapeSeconds),
      evaluation_interval: durationOf(spec.scrapeSeconds),
      external_labels: common,
    },
    rule_files: [...spec.ruleFiles],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [...spec.alertmanagers] }] }] },
    scrape_configs: [
      ...jobs.map(({ job, proxy, targets }) => ({
        job_name: proxy === undefined ? job : `${job}-link`,
        ...(proxy === undefined ? {} : { proxy_url: proxy }),
        ...fallback,
        static_configs: targets.map(({ target, path, labels }) => ({
          targets: [target],
          labels: { ...common, ...labels, ...(proxy === undefined ? {} : { job }), __metrics_path__: path },
        })),
      })),
      ...(probes && probes.urls.length > 0
        ? [
            {
              job_name: "probe",
              metrics_path: "/probe",
              params: { module: ["https"] },
              ...fallback,
              static_configs: [{ targets: [...probes.urls], labels: common }],
              relabel_configs: [
                { source_labels: ["__address__"], target_label: "__param_target" },
                { source_labels: ["__param_target"], target_label: "instance" },
                { target_label: "__address__", replacement: probes.exporter },
              ],
            },
          ]
        : []),
    ],
    ...(spec.remoteWrite.length > 0
      ? {
          remote_write: spec.remoteWrite.map(({ name, url, username, credentialsFile }) => ({
            name,
            url,
            ...(username === undefined
              ? { authorization: { type: "Bearer", credentials_file: credentialsFile } }
              : { basic_auth: { username, password_file: credentialsFile } }),
          })),
        }
      : {}),
  });
}

/** How Prometheus is started. */
export interface PrometheusFlags {
  readonly configFile: string;
  readonly dataPath: string;
  readonly listen: string;
  readonly retentionDays: number;
  /** Gibibytes after which the oldest samples go, whatever their age. */
  readonly retentionGiB: number;
  /** Address under which people reach it, for links in alerts. */
  readonly externalUrl?: string;
}

/** Prometheus' command line. The lifecycle and admin APIs stay off: whoever reaches the port may read, and nothing else. */
export function prometheusArgs(flags: PrometheusFlags): string[] {
  return [
    `--config.file=${flags.configFile}`,
    `--storage.tsdb.path=${flags.dataPath}`,
    `--storage.tsdb.retention.time=${flags.retentionDays}d`,
    `--storage.tsdb.retention.size=${flags.retentionGiB}GB`,
    `--web.listen-address=${flags.listen}`,
    ...(flags.externalUrl === undefined ? [] : [`--web.external-url=${flags.externalUrl}`]),
  ];
}

/** The blackbox exporter's one module: an HTTPS address that answers well, with a valid certificate. */
export function renderBlackbox(): string {
  return renderYaml({
    modules: {
      https: {
        prober: "http",
        timeout: "10s",
        // Pages behind a login answer with 401: the gateway and its certificate are there.
        http: { method: "GET", fail_if_not_ssl: true, valid_status_codes: [200, 204, 301, 302, 401, 403] },
      },
    },
  });
}
