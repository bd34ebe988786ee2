/** A gateway that has no fault, for tests. */
import { DEFAULT_BODY_BYTES, DEFAULT_LOGIN_FAILURES, DEFAULT_RATE_LIMITS, type GatewaySpec } from "./spec.ts";

/** Hash of `correct horse`, at the least cost that is taken. */
export const HASH = "$2b$10$QKhk/BpN/rirRzFqoGhsjuqqak2kO.cpcTpIFHiAOhdo0orHVOvZW";

/** Grafana at the domain, an API below `/api`, both with users. */
export const GATEWAY: GatewaySpec = {
  name: "gateway",
  domain: "dash.example.org",
  certificates: { kind: "acme", email: "ops@example.org" },
  allow: [],
  loginFailures: DEFAULT_LOGIN_FAILURES,
  address: "0.0.0.0",
  httpPort: 80,
  httpsPort: 443,
  basePort: 19_000,
  directory: "/var/lib/ethstake/gateway",
  uid: 1_000,
  gid: 1_000,
  upstreams: [
    {
      name: "grafana",
      kind: "grafana",
      url: "http://grafana:3000",
      network: "ethstake-monitoring_default",
      authentication: { kind: "basic", users: ["alice", "bob"], userHeader: "X-WEBAUTH-USER" },
      rateLimit: DEFAULT_RATE_LIMITS.grafana,
      maxBodyBytes: DEFAULT_BODY_BYTES.grafana,
    },
    {
      name: "api",
      kind: "api",
      path: "/api/v1",
      url: "http://10.42.1.10:8080",
      authentication: {
        kind: "forward",
        url: "http://authelia:9091",
        network: "auth",
        path: "/api/verify",
        copyHeaders: ["Remote-User"],
      },
      allow: ["203.0.113.0/24", "2001:db8::/32"],
      rateLimit: DEFAULT_RATE_LIMITS.api,
      maxBodyBytes: DEFAULT_BODY_BYTES.api,
    },
  ],
};
