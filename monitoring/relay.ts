/** Something that answers on a host itself: what Docker has published on its loopback, or on a private address of it. */
export interface RelayTarget {
  /** `address:port`, as the host sees it. */
  readonly target: string;
  readonly path: string;
}

/** Port of the front inside its network. */
export const FRONT_PORT = 9_200;
/** Folder that relay and front share. */
const SOCKETS = "/run/relay";

/** What each HAProxy here begins with. */
export const HAPROXY_DEFAULTS: readonly string[] = [
  "global",
  // Without it HAProxy makes room for as many connections as it may have files.
  "  maxconn 256",
  "  nbthread 1",
  "defaults",
  "  timeout client 30s",
  "  timeout connect 5s",
  "  timeout server 30s",
];
/** Where HAProxy sends what is not let through. */
export const HAPROXY_NOTHING: readonly string[] = [
  "backend nothing",
  "  mode http",
  "  http-request return status 404",
];

/** Where the front serves a target: each under its own address, so that a name says what it is. */
export function relayPath({ target, path }: RelayTarget): string {
  return `/${target}${path}`;
}

/**
 * HAProxy's configuration of the relay, for 2.6 to 3.2: the one container in the host's network. It listens on a socket file and lets
 * GET of the targets' paths through, and nothing else: what shares loopback with them signs blocks and holds keys. Pure.
 * @param gateway whether a gateway's HTTPS port is on this host, which containers cannot ask by the host's own address
 * @param sockets folder of the socket files
 * @throws TypeError for a target that HAProxy would read as something else
 */
export function renderRelay(targets: readonly RelayTarget[], gateway: boolean, sockets: string = SOCKETS): string {
  const strange = targets.filter(
    ({ target, path }) => !/^[A-Za-z0-9.-]+:\d{1,5}$/.test(target) || !/^\/[A-Za-z0-9._/-]*$/.test(path),
  );
  if (strange.length > 0) throw new TypeError(`must be address:port and a path: ${strange.map(relayPath).join(", ")}`);
  return [
    ...HAPROXY_DEFAULTS,
    "frontend metrics",
    "  mode http",
    "  timeout http-request 5s",
    `  bind unix@${sockets}/metrics.sock mode 600`,
    "  http-request return status 405 unless METH_GET",
    ...targets.map((one, index) => `  use_backend target-${index} if { path -m str ${relayPath(one)} }`),
    "  default_backend nothing",
    ...HAPROXY_NOTHING,
    ...targets.flatMap(({ target, path }, index) => [
      `backend target-${index}`,
      "  mode http",
      `  http-request set-uri ${path}`,
      // Clients answer to the names that they know of only.
      `  http-request set-header Host ${target}`,
      `  server target ${target}`,
    ]),
    ...(gateway
      ? [
          "listen gateway",
          "  mode tcp",
          `  bind unix@${sockets}/gateway.sock mode 600`,
          "  server gateway 127.0.0.1:443",
        ]
      : []),
    "",
  ].join("\n");
}

/**
 * HAProxy's configuration of the front: the relay's sockets as ports in the network of the containers. Pure.
 * @param listen where metrics are asked, `:9200`
 */
export function renderFront(gateway: boolean, listen = `:${FRONT_PORT}`, sockets: string = SOCKETS): string {
  return [
    ...HAPROXY_DEFAULTS,
    "listen metrics",
    "  mode tcp",
    `  bind ${listen}`,
    `  server relay unix@${sockets}/metrics.sock`,
    ...(gateway ? ["listen gateway", "  mode tcp", "  bind :443", `  server relay unix@${sockets}/gateway.sock`] : []),
    "",
  ].join("\n");
}
