import { describe, expect, it } from "vitest";
import { gatewayFaults } from "./faults.ts";
import { GATEWAY } from "./fixtures.ts";
import { GatewayError, renderGateway } from "./bundle.ts";
import type { GatewaySpec, GatewayUpstream } from "./spec.ts";

const [GRAFANA, API] = GATEWAY.upstreams as readonly [GatewayUpstream, GatewayUpstream];
const faults = (change: Partial<GatewaySpec>): string[] =>
  gatewayFaults({ ...GATEWAY, ...change }).map(({ path }) => path);
const upstream = (change: Partial<GatewayUpstream>): string[] => faults({ upstreams: [{ ...GRAFANA, ...change }] });

describe("a gateway without a fault", () => {
  it("has none", () => {
    expect(gatewayFaults(GATEWAY)).toEqual([]);
  });

  it.each<[string, Partial<GatewayUpstream>]>([
    ["an upstream at a private address", { url: "http://10.42.1.10:3000" }],
    ["an upstream in a private IPv6 network", { url: "http://[fd00::1]:3000" }],
    ["an upstream elsewhere, over https", { url: "https://grafana.example.org" }],
    ["a name below the domain", { host: "grafana.dash.example.org" }],
    ["a path of several parts", { path: "/a/b-c.d~e", stripPath: true }],
    ["a list of who may come", { allow: ["203.0.113.4/32", "2001:db8::/48"] }],
  ])("may have %s", (_title, change) => {
    expect(upstream(change)).toEqual([]);
  });

  it("may have a name of its own authority", () => {
    expect(faults({ domain: "dash.internal", certificates: { kind: "internal" } })).toEqual([]);
  });
});

describe("faults of a gateway", () => {
  it.each<[string, Partial<GatewaySpec>]>([
    ["name", { name: "Gate way" }],
    ["domain", { domain: "dash" }],
    ["domain", { domain: "*.example.org" }],
    ["domain", { domain: "203.0.113.4" }],
    ["domain", { domain: "dash.example.org {\n\trespond 200\n}" }],
    ["domain", { domain: "dash.internal" }],
    ["certificates.email", { certificates: { kind: "acme", email: "" } }],
    ["certificates.email", { certificates: { kind: "acme", email: "a@b.c\nlocal_certs" } }],
    ["allow[0]", { allow: ["everyone"] }],
    ["allow[0]", { allow: ["0.0.0.0/0"] }],
    ["loginFailures.requests", { loginFailures: { requests: 0, seconds: 60 } }],
    ["loginFailures.seconds", { loginFailures: { requests: 5, seconds: 86_400 } }],
    ["address", { address: "::" }],
    ["metricsAddress", { metricsAddress: "0.0.0.0" }],
    ["metricsAddress", { metricsAddress: "203.0.113.4" }],
    ["httpPort", { httpPort: 443 }],
    ["httpsPort", { httpsPort: 70_000 }],
    ["httpsPort", { httpsPort: 19_001 }],
    ["basePort", { basePort: 1_000 }],
    ["directory", { directory: "relative" }],
    ["directory", { directory: "/var/../etc" }],
    ["uid", { uid: 0 }],
    ["upstreams", { upstreams: [] }],
    [
      "upstreams",
      { upstreams: Array.from({ length: 17 }, (_, index) => ({ ...GRAFANA, name: `g-${index}`, path: `/${index}` })) },
    ],
  ])("%s", (path, change) => {
    expect(faults(change)).toEqual([path]);
  });

  it.each<[string, Partial<GatewayUpstream>]>([
    ["name", { name: "Grafana" }],
    ["host", { host: "elsewhere.org" }],
    ["host", { host: "evil-dash.example.org" }],
    ["path", { path: "/api/" }],
    ["path", { path: "/a/../b" }],
    ["path", { path: "/a b" }],
    ["path", { path: "/*" }],
    ["stripPath", { stripPath: true }],
    ["maxBodyBytes", { maxBodyBytes: 0 }],
    ["url", { url: "grafana:3000" }],
    ["url", { url: "http://grafana:3000/path" }],
    ["url", { url: "http://grafana:99999" }],
    ["url", { url: "http://10.0.0.1" }],
    ["url", { url: "http://127.0.0.1:3000" }],
    ["url", { url: "http://localhost:3000" }],
    ["url", { url: "http://[::1]:3000" }],
    ["url", { url: "http://203.0.113.4:3000" }],
    ["url", { url: "http://grafana.example.org:3000" }],
    ["network", { network: "a b" }],
    ["authentication.users", { authentication: { kind: "basic", users: [] } }],
    ["authentication.users[0]", { authentication: { kind: "basic", users: ["a }\nb"] } }],
    ["authentication.users[1]", { authentication: { kind: "basic", users: ["a", "a"] } }],
    ["authentication.userHeader", { authentication: { kind: "basic", users: ["a"], userHeader: "Host" } }],
    ["authentication.userHeader", { authentication: { kind: "basic", users: ["a"], userHeader: "X-A: b" } }],
    [
      "authentication.url",
      { authentication: { kind: "forward", url: "http://auth:1", path: "/verify", copyHeaders: [] } },
    ],
    [
      "authentication.path",
      { authentication: { kind: "forward", url: "https://auth.example.org", path: "/a {x}", copyHeaders: [] } },
    ],
    [
      "authentication.copyHeaders[0]",
      { authentication: { kind: "forward", url: "https://auth.example.org", path: "/a", copyHeaders: ["Cookie"] } },
    ],
    ["allow[1]", { allow: ["10.0.0.0/8", "10.0.0.0/33"] }],
    ["rateLimit.requests", { rateLimit: { requests: 1.5, seconds: 10 } }],
    ["rateLimit.seconds", { rateLimit: { requests: 5, seconds: 0 } }],
  ])("upstreams[0].%s", (path, change) => {
    expect(upstream(change)).toEqual([`upstreams[0].${path}`]);
  });

  it("wants a network for a container's name", () => {
    const { network: _none, ...rest } = GRAFANA;
    expect(faults({ upstreams: [rest] })).toEqual(["upstreams[0].url"]);
  });

  it("finds two upstreams of one name, and of one place", () => {
    expect(faults({ upstreams: [GRAFANA, { ...API, name: "grafana" }] })).toEqual(["upstreams[1].name"]);
    const { path: _none, ...rest } = API;
    expect(faults({ upstreams: [GRAFANA, { ...rest, host: GATEWAY.domain }] })).toEqual(["upstreams[1].path"]);
  });

  it("shows no password of a URL", () => {
    const [fault] = gatewayFaults({ ...GATEWAY, upstreams: [{ ...GRAFANA, url: "http://u:hunter2@grafana:3000" }] });
    expect(JSON.stringify(fault)).not.toContain("hunter2");
  });

  it("come all at once, and nothing is rendered with one", () => {
    const bad: GatewaySpec = { ...GATEWAY, domain: "x", uid: 0, upstreams: [{ ...GRAFANA, path: "/a/" }] };
    expect(gatewayFaults(bad).map(({ path }) => path)).toEqual(["domain", "uid", "upstreams[0].path"]);
    expect(() => renderGateway(bad)).toThrow(GatewayError);
    for (const { message } of gatewayFaults(bad)) expect(message).toMatch(/^(must|is) /);
  });
});
