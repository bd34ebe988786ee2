import type { GatewayAuthentication, GatewaySpec, GatewayUpstream } from "./spec.ts";

/** Where Caddy runs: in its container, or on this machine in tests. */
export interface CaddyPlace {
  /** Ports that it listens on; what is published may be others. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Address that it listens on; every one when absent. */
  readonly bind?: string;
  /** Where it answers for its health and metrics, `:9180`. */
  readonly status: string;
  /** `address:port` of the limiter. */
  readonly limiter: string;
  /** Folder of the files of users, one an upstream. */
  readonly users: string;
  /** Folder of certificates and account keys. */
  readonly storage: string;
}

/** Header by which the limiter is told whose request it is. */
export const CLIENT_HEADER = "X-Ethstake-Client";

/** Let's Encrypt, and its stage for tries: certificates that no browser takes, and wide limits. */
const ACME = {
  production: "https://acme-v02.api.letsencrypt.org/directory",
  staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
} as const;

/** Headers that upstreams take for granted from a proxy: only the gateway may set them. */
const IDENTITY_HEADERS = [
  "X-Webauth-*",
  "X-Auth-Request-*",
  "X-Remote-*",
  "X-Forwarded-User",
  "X-Forwarded-Email",
  "Remote-*",
];

/** What browsers are told of every answer, errors included. docs/decisions.md has why. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
  "X-Frame-Options": "DENY",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "X-XSS-Protection": "0",
  "Permissions-Policy":
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
};

/** What says which software answers. */
const REVEALING_HEADERS = ["Server", "Via", "X-Powered-By"];

/** An API's answers, and errors, load nothing. */
export const STRICT_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Grafana's own template without its nonce, and without loading from elsewhere: its pages have inline scripts, and compile expressions.
 * Grafana's own policy (`content_security_policy = true`), which has the nonce, is left as it is.
 */
export const GRAFANA_CSP = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-eval' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline' blob:",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "media-src 'none'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** Lines of a block: text, or a directive with a block of its own. */
type Lines = readonly (string | readonly [head: string, body: Lines])[];

/**
 * The Caddyfile of a gateway, for Caddy 2.6 to 2.11. Pure. It holds no secret: users and their hashes are imported. Check the spec with
 * `gatewayFaults` before: values are written as they are.
 */
export function renderCaddyfile(spec: GatewaySpec, place: CaddyPlace): string {
  const hosts = [...new Set([spec.domain, ...spec.upstreams.map(({ host }) => host ?? spec.domain)])];
  const port = spec.httpsPort === 443 ? "" : `:${spec.httpsPort}`;
  return print([
    ["", globals(spec, place)],
    ["(headers)", [["header", headerLines({}, true)]]],
    // A site of its own instead of Caddy's redirect, which says Server: Caddy. Challenges of ACME are answered before it.
    ...hosts.map((host) => [`http://${host}`, [bare(), `redir https://${host}${port}{uri} 308`]] as const),
    ...[place.httpPort, place.httpsPort].map((each) => [`:${each}`, [bare(), "respond 421"]] as const),
    ...hosts.map((host) => [`https://${host}`, site(spec, place, host)] as const),
    [`http://${place.status}`, ["metrics /metrics", "respond /healthz 200"]],
  ]);
}

function globals({ certificates }: GatewaySpec, place: CaddyPlace): Lines {
  const authority =
    certificates.kind === "internal"
      ? ["local_certs", "skip_install_trust"]
      : [`email ${certificates.email}`, `acme_ca ${ACME[certificates.staging === true ? "staging" : "production"]}`];
  return [
    // A change comes with a new container: nobody needs to tell a running one anything.
    "admin off",
    `http_port ${place.httpPort}`,
    `https_port ${place.httpsPort}`,
    ...(place.bind === undefined ? [] : [`default_bind ${place.bind}`]),
    `storage file_system ${place.storage}`,
    ...authority,
    logging("stderr", "log"),
    [
      "servers",
      [
        "protocols h1 h2",
        "metrics",
        "max_header_size 16KB",
        // A request must arrive, and an answer leave, in bounded time; what was upgraded to a websocket is not bound by it.
        ["timeouts", ["read_header 10s", "read_body 60s", "write 5m", "idle 2m"]],
      ],
    ],
  ];
}

/** Logs without what may hold a credential: headers, and what comes after the question mark. */
function logging(output: string, head: string): readonly [string, Lines] {
  const fields: Lines = ["request>headers delete", "resp_headers delete", 'request>uri regexp \\?.* ""'];
  return [head, [`output ${output}`, ["format filter", ["wrap json", ["fields", fields]]]]];
}

