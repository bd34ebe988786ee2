import { createHash } from "node:crypto";
import { EthstakeError } from "../../lib/errors.ts";
import type { OpenPort } from "../host/spec.ts";
import { hashServices, renderCompose, type Mount, type Service } from "../validator-node/bundle/compose.ts";
import { imageReference } from "../validator-node/bundle/images.ts";
import type { BundleFile } from "../validator-node/bundle/spec.ts";
import { renderCaddyfile, type CaddyPlace } from "./caddyfile.ts";
import { gatewayFaults } from "./faults.ts";
import { renderLimiter } from "./limiter.ts";
import type { GatewayBundle, GatewayFault, GatewayMetrics, GatewaySpec } from "./spec.ts";

/** A gateway cannot be written down. */
export class GatewayError extends EthstakeError<{ readonly faults: readonly GatewayFault[] }> {
  readonly code = "GATEWAY_INVALID";
}

/** Ports inside the containers. Caddy's are high: with no-new-privileges it does not get the right to low ones. */
const HTTP = 8_080;
const HTTPS = 8_443;
const STATUS = 9_180;
const LIMITER = 8_100;
const LIMITER_STATUS = 8_101;
/** The limiter's service. Only Caddy is in its network. */
const LIMITER_HOST = "limiter";
const LIMITER_NETWORK = "limiter";

const SECRETS = "/run/secrets";
const DATA = "/data";

const PLACE: CaddyPlace = {
  httpPort: HTTP,
  httpsPort: HTTPS,
  status: `:${STATUS}`,
  limiter: `${LIMITER_HOST}:${LIMITER}`,
  users: SECRETS,
  storage: DATA,
};

const CADDY_MEMORY_MIB = 256;
const LIMITER_MEMORY_MIB = 128;
/** Memory that a gateway may use on its host. */
export const GATEWAY_MEMORY_MIB = CADDY_MEMORY_MIB + LIMITER_MEMORY_MIB;

/** The names of the upstreams whose users the gateway knows itself: each has a file `secrets/users-NAME`. */
export function withUsers({ upstreams }: GatewaySpec): string[] {
  return upstreams.filter(({ authentication }) => authentication.kind === "basic").map(({ name }) => name);
}

/** What the firewall of a gateway's host opens. */
export function gatewayPorts({ httpPort, httpsPort }: GatewaySpec): OpenPort[] {
  return [
    { port: httpPort, protocol: "tcp", purpose: "gateway http" },
    { port: httpsPort, protocol: "tcp", purpose: "gateway https" },
  ];
}

/**
 * What a gateway's host needs to run it. Pure: the same spec, the same bundle.
 * @throws {@link GatewayError}
 */
export function renderGateway(spec: GatewaySpec): GatewayBundle {
  const faults = gatewayFaults(spec);
  if (faults.length > 0)
    throw new GatewayError(
      `the gateway ${spec.name} cannot be made: ${faults.map(({ path, message }) => `${path}: ${message}`).join("; ")}.`,
      { faults },
    );
  const { name, uid, gid } = spec;
  const files: readonly BundleFile[] = [
    { path: "config/Caddyfile", mode: "0440", content: renderCaddyfile(spec, PLACE) },
    { path: "config/haproxy.cfg", mode: "0440", content: renderLimiter(spec, `:${LIMITER}`, `:${LIMITER_STATUS}`) },
  ];
  const external = networksOf(spec);
  const services = [limiterService(spec, files), caddyService(spec, files, external)];
  const owner = { uid, gid };
  const compose = renderCompose(`ethstake-${name}`, services, owner, external);
  return {
    directories: [
      { path: "data/caddy", mode: "0700" },
      { path: "secrets", mode: "0700" },
    ],
    files: [{ path: "compose.yaml", mode: "0640", content: compose }, ...files],
    secrets: [],
    services: hashServices(services, files, owner),
    metrics: [metricsOf(spec, "caddy", 0), metricsOf(spec, "haproxy", 1)],
    ports: gatewayPorts(spec),
  };
}

