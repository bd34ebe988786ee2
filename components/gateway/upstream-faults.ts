/** What is wrong with how a gateway reaches what is behind it, and with whom it lets in. Pure. */
import { isIP, isIPv4 } from "node:net";
import { isPrivate } from "../../cloud-init/cidr.ts";
import type { GatewayAuthentication, GatewayFault, RateLimit } from "./spec.ts";

const NETWORK = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const USER = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const HEADER = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
/** Headers that mean something else to HTTP or to the gateway itself. */
const TAKEN =
  /^(host|authorization|proxy-.*|connection|upgrade|content-.*|transfer-.*|te|trailer|cookie|x-forwarded-.*|forwarded)$/i;

/** Something that the gateway asks over HTTP. */
interface Target {
  readonly url: string;
  readonly network?: string | undefined;
}

/** Faults of an address behind the gateway. */
export function targetFaults({ url, network }: Target, at: string): GatewayFault[] {
  const faults: GatewayFault[] = [];
  const add = (message: string): number => faults.push({ path: `${at}.url`, value: shown(url), message });
  if (network !== undefined && !NETWORK.test(network))
    faults.push({ path: `${at}.network`, value: network, message: "must be the name of a Docker network" });
  const match = /^(https?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(url);
  const [, scheme = "", bracketed = "", port] = match ?? [];
  if (!match || (port !== undefined && (Number(port) < 1 || Number(port) > 65_535))) {
    add("must be http://HOST:PORT or https://HOST:PORT, without a path and without credentials");
    return faults;
  }
  const host = bracketed.replace(/^\[|\]$/g, "").toLowerCase();
  if (scheme === "http" && port === undefined) add("must say its port, e.g. http://grafana:3000");
  if (isLoopback(host))
    add(
      "is the gateway's own container: give the upstream's container name and its Docker network, or a private address",
    );
  else if (isIP(host) === 0 && CONTAINER.test(host)) {
    if (network === undefined) add("is a container's name: set network to the Docker network that it is in");
  } else if (scheme === "http" && !(isIP(host) > 0 && isPrivateAddress(host)))
    add("must be https: only a container or a private address may be asked in the clear");
  return faults;
}

/** A URL as it may be shown: who wrote a password into it finds it in no log. */
function shown(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//…@");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host) || host === "0.0.0.0" || host === "::";
}

function isPrivateAddress(address: string): boolean {
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  return isPrivate({ address, prefix: family === "ipv4" ? 32 : 128, family });
}

/** Faults of who is let in. */
export function authenticationFaults(authentication: GatewayAuthentication, at: string): GatewayFault[] {
  if (authentication.kind === "forward") {
    const { path, copyHeaders } = authentication;
    return [
      ...targetFaults(authentication, at),
      ...(/^\/[A-Za-z0-9._~/?&=:%-]*$/.test(path)
        ? []
        : [{ path: `${at}.path`, value: path, message: "must be a path, e.g. /api/verify" }]),
      ...copyHeaders.flatMap((header, index) => headerFaults(header, `${at}.copyHeaders[${index}]`)),
    ];
  }
  const { users, userHeader } = authentication;
  const faults = users.flatMap((user, index): GatewayFault[] => {
    const path = `${at}.users[${index}]`;
    if (!USER.test(user))
      return [{ path, value: user, message: "must be a name of letters, digits, ., _, @ and -, 64 at most" }];
    return users.indexOf(user) < index ? [{ path, value: user, message: "is named twice" }] : [];
  });
  if (users.length === 0)
    faults.push({ path: `${at}.users`, value: users, message: "must name at least one user: nobody could log in" });
  return [...faults, ...(userHeader === undefined ? [] : headerFaults(userHeader, `${at}.userHeader`))];
}

function headerFaults(header: string, path: string): GatewayFault[] {
  if (HEADER.test(header) && !TAKEN.test(header)) return [];
  return [{ path, value: header, message: "must be a header of its own, e.g. X-WEBAUTH-USER" }];
}

/** Faults of a rate. */
export function rateFaults({ requests, seconds }: RateLimit, at: string): GatewayFault[] {
  const faults: GatewayFault[] = [];
  if (!Number.isInteger(requests) || requests < 1 || requests > 100_000)
    faults.push({ path: `${at}.requests`, value: requests, message: "must be 1 to 100000" });
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 3_600)
    faults.push({ path: `${at}.seconds`, value: seconds, message: "must be 1 to 3600" });
  return faults;
}
