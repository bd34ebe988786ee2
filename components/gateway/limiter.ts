import { CLIENT_HEADER } from "./caddyfile.ts";
import type { GatewaySpec } from "./spec.ts";

/**
 * Clients that a table counts at a time; when it is full, the one that was seen least recently goes. A client takes 210 bytes (measured), so
 * that all tables of the most upstreams there may be stay below 90 MB.
 */
const CLIENTS = "20k";

/**
 * HAProxy's configuration, for 2.6 to 3.2: no proxy, but the memory of who asked how often. Caddy asks it about each request
 * (`/limit/UPSTREAM`) and tells it of wrong passwords (`/failed`). It answers 204, or the 429 that the client gets. A client is an IPv4
 * address or an IPv6 /64, of which every subscriber has one at least. Refused requests count, too: who goes on stays refused. Pure.
 * @param listen where Caddy asks, `:8100`
 * @param status where it answers for its health and metrics, `:8101`: who may read them is not to count wrong passwords for others
 */
export function renderLimiter({ upstreams, loginFailures }: GatewaySpec, listen: string, status: string): string {
  const client = `req.hdr_ip(${CLIENT_HEADER}),ipmask(32,64)`;
  const refuse = (text: string, seconds: number, condition: string): string =>
    `  http-request return status 429 content-type text/plain string "${text}\\n" hdr Retry-After ${seconds} if ${condition}`;
  return [
    "global",
    // Without it HAProxy makes room for as many connections as it may have files.
    "  maxconn 4096",
    "  nbthread 1",
    "defaults",
    "  mode http",
    "  timeout client 60s",
    "  timeout connect 5s",
    "  timeout server 5s",
    "  timeout http-request 5s",
    "frontend status",
    `  bind ${status}`,
    "  http-request return status 200 if { path /healthz }",
    "  http-request use-service prometheus-exporter if { path /metrics }",
    "  http-request return status 404",
    "frontend limiter",
    `  bind ${listen}`,
    `  http-request deny deny_status 403 unless { ${client} -m found }`,
    `  http-request track-sc0 ${client} table failures`,
    "  http-request sc-inc-gpc0(0) if { path /failed }",
    "  http-request return status 204 if { path /failed }",
    refuse(
      "Too many wrong passwords. Try again later.",
      loginFailures.seconds,
      `{ sc_gpc0_rate(0,failures) ge ${loginFailures.requests} }`,
    ),
    ...upstreams.flatMap(({ name, rateLimit: { requests, seconds } }) => [
      `  http-request track-sc1 ${client} table upstream-${name} if { path /limit/${name} }`,
      refuse(
        "Too many requests. Try again later.",
        seconds,
        `{ path /limit/${name} } { sc_http_req_rate(1,upstream-${name}) gt ${requests} }`,
      ),
      `  http-request return status 204 if { path /limit/${name} }`,
    ]),
    "  http-request return status 404",
    ...table("failures", loginFailures.seconds, "gpc0,gpc0_rate"),
    ...upstreams.flatMap(({ name, rateLimit }) => table(`upstream-${name}`, rateLimit.seconds, "http_req_rate")),
    "",
  ].join("\n");
}

function table(name: string, seconds: number, store: string): string[] {
  return [
    `backend ${name}`,
    `  stick-table type ipv6 size ${CLIENTS} expire ${2 * seconds}s store ${store}(${seconds}s)`,
  ];
}