/** Everything under one name. */
function site(spec: GatewaySpec, place: CaddyPlace, host: string): Lines {
  const here = spec.upstreams.filter((upstream) => (upstream.host ?? spec.domain) === host);
  // The longest path first: the first that fits is taken.
  const ordered = here.toSorted((one, other) => (other.path ?? "").length - (one.path ?? "").length);
  return [
    "import headers",
    logging("stdout", "log"),
    [
      "route",
      [
        ...ordered.flatMap((upstream): Lines => {
          const { name, path } = upstream;
          if (path === undefined) return [["handle", proxied(spec, place, upstream)]];
          return [`@${name} path ${path} ${path}/*`, [`handle @${name}`, proxied(spec, place, upstream)]];
        }),
        ...(ordered.some(({ path }) => path === undefined) ? [] : [["handle", ["error 404"]] as const]),
      ],
    ],
    [
      "handle_errors",
      [
        ["header", headerLines({ "Content-Security-Policy": STRICT_CSP }, false)],
        // Of a refused login the limiter is told; a browser's first request, without a password, is none.
        ["@wrong", ["expression `{err.status_code} == 401`", "header Authorization *"]],
        ["route @wrong", [limit(place, "/failed")]],
        'respond "{err.status_code} {err.status_text}"',
      ],
    ],
  ];
}

/** What happens to a request, in this order: who, how often, how large, who again, and where to. */
function proxied(spec: GatewaySpec, place: CaddyPlace, upstream: GatewayUpstream): Lines {
  const { name, kind, path, url, authentication, maxBodyBytes } = upstream;
  const allow = upstream.allow ?? spec.allow;
  const csp =
    kind === "grafana"
      ? `header ?Content-Security-Policy "${GRAFANA_CSP}"`
      : (["header", [`Content-Security-Policy "${STRICT_CSP}"`, "defer"]] as const);
  return [
    [
      "route",
      [
        ...(allow.length > 0
          ? [`@refused-${name} not remote_ip ${allow.join(" ")}`, `error @refused-${name} 403`]
          : []),
        limit(place, `/limit/${name}`),
        csp,
        // What is announced is refused at once; what is not is cut off.
        `@large-${name} expression \`{http.request.header.Content-Length}.matches("^[0-9]+$") && int({http.request.header.Content-Length}) > ${maxBodyBytes}\``,
        `error @large-${name} 413`,
        ["request_body", [`max_size ${maxBodyBytes}`]],
        ...IDENTITY_HEADERS.map((header) => `request_header -${header}`),
        ...authenticate(authentication, `${place.users}/users-${name}`),
        ...(upstream.stripPath === true && path !== undefined ? [`uri strip_prefix ${path}`] : []),
        [
          `reverse_proxy ${url}`,
          [
            ...toUpstream(authentication),
            ["transport http", ["dial_timeout 5s", "response_header_timeout 120s", "keepalive 60s"]],
          ],
        ],
      ],
    ],
  ];
}

function authenticate(authentication: GatewayAuthentication, users: string): Lines {
  if (authentication.kind === "basic") return [["basicauth bcrypt ethstake", [`import ${users}`]]];
  const { url, path, copyHeaders } = authentication;
  return [
    // Whom the other service names, nobody else may name.
    ...copyHeaders.map((header) => `request_header -${header}`),
    [
      `forward_auth ${url}`,
      [`uri ${path}`, ...(copyHeaders.length > 0 ? [`copy_headers ${copyHeaders.join(" ")}`] : [])],
    ],
  ];
}

/** The gateway's password is not the upstream's business: Grafana would take it for one of its own. */
function toUpstream(authentication: GatewayAuthentication): Lines {
  if (authentication.kind === "forward") return [];
  const { userHeader } = authentication;
  return [
    "header_up -Authorization",
    ...(userHeader === undefined ? [] : [`header_up ${userHeader} {http.auth.user.id}`]),
  ];
}

/** Asks the limiter, which answers 2xx or what the client is to get. It is told the client's address and nothing else. */
function limit({ limiter }: CaddyPlace, path: string): readonly [string, Lines] {
  return [
    `forward_auth ${limiter}`,
    [
      `uri ${path}`,
      `header_up ${CLIENT_HEADER} {remote_host}`,
      ...["Authorization", "Cookie", "X-Forwarded-Uri"].map((header) => `header_up -${header}`),
    ],
  ];
}

/** Set when the answer leaves: what an upstream says of the same is replaced. Errors have left already. */
function headerLines(more: Readonly<Record<string, string>>, deferred: boolean): Lines {
  return [
    ...Object.entries({ ...SECURITY_HEADERS, ...more }).map(([header, value]) => `${header} "${value}"`),
    ...REVEALING_HEADERS.map((header) => `-${header}`),
    ...(deferred ? ["defer"] : []),
  ];
}

/** An answer without a word on who gives it. */
function bare(): readonly [string, Lines] {
  return ["header", REVEALING_HEADERS.map((header) => `-${header}`)];
}

function print(lines: Lines, depth = 0): string {
  const indent = "\t".repeat(depth);
  return lines
    .map((line) => {
      if (typeof line === "string") return `${indent}${line}\n`;
      const [head, body] = line;
      return `${indent}${head === "" ? "" : `${head} `}{\n${print(body, depth + 1)}${indent}}\n`;
    })
    .join("");
}
