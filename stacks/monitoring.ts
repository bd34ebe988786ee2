import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { runtime, secret, type Output } from "@pulumi/pulumi";
import {
  MonitoringStack,
  type MonitoredHost,
  type MonitoredKeeper,
  type MonitoringPlan,
} from "../components/monitoring/index.ts";
import type { Host } from "../components/host/index.ts";
import { DATA_DIRECTORY } from "../components/host/spec.ts";
import { renderGateway } from "../components/gateway/index.ts";
import { clientForks } from "../components/validator-node/bundle/fork-facts.ts";
import type { MetricsTarget } from "../components/validator-node/bundle/spec.ts";
import type { Receiver } from "../monitoring/alertmanager/config.ts";
import { monitoringSecret, type MonitoringImages } from "../monitoring/compose.ts";
import { PUBLIC } from "../monitoring/rules/timing.ts";
import { EthstakeError } from "../lib/errors.ts";
import { projectPath } from "../lib/paths.ts";
import { readSecret, vaultReference } from "../lib/secret-source.ts";
import { gatewaySpec } from "./gateway.ts";
import type { GatewaySettings } from "./gateway-schema.ts";
import type { MonitoringSettings, ReceiverSettings } from "./monitoring-schema.ts";
import { HOST_UID } from "./places.ts";
import { bundleSpecs } from "./public-specs.ts";
import type { HostSettings, PublicSettings } from "./public-schema.ts";

/** A credential of monitoring cannot be read. Its text is in no message. */
export class MonitoringCredentialError extends EthstakeError<{ readonly credential: string }> {
  readonly code = "MONITORING_CREDENTIAL";
  constructor(credential: string, problem: string, cause?: unknown) {
    super(
      `The credential of monitoring (${credential}) ${problem}.`,
      { credential },
      { remedy: "Write it into a file of mode 0600, into Vault, or into ethstake:monitoringSecrets.", cause },
    );
  }
}

/** Stands for a credential in a plan on a machine that does not have it. */
const NO_CREDENTIAL = "not-at-hand";
const SECRET_PREFIX = "secret:";

/** The name in monitoringSecrets that a credential refers to; undefined for a file and for Vault. */
export function settingsSecret(source: string): string | undefined {
  return source.startsWith(SECRET_PREFIX) ? source.slice(SECRET_PREFIX.length) : undefined;
}

/** A credential's file on the host: its name follows from where it comes from, so that it stays when receivers change places. */
function fileName(kind: string, source: string): string {
  return `${kind}-${createHash("sha256").update(source).digest("hex").slice(0, 12)}`;
}

/** Sources of all credentials by their paths below `secrets/` on the monitoring host. */
export function credentialSources({ receivers, deadMansSwitch, remoteWrite }: MonitoringSettings): Map<string, string> {
  const all = [...receivers.page, ...receivers.warn, ...receivers.info, ...(deadMansSwitch ? [deadMansSwitch] : [])];
  const files = all.flatMap((receiver) =>
    Object.entries(receiver).flatMap(([key, value]) =>
      key.endsWith("File") && typeof value === "string"
        ? [[`alertmanager/${fileName(receiver.kind, value)}`, value] as const]
        : [],
    ),
  );
  return new Map([
    ...files,
    ...remoteWrite.map(
      ({ credentialsFile }) => [`prometheus/${fileName("remote-write", credentialsFile)}`, credentialsFile] as const,
    ),
  ]);
}

function receiverOf(receiver: ReceiverSettings): Receiver {
  const at = (source: string): string => monitoringSecret(fileName(receiver.kind, source));
  switch (receiver.kind) {
    case "email":
      return { ...receiver, passwordFile: at(receiver.passwordFile) };
    case "slack":
      return { ...receiver, urlFile: at(receiver.urlFile) };
    case "pagerduty":
      return { ...receiver, routingKeyFile: at(receiver.routingKeyFile) };
    case "telegram":
      return { ...receiver, tokenFile: at(receiver.tokenFile) };
    case "webhook": {
      const { kind, url, urlFile, tokenFile } = receiver;
      const token = tokenFile === undefined ? {} : { tokenFile: at(tokenFile) };
      return urlFile === undefined ? { kind, url: url ?? "", ...token } : { kind, urlFile: at(urlFile), ...token };
    }
  }
}

/** Where people find Grafana: as the settings say, behind the gateway, or on the host itself. */
export function grafanaUrl({ monitoring, gateway }: Pick<PublicSettings, "monitoring" | "gateway">): string {
  if (monitoring?.grafanaUrl !== undefined) return monitoring.grafanaUrl;
  const upstream = gateway?.upstreams.find(({ kind }) => kind === "grafana");
  if (gateway === undefined || upstream === undefined) return "http://127.0.0.1:3000";
  return `https://${upstream.host ?? gateway.domain}${upstream.path ?? ""}/`;
}

/** Under which names a gateway serves. */
function gatewayNames({ domain, upstreams }: GatewaySettings): string[] {
  return [...new Set(upstreams.map(({ host }) => host ?? domain))];
}

/** Operators whose keys are on a node, as metrics name them; `none` without any. */
function operatorOf({ operators }: PublicSettings, nodes: readonly string[]): string {
  const names = operators.filter(({ keys }) => keys.some(({ node }) => nodes.includes(node))).map(({ name }) => name);
  return names.length === 0 ? "none" : names.join("+");
}

