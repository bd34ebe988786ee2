import type { OpenPort } from "../host/spec.ts";
import type { AppliedBundle } from "../validator-node/bundle/apply.ts";
import type { ImageOverride } from "../validator-node/bundle/spec.ts";

/** So many requests of one client in so many seconds; one more is refused with 429. A client is an IPv4 address or an IPv6 /64. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

/** Where certificates come from. */
export type GatewayCertificates =
  /** Let's Encrypt: the domain must point to the host, and ports 80 and 443 be open. */
  | { readonly kind: "acme"; readonly email: string; readonly staging?: boolean }
  /** A certificate authority of its own, for tests and names that no public one vouches for: clients have to be given its root. */
  | { readonly kind: "internal" };

/** Who is let in. There is no way to let in everybody. */
export type GatewayAuthentication =
  | {
      /** Name and password of the gateway itself. */
      readonly kind: "basic";
      /** Names; their bcrypt hashes are given to the component apart from the spec, as a secret. */
      readonly users: readonly string[];
      /** Header that tells the upstream who it is, e.g. `X-WEBAUTH-USER` for Grafana's auth proxy. */
      readonly userHeader?: string;
    }
  | {
      /** Another service decides: it is asked with each request's headers, and only an answer of 2xx lets the request through. */
      readonly kind: "forward";
      readonly url: string;
      readonly path: string;
      /** Docker network of that service, when its host is a container's name. */
      readonly network?: string;
      /** Headers of its answer that the upstream is given. */
      readonly copyHeaders: readonly string[];
    };

/** Something behind the gateway. */
export interface GatewayUpstream {
  readonly name: string;
  /** Decides on the Content-Security-Policy: Grafana's pages run scripts, an API's answers are no pages. */
  readonly kind: "grafana" | "api";
  /** Name that it is served under: the domain, or one below it. The domain when absent. */
  readonly host?: string;
  /** Path that it is served under, e.g. `/api`; everything that no other upstream of the host has when absent. */
  readonly path?: string;
  /** Takes the path away before the upstream sees the request. */
  readonly stripPath?: boolean;
  /** `http://grafana:3000` or `http://10.42.1.10:3000`, or https to anywhere. */
  readonly url: string;
  /** Docker network that the upstream's container is in, when the URL's host is a container's name. */
  readonly network?: string;
  readonly authentication: GatewayAuthentication;
  /** CIDR blocks that may reach it; the gateway's when absent. */
  readonly allow?: readonly string[];
  readonly rateLimit: RateLimit;
  /** Largest body of a request, in bytes. */
  readonly maxBodyBytes: number;
}

/** A gateway: Caddy, and HAProxy that counts for it. */
export interface GatewaySpec {
  readonly name: string;
  /** The name that it is reached by. */
  readonly domain: string;
  readonly certificates: GatewayCertificates;
  readonly upstreams: readonly GatewayUpstream[];
  /** CIDR blocks that may reach it; everyone when empty. */
  readonly allow: readonly string[];
  /** Wrong passwords of one client, after which its requests are refused. */
  readonly loginFailures: RateLimit;
  /** IPv4 address of the host on which it is published. */
  readonly address: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Private address on which metrics may be scraped; loopback when absent. */
  readonly metricsAddress?: string;
  /** First of the {@link GATEWAY_PORTS} ports of its metrics. */
  readonly basePort: number;
  /** Its folder on the host; certificates are below it. */
  readonly directory: string;
  readonly uid: number;
  readonly gid: number;
  readonly images?: { readonly caddy?: ImageOverride; readonly haproxy?: ImageOverride };
}

/** How many consecutive ports a gateway takes from `basePort`: Caddy's metrics, HAProxy's metrics. */
export const GATEWAY_PORTS = 2;

/** Requests of a client to one upstream. A page of Grafana is a hundred requests when nothing is cached. */
export const DEFAULT_RATE_LIMITS: Readonly<Record<GatewayUpstream["kind"], RateLimit>> = {
  grafana: { requests: 300, seconds: 10 },
  api: { requests: 60, seconds: 10 },
};
/** Wrong passwords: ten in ten minutes. */
export const DEFAULT_LOGIN_FAILURES: RateLimit = { requests: 10, seconds: 600 };
/** Grafana is sent dashboards, an API small documents. */
export const DEFAULT_BODY_BYTES: Readonly<Record<GatewayUpstream["kind"], number>> = {
  grafana: 10 * 1_048_576,
  api: 1_048_576,
};

/** One fault of a gateway's description. */
export interface GatewayFault {
  /** Where, from the spec: `upstreams[0].url`. */
  readonly path: string;
  readonly value: unknown;
  /** What it must be, in words that say what to do. */
  readonly message: string;
}

/** Where Prometheus finds metrics of a gateway. */
export interface GatewayMetrics {
  readonly job: "gateway";
  readonly client: "caddy" | "haproxy";
  /** `address:port`. */
  readonly target: string;
  readonly path: string;
}

/** What a gateway is on its host. */
export interface GatewayBundle extends AppliedBundle {
  readonly metrics: readonly GatewayMetrics[];
  /** What the host's firewall opens. */
  readonly ports: readonly OpenPort[];
}
