import { delimiter, join } from "node:path";
import { accessSync, constants } from "node:fs";
import { ComponentResource, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { renderAlertmanager, type Receiver } from "../../monitoring/alertmanager/config.ts";
import { ruleFiles } from "../../monitoring/output.ts";
import { prometheusArgs, renderPrometheus, type ScrapeTarget } from "../../monitoring/prometheus/config.ts";
import { timingOf } from "../../monitoring/rules/timing.ts";
import { Process } from "../../provider/sdk/index.ts";

/** Names under which systems install the two: upstream's, and Debian's. */
const PROGRAMS = {
  prometheus: ["prometheus"],
  alertmanager: ["alertmanager", "prometheus-alertmanager"],
} as const;

const CONFIG = { prometheus: "prometheus.yml", alertmanager: "alertmanager.yml" } as const;
const LOOPBACK = "127.0.0.1";
/** A devnet's samples are worth looking at for as long as somebody looks. */
const RETENTION = { retentionDays: 2, retentionGiB: 1 };

/** Commands of both programs. */
export interface MonitoringPrograms {
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** Where this machine has both programs; undefined unless it has both. @param path the PATH to look on */
export function findMonitoringPrograms(path = process.env["PATH"] ?? ""): MonitoringPrograms | undefined {
  const find = (names: readonly string[]): string | undefined =>
    names.find((name) => path.split(delimiter).some((folder) => isExecutable(join(folder, name))));
  const prometheus = find(PROGRAMS.prometheus);
  const alertmanager = find(PROGRAMS.alertmanager);
  return prometheus !== undefined && alertmanager !== undefined ? { prometheus, alertmanager } : undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface LocalMonitoringArgs {
  readonly stack: string;
  /** Folder of the network's files. */
  readonly directory: string;
  readonly programs: MonitoringPrograms;
  readonly epochSeconds: number;
  /** Between two looks at a target. */
  readonly scrapeSeconds: number;
  readonly ports: { readonly prometheus: number; readonly alertmanager: number };
  readonly targets: readonly ScrapeTarget[];
  /** Who hears of alerts, whatever their severity. */
  readonly receivers: readonly Receiver[];
  /** What is scraped must be there first, so that nothing is reported as down that only has not started. */
  readonly ready: readonly Resource[];
}

/** The rules of public networks in a Prometheus and an Alertmanager on this machine: for devnets. Their times shrink with the epochs. */
export class LocalMonitoring extends ComponentResource {
  readonly prometheusUrl: Output<string>;
  readonly alertmanagerUrl: Output<string>;

  constructor(name: string, args: LocalMonitoringArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:LocalMonitoring", name, {}, options);
    const { directory, ports } = args;
    const run = (
      program: keyof MonitoringPrograms,
      flags: readonly string[],
      files: Record<string, string>,
      dependsOn: readonly Resource[],
    ): Process =>
      new Process(
        program,
        {
          name: program,
          directory,
          command: args.programs[program],
          args: flags,
          files,
          ports: { [`monitoring.${program}Port`]: ports[program] },
          readiness: { url: `http://${LOOPBACK}:${ports[program]}/-/ready`, kind: "http", timeoutSeconds: 30 },
          stopGraceSeconds: 10,
        },
        { parent: this, dependsOn: [...dependsOn] },
      );
    const fileOf = (program: string, file: string): string => join(directory, "processes", program, "files", file);
    const rules = ruleFiles(timingOf(args.epochSeconds, args.scrapeSeconds));
    const own = (["prometheus", "alertmanager"] as const).map((job) => ({
      job,
      target: `${LOOPBACK}:${ports[job]}`,
      path: "/metrics",
      labels: { host: "localhost" },
    }));

    const alertmanager = run(
      "alertmanager",
      [
        `--config.file=${fileOf("alertmanager", CONFIG.alertmanager)}`,
        `--storage.path=${join(directory, "monitoring", "alertmanager")}`,
        `--web.listen-address=${LOOPBACK}:${ports.alertmanager}`,
        // One of them needs no peers.
        "--cluster.listen-address=",
      ],
      {
        [CONFIG.alertmanager]: renderAlertmanager({
          page: args.receivers,
          warn: args.receivers,
          info: args.receivers,
          timing: { groupWait: "1s", groupInterval: "2s", repeat: "1h" },
        }),
      },
      [],
    );
    const prometheus = run(
      "prometheus",
      prometheusArgs({
        configFile: fileOf("prometheus", CONFIG.prometheus),
        dataPath: join(directory, "monitoring", "prometheus"),
        listen: `${LOOPBACK}:${ports.prometheus}`,
        ...RETENTION,
      }),
      {
        [CONFIG.prometheus]: renderPrometheus({
          stack: args.stack,
          network: "devnet",
          major: 2,
          scrapeSeconds: args.scrapeSeconds,
          targets: [...args.targets, ...own],
          // Beside the configuration.
          ruleFiles: [...rules.keys()],
          alertmanagers: [`${LOOPBACK}:${ports.alertmanager}`],
          remoteWrite: [],
        }),
        ...Object.fromEntries(rules),
      },
      [alertmanager, ...args.ready],
    );
    this.prometheusUrl = prometheus.pid.apply(() => `http://${LOOPBACK}:${ports.prometheus}`);
    this.alertmanagerUrl = alertmanager.pid.apply(() => `http://${LOOPBACK}:${ports.alertmanager}`);
    this.registerOutputs({ prometheusUrl: this.prometheusUrl, alertmanagerUrl: this.alertmanagerUrl });
  }
}