/** What monitoring is rendered from, targets aside. */
export function monitoringPlan(
  settings: PublicSettings,
  monitoring: MonitoringSettings,
  stack: string,
): MonitoringPlan {
  const { receivers, deadMansSwitch, remoteWrite, runbookUrl, retention, images } = monitoring;
  const { gateway, network } = settings;
  const bundles = bundleSpecs(settings);
  return {
    stack,
    network,
    timing: PUBLIC,
    facts: bundles.flatMap((spec, index) =>
      clientForks(spec).map((fact) => ({
        operator: operatorOf(settings, [spec.name]),
        host: settings.nodes[index]?.host ?? "",
        node: spec.name,
        ...fact,
      })),
    ),
    alertmanager: {
      page: receivers.page.map(receiverOf),
      warn: receivers.warn.map(receiverOf),
      info: receivers.info.map(receiverOf),
      ...(deadMansSwitch === undefined ? {} : { deadMansSwitch: receiverOf(deadMansSwitch) }),
    },
    remoteWrite: remoteWrite.map(({ name, url, username, credentialsFile }) => ({
      name,
      url,
      credentialsFile: monitoringSecret(fileName("remote-write", credentialsFile)),
      ...(username === undefined ? {} : { username }),
    })),
    // Nobody but the gateway's own browser would take the certificates of its own authority, or of a stage.
    probes: gateway?.certificates === "acme" ? gatewayNames(gateway).map((name) => `https://${name}/`) : [],
    grafanaUrl: grafanaUrl(settings),
    ...(runbookUrl === undefined ? {} : { runbookUrl }),
    retention,
    ...(images === undefined ? {} : { images: imagesOf(images) }),
    uid: HOST_UID,
    gid: HOST_UID,
  };
}

function imagesOf(images: NonNullable<MonitoringSettings["images"]>): MonitoringImages {
  return Object.fromEntries(
    Object.entries(images).flatMap(([service, image]) =>
      image === undefined
        ? []
        : [[service, Object.fromEntries(Object.entries(image).filter(([, value]) => value !== undefined))]],
    ),
  );
}

/** A node that is watched. */
export interface WatchedNode {
  readonly name: string;
  readonly host: string;
  readonly metrics: Output<readonly MetricsTarget[]>;
}

/**
 * Monitoring of a stack: on one host, and what it asks on the others.
 * @param hosts the stack's, by name
 * @param identityOf what a host is to what runs on it
 * @param secrets the setting monitoringSecrets
 */
export async function createMonitoring(
  settings: PublicSettings,
  monitoring: MonitoringSettings,
  stack: string,
  hosts: ReadonlyMap<string, Host>,
  nodes: readonly WatchedNode[],
  identityOf: (host: HostSettings) => string,
  keepers: readonly MonitoredKeeper[] = [],
): Promise<MonitoringStack> {
  const credentials = await readCredentials(monitoring, settings.monitoringSecrets ?? {});
  const watching = hosts.get(monitoring.host);
  if (!watching) throw new TypeError("monitoring has no host");
  return new MonitoringStack("monitoring", {
    plan: monitoringPlan(settings, monitoring, stack),
    host: monitoring.host,
    hosts: settings.hosts.map((place) => monitoredHost(settings, place, hosts.get(place.name), nodes, identityOf)),
    keepers,
    endpoint: monitoring.endpoint ?? watching.publicAddress,
    credentials,
  });
}

function monitoredHost(
  settings: PublicSettings,
  place: HostSettings,
  host: Host | undefined,
  nodes: readonly WatchedNode[],
  identityOf: (host: HostSettings) => string,
): MonitoredHost {
  if (!host) throw new TypeError(`the host ${place.name} is not there`);
  const { gateway } = settings;
  const own = nodes.filter((node) => node.host === place.name);
  const hasGateway = gateway?.host === place.name;
  return {
    name: place.name,
    operator: operatorOf(
      settings,
      own.map(({ name }) => name),
    ),
    directory: monitoringDirectory(place),
    connection: host.connection,
    identity: identityOf(place),
    machine: host.machine,
    ready: host.ready,
    nodes: own.map(({ name, metrics }) => ({ name, operator: operatorOf(settings, [name]), metrics })),
    ...(hasGateway
      ? {
          others: renderGateway(gatewaySpec(gateway, settings.hosts)).metrics.map(({ client, job, target, path }) => ({
            job,
            target,
            path,
            labels: { client },
          })),
        }
      : {}),
    // Containers cannot ask the host that they are on by its own address.
    ...(hasGateway && place.name === settings.monitoring?.host ? { gatewayNames: gatewayNames(gateway) } : {}),
  };
}

function monitoringDirectory({ target }: HostSettings): string {
  return `${(target.kind === "local" ? target.directory : undefined) ?? DATA_DIRECTORY}/monitoring`;
}

/** Credentials by their paths on the host, secrets from here on. @throws {@link MonitoringCredentialError} */
async function readCredentials(
  monitoring: MonitoringSettings,
  inSettings: Readonly<Record<string, string>>,
): Promise<Output<Record<string, string>>> {
  const found: [string, string][] = [];
  for (const [path, source] of credentialSources(monitoring)) {
    const name = settingsSecret(source);
    if (name !== undefined) {
      found.push([path, inSettings[name] ?? ""]);
      continue;
    }
    // A preview needs no credentials: a reviewer's machine and CI have none.
    const isAbsent = vaultReference(source) ? !process.env["VAULT_ADDR"] : !existsSync(projectPath(source));
    const value =
      runtime.isDryRun() && isAbsent
        ? NO_CREDENTIAL
        : await readSecret(source, (problem, cause) => new MonitoringCredentialError(source, problem, cause));
    found.push([path, value]);
  }
  return secret(Object.fromEntries(found));
}
