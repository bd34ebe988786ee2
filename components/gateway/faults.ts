/** What is wrong with a gateway, all of it at once, before anything is made. Pure. */
import { isIPv4 } from "node:net";
import { isPrivate, parseCidr } from "../../cloud-init/cidr.ts";
import { authenticationFaults, rateFaults, targetFaults } from "./upstream-faults.ts";
import { GATEWAY_PORTS, type GatewayFault, type GatewaySpec, type GatewayUpstream } from "./spec.ts";

/** Labels of lower-case letters, digits and inner hyphens, two at least. */
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names that no public authority vouches for (RFC 2606, 6761, 6762, 8375, and ICANN's `internal`). */
const PRIVATE_NAMES = /\.(internal|local|localhost|test|invalid|lan|home\.arpa|onion|alt)$/;
const EMAIL = /^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;
const NAME = /^[a-z][a-z0-9-]{0,30}$/;
/** The limiter has a table in memory for each. */
const MOST_UPSTREAMS = 16;
const MOST_BODY_BYTES = 1_073_741_824;

/** Every fault of a gateway's description; none means that it can be rendered. */
export function gatewayFaults(spec: GatewaySpec): GatewayFault[] {
  return [
    ...nameFaults(spec),
    ...certificateFaults(spec),
    ...allowFaults(spec.allow, "allow"),
    ...rateFaults(spec.loginFailures, "loginFailures"),
    ...placeFaults(spec),
    ...(spec.upstreams.length === 0
      ? [
          {
            path: "upstreams",
            value: [],
            message: "must have at least one: a gateway to nothing only has an attack surface",
          },
        ]
      : []),
    ...(spec.upstreams.length > MOST_UPSTREAMS
      ? [{ path: "upstreams", value: spec.upstreams.length, message: `must be ${MOST_UPSTREAMS} at most` }]
      : []),
    ...spec.upstreams.flatMap((upstream, index) => upstreamFaults(spec, upstream, index)),
  ];
}

function nameFaults({ name, domain }: GatewaySpec): GatewayFault[] {
  const faults: GatewayFault[] = [];
  if (!NAME.test(name))
    faults.push({
      path: "name",
      value: name,
      message: "must be lower-case letters, digits and hyphens, a letter first",
    });
  if (!DOMAIN.test(domain))
    faults.push({ path: "domain", value: domain, message: "must be a domain in lower case, e.g. dash.example.org" });
  return faults;
}

function certificateFaults({ certificates, domain }: GatewaySpec): GatewayFault[] {
  if (certificates.kind === "internal") return [];
  const faults: GatewayFault[] = [];
  if (!EMAIL.test(certificates.email))
    faults.push({
      path: "certificates.email",
      value: certificates.email,
      message: "must be an e-mail address: the authority writes to it when a certificate is about to end",
    });
  if (PRIVATE_NAMES.test(domain))
    faults.push({
      path: "domain",
      value: domain,
      message:
        "is a name that no public authority vouches for: choose certificates of the kind internal, or another domain",
    });
  return faults;
}

function allowFaults(allow: readonly string[], path: string): GatewayFault[] {
  return allow.flatMap((block, index) => {
    const cidr = parseCidr(block);
    if (cidr && cidr.prefix > 0) return [];
    const message = cidr
      ? "is everyone: leave the list out to say so"
      : "must be an address block, e.g. 203.0.113.4/32 or 2001:db8::/48";
    return [{ path: `${path}[${index}]`, value: block, message }];
  });
}

function placeFaults(spec: GatewaySpec): GatewayFault[] {
  const { address, metricsAddress, httpPort, httpsPort, basePort, directory } = spec;
  const faults: GatewayFault[] = [];
  if (!isIPv4(address))
    faults.push({ path: "address", value: address, message: "must be an IPv4 address of the host" });
  if (metricsAddress !== undefined && !isInside(metricsAddress))
    faults.push({
      path: "metricsAddress",
      value: metricsAddress,
      message: "must be a loopback or private IPv4 address: metrics answer whoever asks",
    });
  for (const [path, port] of [
    ["httpPort", httpPort],
    ["httpsPort", httpsPort],
  ] as const)
    if (!isPort(port)) faults.push({ path, value: port, message: "must be a port, 1 to 65535" });
  if (httpPort === httpsPort)
    faults.push({ path: "httpPort", value: httpPort, message: "must not be httpsPort: plain HTTP is only redirected" });
  if (!isPort(basePort) || basePort < 1_024 || !isPort(basePort + GATEWAY_PORTS - 1))
    faults.push({ path: "basePort", value: basePort, message: `must be 1024 to ${65_536 - GATEWAY_PORTS}` });
  for (const [path, port] of Object.entries({ httpPort, httpsPort }))
    if (port >= basePort && port < basePort + GATEWAY_PORTS)
      faults.push({ path, value: port, message: `is one of the ${GATEWAY_PORTS} ports from basePort: choose another` });
  if (!/^(\/[A-Za-z0-9_.-]+)+$/.test(directory) || directory.split("/").some((part) => /^\.+$/.test(part)))
    faults.push({ path: "directory", value: directory, message: "must be an absolute path without spaces" });
  for (const key of ["uid", "gid"] as const)
    if (!Number.isInteger(spec[key]) || spec[key] < 1)
      faults.push({ path: key, value: spec[key], message: "must be a number of at least 1: never root" });
  return faults;
}

function upstreamFaults(spec: GatewaySpec, upstream: GatewayUpstream, index: number): GatewayFault[] {
  const at = `upstreams[${index}]`;
  const earlier = spec.upstreams.slice(0, index);
  const { name, host = spec.domain, path = "", maxBodyBytes } = upstream;
  const faults: GatewayFault[] = [];
  if (!NAME.test(name))
    faults.push({
      path: `${at}.name`,
      value: name,
      message: "must be lower-case letters, digits and hyphens, a letter first",
    });
  if (earlier.some((other) => other.name === name))
    faults.push({ path: `${at}.name`, value: name, message: "is used twice; give each its own name" });
  if (host !== spec.domain && !(DOMAIN.test(host) && host.endsWith(`.${spec.domain}`)))
    faults.push({ path: `${at}.host`, value: host, message: `must be ${spec.domain} or a name below it` });
  if (path !== "" && !isPath(path))
    faults.push({
      path: `${at}.path`,
      value: path,
      message: "must be a path like /api: letters, digits, -, _, ., ~, and no slash at its end",
    });
  if (upstream.stripPath === true && path === "")
    faults.push({ path: `${at}.stripPath`, value: true, message: "must be absent without a path" });
  if (earlier.some((other) => (other.host ?? spec.domain) === host && (other.path ?? "") === path))
    faults.push({
      path: `${at}.path`,
      value: upstream.path,
      message: `is another upstream's of ${host} already: give each its own path or host`,
    });
  if (!Number.isInteger(maxBodyBytes) || maxBodyBytes < 1 || maxBodyBytes > MOST_BODY_BYTES)
    faults.push({ path: `${at}.maxBodyBytes`, value: maxBodyBytes, message: `must be 1 to ${MOST_BODY_BYTES} bytes` });
  return [
    ...faults,
    ...targetFaults(upstream, at),
    ...authenticationFaults(upstream.authentication, `${at}.authentication`),
    ...allowFaults(upstream.allow ?? [], `${at}.allow`),
    ...rateFaults(upstream.rateLimit, `${at}.rateLimit`),
  ];
}

/** Whether a text is a path that means itself: no dots that climb, nothing encoded. */
function isPath(path: string): boolean {
  return /^(\/[A-Za-z0-9._~-]+)+$/.test(path) && !path.split("/").some((part) => /^\.+$/.test(part));
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Whether an IPv4 address is loopback or private. */
function isInside(address: string): boolean {
  if (!isIPv4(address)) return false;
  return address.startsWith("127.") || isPrivate({ address, prefix: 32, family: "ipv4" });
}
