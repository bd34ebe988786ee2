import {
  all,
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { renderAgent, renderMonitoring, type MonitoringBundle } from "../../monitoring/compose.ts";
import { LINK_PORT, linkAddress, renderPeers, type LinkSpec } from "../../monitoring/link.ts";
import type { ScrapeTarget } from "../../monitoring/prometheus/config.ts";
import { MONITORING_PORTS } from "../../monitoring/services.ts";
import { runOnHost } from "../host/run.ts";
import { applyScripts } from "../validator-node/bundle/apply.ts";
import { credentialsInput, credentialsScript, keyScript, linkScript, publicKey } from "./scripts.ts";
import type { MonitoredHost, MonitoringStackArgs } from "./spec.ts";
import { scrapeTargets, watchedTargets, type KnownHost } from "./targets.ts";

export { MonitoringKeyError } from "./scripts.ts";
export type * from "./spec.ts";

/** Name of the project of its containers, after `ethstake-`. */
const PROJECT = "monitoring";

/** What Prometheus watches, as the stack's outputs show it. */
export interface ScrapedTarget {
  readonly job: string;
  readonly host: string;
  /** Host and port there, as alerts name it. */
  readonly instance: string;
}

/**
 * Prometheus, Alertmanager, Grafana and Loki on one host, and on every host of the fleet what they ask: node exporter, log shipper, relay. Where
 * there are several hosts, a WireGuard link from each to the monitoring host; their keys are made on the hosts and stay there.
 *
 * Resources: on each host its files and its services, with links a key and the link's peers; on the monitoring host its credentials, besides.
 */
export class MonitoringStack extends ComponentResource {
  /** Where people look: Grafana's public address, the others on the monitoring host's loopback. Known once it runs. */
  readonly urls: Output<Readonly<Record<"grafana" | "prometheus" | "alertmanager", string>>>;
  /** What is scraped. */
  readonly targets: Output<readonly ScrapedTarget[]>;
  /** Services of each host by a hash of what they run on. */
  readonly services: Output<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  /** What a gateway to Grafana waits for. */
  readonly running: Resource;
  /** What runs on each host, by name: what a keeper that asks Prometheus waits for. */
  readonly runningOn: ReadonlyMap<string, Resource>;

  constructor(name: string, args: MonitoringStackArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:MonitoringStack", name, {}, options);
    const monitor = args.hosts.find((host) => host.name === args.host);
    if (monitor === undefined) throw new TypeError(`the monitoring host ${args.host} is none of the fleet's`);
    const others = args.hosts.filter((host) => host !== monitor);
    const known = all(args.hosts.map(knownHost));
    const targets = known.apply((hosts) => scrapeTargets(args.plan.stack, monitor.name, hosts, args.keepers ?? []));

    const bundles = new Map(
      args.hosts.map((host) => [
        host.name,
        all([known, targets]).apply(([hosts, scraped]) => bundleOf(args, host, hosts, scraped)),
      ]),
    );
    const placed = (host: MonitoredHost): Placed => new Placed(this, name, host, bundles.get(host.name));
    const watching = placed(monitor);
    const watched = others.map(placed);
    if (watched.length > 0) link(args, watching, watched);

    // What is read is known before: which files there are follows from the settings.
    const { credentials } = renderMonitoring({ ...args.plan, host: monitor.name, relayed: [], targets: [] });
    if (credentials.length > 0) {
      const content = output(args.credentials ?? {}).apply((given) => credentialsInput(credentials, given));
      watching.command(`${name}-credentials`, output(credentialsScript(monitor.directory)), secret(content), ["stdin"]);
    }
    this.running = watching.start();
    this.runningOn = new Map([
      [monitor.name, this.running],
      ...watched.map((one) => [one.host.name, one.start()] as const),
    ]);

    this.urls = this.running.urn.apply(() => ({
      grafana: args.plan.grafanaUrl,
      prometheus: `http://127.0.0.1:${MONITORING_PORTS.prometheus}`,
      alertmanager: `http://127.0.0.1:${MONITORING_PORTS.alertmanager}`,
    }));
    this.targets = targets.apply((scraped) => scraped.map(shown));
    this.services = all(
      [...bundles].map(([host, bundle]) => bundle.apply(({ services }) => [host, services] as const)),
    ).apply((entries) => Object.fromEntries(entries));
    this.registerOutputs({ urls: this.urls, targets: this.targets, services: this.services });
  }
}

/** Monitoring's part on one host: each of its commands waits for those before it. */
class Placed {
  readonly #parent: MonitoringStack;
  readonly #name: string;
  readonly #scripts: Output<ReturnType<typeof applyScripts>>;
  readonly host: MonitoredHost;
  #after: readonly Resource[];

  constructor(
    parent: MonitoringStack,
    component: string,
    host: MonitoredHost,
    bundle: Output<MonitoringBundle> | undefined,
  ) {
    if (bundle === undefined) throw new TypeError(`the host ${host.name} has no bundle`);
    this.#parent = parent;
    this.#name = `${component}-${host.name}`;
    this.host = host;
    this.#after = host.ready;
    this.#scripts = bundle.apply((rendered) => applyScripts(PROJECT, host.directory, rendered));
    const install = this.#scripts.apply(({ install: script }) => script);
    this.command(
      `${this.#name}-bundle`,
      install,
      this.#scripts.apply(({ files }) => files),
    );
  }

  /** Runs a script on the host, after those before it. @returns what it prints */
  command(
    name: string,
    script: Output<string>,
    stdin: Output<string>,
    secrets: readonly string[] = [],
  ): Output<string> {
    const made = runOnHost(
      name,
      this.host.connection,
      { create: this.#onMachine(script), stdin },
      { ...this.#options(), additionalSecretOutputs: [...secrets] },
    );
    this.#after = [made];
    return made.stdout;
  }

  /** Makes the host's key. @returns its public half */
  key(): Output<string> {
    const printed = this.command(`${this.#name}-key`, output(keyScript(this.host.directory)), output(""));
    return printed.apply((text) => publicKey(this.host.name, text));
  }

  /** Writes the link's end. */
  link(address: string, spec: LinkSpec, peers: Output<string>): void {
    this.command(`${this.#name}-link`, output(linkScript(this.host.directory, address, spec)), peers);
  }

  /** Starts its services. */
  start(): Resource {
    const create = this.#scripts.apply(({ up }) => up);
    const services = runOnHost(
      `${this.#name}-services`,
      this.host.connection,
      {
        create: this.#onMachine(create),
        delete: this.#scripts.apply(({ down }) => down),
        stdin: this.#scripts.apply((all) => all.services),
        triggers: [this.host.identity],
      },
      { ...this.#options(), deleteBeforeReplace: true },
    );
    return services;
  }

  #options(): CustomResourceOptions {
    return { parent: this.#parent, dependsOn: [...this.#after] };
  }

  /** Another machine behind the address is given everything anew. */
  #onMachine(script: Output<string>): Output<string> {
    return all([script, this.host.machine]).apply(
      ([text, machine]) => `${text}\n# on ${machine.replace(/\s+/g, " ")}\n`,
    );
  }
}

/** Links each watched host with the monitoring host: everyone knows its own private key and the others' public ones. */
function link(
  { plan: { stack }, host, endpoint }: MonitoringStackArgs,
  monitor: Placed,
  watched: readonly Placed[],
): void {
  const address = linkAddress(stack, host);
  const monitorKey = monitor.key();
  const keys = watched.map((one) => one.key());
  const addresses = watched.map((one) => linkAddress(stack, one.host.name));
  monitor.link(
    address,
    linkSpec(stack, host, true),
    all(keys).apply((all) =>
      renderPeers(all.map((publicKey, index) => ({ publicKey, address: addresses[index] ?? "" }))),
    ),
  );
  watched.forEach((one, index) => {
    const peer = all([monitorKey, endpoint]).apply(([publicKey, at]) =>
      renderPeers([{ publicKey, address, endpoint: `${at.includes(":") ? `[${at}]` : at}:${LINK_PORT}` }]),
    );
    one.link(addresses[index] ?? "", linkSpec(stack, host, false), peer);
  });
}

function linkSpec(stack: string, host: string, isMonitor: boolean): LinkSpec {
  return { isMonitor, monitor: linkAddress(stack, host), port: LINK_PORT };
}

/** Whether keepers on a host ask Prometheus, and whether their questions go through its link. */
function questionsOn(
  name: string,
  { host: monitor, keepers = [] }: Pick<MonitoringStackArgs, "host" | "keepers">,
): { readonly witness: boolean; readonly linked: boolean } {
  const asking = keepers.filter(({ asks }) => asks).map(({ host }) => host);
  const isMonitor = name === monitor;
  return {
    witness: isMonitor ? asking.length > 0 : asking.includes(name),
    linked: isMonitor ? asking.some((host) => host !== monitor) : asking.includes(name),
  };
}

/** A host's bundle, when its nodes' metrics are known. */
function bundleOf(
  { plan, host: monitor, hosts: fleet, keepers = [] }: MonitoringStackArgs,
  { name, gatewayNames }: MonitoredHost,
  hosts: readonly KnownHost[],
  targets: readonly ScrapeTarget[],
): MonitoringBundle {
  const known = hosts.find((host) => host.name === name);
  const { witness, linked } = questionsOn(name, { host: monitor, keepers });
  const agent = {
    stack: plan.stack,
    network: plan.network,
    host: name,
    relayed: known === undefined ? [] : watchedTargets(known, keepers),
    ...(fleet.length > 1 ? { link: { ...linkSpec(plan.stack, monitor, name === monitor), questions: linked } } : {}),
    witness,
    ...(gatewayNames === undefined ? {} : { gatewayNames }),
    ...(plan.images === undefined ? {} : { images: plan.images }),
    uid: plan.uid,
    gid: plan.gid,
  };
  return name === monitor ? renderMonitoring({ ...plan, ...agent, targets }) : renderAgent(agent);
}

function knownHost({ name, operator, nodes, others }: MonitoredHost): Output<KnownHost> {
  return all(
    nodes.map((node) =>
      output(node.metrics).apply((metrics) => ({ name: node.name, operator: node.operator, metrics })),
    ),
  ).apply((known) => ({ name, operator, nodes: known, ...(others === undefined ? {} : { others }) }));
}

function shown({ job, target, labels }: ScrapeTarget): ScrapedTarget {
  return { job, host: labels["host"] ?? "", instance: labels["instance"] ?? target };
}
