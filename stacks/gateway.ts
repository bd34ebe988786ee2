import { existsSync } from "node:fs";
import { runtime, secret, type Output, type Resource } from "@pulumi/pulumi";
import {
  DEFAULT_BODY_BYTES,
  DEFAULT_LOGIN_FAILURES,
  DEFAULT_RATE_LIMITS,
  Gateway,
  gatewayFaults,
  GatewayPasswordError,
  type GatewaySpec,
  type GatewayUpstream,
} from "../components/gateway/index.ts";
import type { Host } from "../components/host/index.ts";
import { DATA_DIRECTORY } from "../components/host/spec.ts";
import { PORTS_PER_NODE } from "../components/validator-node/bundle/ports.ts";
import type { ImageOverride } from "../components/validator-node/bundle/spec.ts";
import { projectPath } from "../lib/paths.ts";
import { readSecret, vaultReference } from "../lib/secret-source.ts";
import type { Entry } from "./entries.ts";
import type { GatewaySettings } from "./gateway-schema.ts";
import { BASE_PORT, HOST_UID } from "./places.ts";
import type { SettingsFault } from "./settings.ts";

/** Stands for a hash in a plan on a machine that does not have it: well-formed, and no password's. */
const NO_HASH = `$2b$12$${".".repeat(53)}`;

/** What of a host its gateway's place follows from. */
interface Place {
  readonly name: string;
  readonly target: { readonly kind: string; readonly directory?: string | undefined };
}

/** A gateway as its bundle is rendered from. @param hosts the stack's, of which it is on one */
export function gatewaySpec(settings: GatewaySettings, hosts: readonly Place[]): GatewaySpec {
  const target = hosts.find(({ name }) => name === settings.host)?.target;
  const data = (target?.kind === "local" ? target.directory : undefined) ?? DATA_DIRECTORY;
  const { certificates, acmeEmail = "", images } = settings;
  const image = (one: { tag?: string | undefined; digest?: string | undefined } | undefined): ImageOverride => ({
    ...(one?.tag === undefined ? {} : { tag: one.tag }),
    ...(one?.digest === undefined ? {} : { digest: one.digest }),
  });
  return {
    name: "gateway",
    domain: settings.domain,
    certificates:
      certificates === "internal"
        ? { kind: "internal" }
        : { kind: "acme", email: acmeEmail, staging: certificates === "acme-staging" },
    upstreams: settings.upstreams.map(upstreamSpec),
    allow: settings.allow,
    loginFailures: settings.loginFailures ?? DEFAULT_LOGIN_FAILURES,
    // IPv4 alone: Docker's IPv6 goes through a proxy, behind which all clients have one address.
    address: "0.0.0.0",
    httpPort: 80,
    httpsPort: 443,
    basePort: settings.basePort,
    directory: `${data}/gateway`,
    uid: HOST_UID,
    gid: HOST_UID,
    ...(images ? { images: { caddy: image(images.caddy), haproxy: image(images.haproxy) } } : {}),
  };
}

function upstreamSpec(upstream: GatewaySettings["upstreams"][number]): GatewayUpstream {
  const { name, kind, host, path, stripPath, url, network, authentication, allow } = upstream;
  return {
    name,
    kind,
    url,
    stripPath,
    ...(host === undefined ? {} : { host }),
    ...(path === undefined ? {} : { path }),
    ...(network === undefined ? {} : { network }),
    ...(allow === undefined ? {} : { allow }),
    authentication: authenticationSpec(authentication),
    rateLimit: upstream.rateLimit ?? DEFAULT_RATE_LIMITS[kind],
    maxBodyBytes: upstream.maxBodyBytes ?? DEFAULT_BODY_BYTES[kind],
  };
}

function authenticationSpec(
  authentication: GatewaySettings["upstreams"][number]["authentication"],
): GatewayUpstream["authentication"] {
  if (authentication.kind === "basic") {
    const { users, userHeader } = authentication;
    return { kind: "basic", users, ...(userHeader === undefined ? {} : { userHeader }) };
  }
  const { url, path, network, copyHeaders } = authentication;
  return { kind: "forward", url, path, copyHeaders, ...(network === undefined ? {} : { network }) };
}

/**
 * What is wrong with a stack's gateway: by itself, and with what is around it.
 * @param hosts those that are well-formed; none while all have faults of their own
 */
export function gatewaySettingsFaults(
  settings: GatewaySettings,
  hosts: readonly Place[],
  nodes: readonly Entry<{ readonly host: string; readonly basePort?: number | undefined }>[],
): SettingsFault[] {
  const faults: SettingsFault[] = gatewayFaults(gatewaySpec(settings, hosts)).map(({ path, value, message }) => ({
    path: path === "certificates.email" ? "gateway.acmeEmail" : `gateway.${path}`,
    value,
    remedy: message,
  }));
  const known = hosts.map(({ name }) => name);
  if (known.length > 0 && !known.includes(settings.host))
    faults.push({
      path: "gateway.host",
      value: settings.host,
      remedy: `must name one of the hosts: ${known.join(", ")}`,
    });
  settings.users.forEach(({ name }, index) => {
    if (settings.users.findIndex((other) => other.name === name) < index)
      faults.push({
        path: `gateway.users[${index}].name`,
        value: name,
        remedy: "is used twice; give each its own name",
      });
  });
  const users = settings.users.map(({ name }) => name);
  settings.upstreams.forEach(({ authentication }, index) => {
    if (authentication.kind !== "basic") return;
    authentication.users.forEach((user, position) => {
      if (!users.includes(user))
        faults.push({
          path: `gateway.upstreams[${index}].authentication.users[${position}]`,
          value: user,
          remedy: `must be in gateway.users${users.length > 0 ? `: ${users.join(", ")}` : ""}`,
        });
    });
  });
  for (const { value } of nodes) {
    const first = value.basePort ?? BASE_PORT;
    if (value.host !== settings.host) continue;
    if (settings.basePort + 1 < first || settings.basePort >= first + PORTS_PER_NODE) continue;
    faults.push({
      path: "gateway.basePort",
      value: settings.basePort,
      remedy: `must leave ${first} to ${first + PORTS_PER_NODE - 1} to a node of ${settings.host}`,
    });
  }
  return faults;
}

/**
 * The gateway of a stack, on its host.
 * @param identity what the host is to what runs on it; another one is another place
 * @param ready what must be there besides the host: what makes the upstreams' networks
 */
export async function createGateway(
  settings: GatewaySettings,
  hosts: readonly Place[],
  host: Host,
  identity: string,
  ready: readonly Resource[] = [],
): Promise<Gateway> {
  const passwordHashes = await readHashes(settings);
  return new Gateway("gateway", {
    gateway: gatewaySpec(settings, hosts),
    passwordHashes,
    connection: host.connection,
    host: identity,
    machine: host.machine,
    ready: [...host.ready, ...ready],
  });
}

/** The users' hashes, which are secrets from here on. @throws {@link GatewayPasswordError} */
async function readHashes({ users }: GatewaySettings): Promise<Output<Record<string, string>>> {
  const hashes: [string, string][] = [];
  for (const { name, passwordHashFile: file } of users) {
    // A preview needs no credentials: a reviewer's machine and CI have none.
    const isAbsent = vaultReference(file) ? !process.env["VAULT_ADDR"] : !existsSync(projectPath(file));
    const hash =
      runtime.isDryRun() && isAbsent
        ? NO_HASH
        : await readSecret(file, (problem, cause) => new GatewayPasswordError(name, `(${file}) ${problem}`, cause));
    hashes.push([name, hash]);
  }
  return secret(Object.fromEntries(hashes));
}