function caddyService(spec: GatewaySpec, files: readonly BundleFile[], external: readonly string[]): Service {
  return {
    name: "caddy",
    image: imageReference("caddy", spec.images?.caddy),
    command: ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    environment: {
      HOME: "/tmp",
      XDG_CONFIG_HOME: "/tmp",
      XDG_DATA_HOME: DATA,
      ...configHash(files, "config/Caddyfile"),
    },
    mounts: [
      { source: "config/Caddyfile", target: "/etc/caddy/Caddyfile", readOnly: true },
      // Certificates and the account with the authority: without them each start would ask for new ones, and be refused soon.
      { source: "data/caddy", target: DATA, readOnly: false },
      ...withUsers(spec).map(
        (name): Mount => ({ source: `secrets/users-${name}`, target: `${SECRETS}/users-${name}`, readOnly: true }),
      ),
    ],
    tmpfs: ["/tmp:mode=1777,size=16777216"],
    ports: [
      `${spec.address}:${spec.httpPort}:${HTTP}/tcp`,
      `${spec.address}:${spec.httpsPort}:${HTTPS}/tcp`,
      published(spec, 0, STATUS),
    ],
    networks: ["default", LIMITER_NETWORK, ...external],
    dependsOn: { [LIMITER_HOST]: "service_healthy" },
    healthCheck: ["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${STATUS}/healthz`],
    readOnly: true,
    // The image's program has this capability on its file, and the kernel does not start it without.
    capAdd: ["NET_BIND_SERVICE"],
    oneShot: false,
    stopSignal: "SIGTERM",
    stopGraceSeconds: 20,
    memoryMiB: CADDY_MEMORY_MIB,
  };
}

function limiterService(spec: GatewaySpec, files: readonly BundleFile[]): Service {
  return {
    name: LIMITER_HOST,
    image: imageReference("haproxy", spec.images?.haproxy),
    entrypoint: ["haproxy", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"],
    environment: { HOME: "/tmp", ...configHash(files, "config/haproxy.cfg") },
    mounts: [{ source: "config/haproxy.cfg", target: "/usr/local/etc/haproxy/haproxy.cfg", readOnly: true }],
    tmpfs: [],
    ports: [published(spec, 1, LIMITER_STATUS)],
    networks: [LIMITER_NETWORK],
    dependsOn: {},
    healthCheck: ["CMD", "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${LIMITER_STATUS}/healthz`],
    readOnly: true,
    oneShot: false,
    stopSignal: "SIGTERM",
    stopGraceSeconds: 10,
    memoryMiB: LIMITER_MEMORY_MIB,
  };
}

/** Compose makes a container anew when its definition changes, and does not look into mounted files: this tells it. */
function configHash(files: readonly BundleFile[], path: string): Record<string, string> {
  const content = files.find((file) => file.path === path)?.content ?? "";
  return { CONFIG_HASH: createHash("sha256").update(content).digest("hex") };
}

/** Docker networks of others that Caddy joins. */
function networksOf({ upstreams }: GatewaySpec): string[] {
  const named = upstreams.flatMap(({ network, authentication }) => [
    network,
    authentication.kind === "forward" ? authentication.network : undefined,
  ]);
  return [...new Set(named.filter((network) => network !== undefined))].sort();
}

function published(spec: GatewaySpec, offset: number, port: number): string {
  return `${spec.metricsAddress ?? "127.0.0.1"}:${spec.basePort + offset}:${port}/tcp`;
}

function metricsOf(spec: GatewaySpec, client: GatewayMetrics["client"], offset: number): GatewayMetrics {
  const target = `${spec.metricsAddress ?? "127.0.0.1"}:${spec.basePort + offset}`;
  return { job: "gateway", client, target, path: "/metrics" };
}
