import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderGateway } from "./bundle.ts";
import { GATEWAY, HASH } from "./fixtures.ts";
import type { GatewaySpec } from "./spec.ts";

interface ComposeService {
  readonly image: string;
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly ports: readonly string[];
  readonly networks: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly logging: { readonly options: Readonly<Record<string, string>> };
  readonly volumes: readonly { readonly source: string; readonly target: string; readonly read_only?: boolean }[];
}
interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<"caddy" | "limiter", ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly external?: boolean }>>;
}

const fileOf = (spec: GatewaySpec, path: string): string =>
  renderGateway(spec).files.find((file) => file.path === path)?.content ?? "";
const composeOf = (spec: GatewaySpec): Compose => parse(fileOf(spec, "compose.yaml")) as Compose;
const compose = composeOf(GATEWAY);
const caddyfile = fileOf(GATEWAY, "config/Caddyfile");

describe("the containers of a gateway", () => {
  it.each(["caddy", "limiter"] as const)("%s can do no more than it must", (name) => {
    const service = compose.services[name];
    expect(service).toMatchObject({
      user: "1000:1000",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      logging: { options: { "max-size": "50m", "max-file": "5" } },
    });
    expect(service.mem_limit).toMatch(/^\d+m$/);
    expect(service.image).toMatch(/^[a-z]+:\d+\.\d+\.\d+-alpine(@sha256:[0-9a-f]{64})?$/);
    expect(service.healthcheck.test).toContain("wget");
  });

  it("give Caddy the one capability that its program asks for, and the limiter none", () => {
    expect(compose.services.caddy.cap_add).toEqual(["NET_BIND_SERVICE"]);
    expect(compose.services.limiter.cap_add).toBeUndefined();
  });

  it("publish 80 and 443, metrics on loopback, and nothing else", () => {
    expect(compose.services.caddy.ports).toEqual([
      "0.0.0.0:80:8080/tcp",
      "0.0.0.0:443:8443/tcp",
      "127.0.0.1:19000:9180/tcp",
    ]);
    expect(compose.services.limiter.ports).toEqual(["127.0.0.1:19001:8101/tcp"]);
  });

  it("keep certificates in a folder of the host, and everything else read-only", () => {
    const writable = compose.services.caddy.volumes.filter((volume) => volume.read_only !== true);
    expect(writable.map(({ source, target }) => `${source} ${target}`)).toEqual(["./data/caddy /data"]);
    expect(renderGateway(GATEWAY).directories).toContainEqual({ path: "data/caddy", mode: "0700" });
  });

  it("join the networks of what they ask, which others make", () => {
    expect(compose.services.caddy.networks).toEqual(["default", "limiter", "auth", "ethstake-monitoring_default"]);
    expect(compose.services.limiter.networks).toEqual(["limiter"]);
    expect(compose.networks).toEqual({
      limiter: {},
      auth: { external: true },
      "ethstake-monitoring_default": { external: true },
    });
  });

  it("are made anew when their configuration changes, and only then", () => {
    const more = { ...GATEWAY, loginFailures: { requests: 9, seconds: 600 } };
    const hash = (spec: GatewaySpec, name: "caddy" | "limiter") =>
      composeOf(spec).services[name].environment["CONFIG_HASH"];
    expect(hash(more, "limiter")).not.toBe(hash(GATEWAY, "limiter"));
    expect(hash(more, "caddy")).toBe(hash(GATEWAY, "caddy"));
    const { caddy, limiter } = renderGateway(GATEWAY).services;
    expect(renderGateway(more).services).toMatchObject({ caddy });
    expect(renderGateway(more).services["limiter"]).not.toBe(limiter);
  });

  it("have an image of another version when told so", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const images = { caddy: { tag: "2.99.0-alpine", digest } };
    expect(composeOf({ ...GATEWAY, images }).services.caddy.image).toBe(`caddy:2.99.0-alpine@${digest}`);
  });
});

describe("a bundle of a gateway", () => {
  it("is the same for the same spec", () => {
    expect(renderGateway(structuredClone(GATEWAY))).toEqual(renderGateway(GATEWAY));
  });

  it("opens 80 and 443, and says where metrics are", () => {
    const { ports, metrics } = renderGateway({ ...GATEWAY, metricsAddress: "10.42.1.10" });
    expect(ports).toEqual([
      { port: 80, protocol: "tcp", purpose: "gateway http" },
      { port: 443, protocol: "tcp", purpose: "gateway https" },
    ]);
    expect(metrics).toEqual([
      { job: "gateway", client: "caddy", target: "10.42.1.10:19000", path: "/metrics" },
      { job: "gateway", client: "haproxy", target: "10.42.1.10:19001", path: "/metrics" },
    ]);
  });

  it("has no password hash in any file", () => {
    for (const { content } of renderGateway(GATEWAY).files) expect(content).not.toMatch(/\$2[aby]\$/);
    expect(HASH).toMatch(/^\$2b\$10\$/);
    expect(caddyfile).toContain("import /run/secrets/users-grafana");
  });
});

describe("a Caddyfile", () => {
  it("has no admin API, and asks one authority for certificates", () => {
    expect(caddyfile).toContain("admin off");
    expect(caddyfile).toContain("acme_ca https://acme-v02.api.letsencrypt.org/directory");
    expect(caddyfile).not.toContain("local_certs");
    const staging = { ...GATEWAY, certificates: { kind: "acme", email: "a@b.org", staging: true } } as const;
    expect(fileOf(staging, "config/Caddyfile")).toContain("acme-staging-v02");
    const internal = fileOf({ ...GATEWAY, certificates: { kind: "internal" } }, "config/Caddyfile");
    expect(internal).toContain("local_certs");
    expect(internal).not.toContain("acme_ca");
  });

  it("redirects to where HTTPS is published", () => {
    expect(caddyfile).toContain("redir https://dash.example.org{uri} 308");
    expect(fileOf({ ...GATEWAY, httpsPort: 8443 }, "config/Caddyfile")).toContain(
      "redir https://dash.example.org:8443{uri} 308",
    );
  });

  it("looks at who asks, how often and how much, in this order, before it asks the upstream", () => {
    const [, api = ""] = caddyfile.split("handle @api");
    const order = ["error @refused-api 403", "/limit/api", "error @large-api 413", "/api/verify", "reverse_proxy"];
    const places = order.map((text) => api.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
  });

  it("has a list of its own for each upstream, or the gateway's, or none", () => {
    expect(caddyfile).not.toContain("@refused-grafana");
    const listed = fileOf({ ...GATEWAY, allow: ["198.51.100.0/24"] }, "config/Caddyfile");
    expect(listed).toContain("@refused-grafana not remote_ip 198.51.100.0/24");
    expect(listed).toContain("@refused-api not remote_ip 203.0.113.0/24 2001:db8::/32");
  });
});
