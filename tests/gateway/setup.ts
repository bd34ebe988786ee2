/** The gateway that the tests share: an upstream of each kind, and a service that decides on requests. */
import type { Server } from "node:http";
import { afterAll, beforeAll, describe } from "vitest";
import { GATEWAY } from "../../components/gateway/fixtures.ts";
import type { GatewaySpec, GatewayUpstream } from "../../components/gateway/spec.ts";
import { startAuthority, Upstream, type Seen } from "./upstream.ts";
import { freePort } from "../free-ports.ts";
import { MISSING, World, type Answer } from "./world.ts";

/** What an upstream says that it saw. */
export const seenOf = ({ body }: Answer): Seen => JSON.parse(body) as Seen;
/** A user with the right password. */
export const user = "alice";
const basic = { kind: "basic", users: [user] } as const;

/** The gateway of the tests; each upstream shows something else. */
export async function specOf(grafana: Upstream, api: Upstream, authority: string): Promise<GatewaySpec> {
  const common = { rateLimit: { requests: 1_000, seconds: 10 }, maxBodyBytes: 1_000_000 } as const;
  const upstream = (one: Pick<GatewayUpstream, "name" | "url"> & Partial<GatewayUpstream>): GatewayUpstream => ({
    ...common,
    kind: "api",
    authentication: basic,
    ...one,
  });
  return {
    ...GATEWAY,
    domain: "dash.example.test",
    certificates: { kind: "internal" },
    loginFailures: { requests: 3, seconds: 600 },
    upstreams: [
      upstream({
        name: "grafana",
        kind: "grafana",
        url: grafana.url,
        authentication: { ...basic, userHeader: "X-WEBAUTH-USER" },
      }),
      upstream({ name: "api", path: "/api", url: api.url, maxBodyBytes: 1_000 }),
      upstream({ name: "api-slow", path: "/api/slow", url: api.url, rateLimit: { requests: 5, seconds: 600 } }),
      upstream({ name: "inner", path: "/inner", stripPath: true, url: api.url }),
      upstream({ name: "listed", path: "/listed", url: api.url, allow: ["127.0.0.64/28"] }),
      upstream({ name: "down", path: "/down", url: `http://127.0.0.1:${await freePort()}` }),
      upstream({
        name: "asked",
        host: "sub.dash.example.test",
        url: api.url,
        authentication: { kind: "forward", url: authority, path: "/api/verify", copyHeaders: ["Remote-User"] },
      }),
    ],
  };
}

/** What runs for a group of tests; there from the first test on. */
export interface Running {
  world: World;
  grafana: Upstream;
  api: Upstream;
}

/** A group of tests with a gateway of its own; skipped, and called so, where Caddy or HAProxy is missing. */
export function describeGateway(title: string, tests: (on: Running) => void): void {
  const needs = MISSING.length > 0 ? ` (needs ${MISSING.join(" and ")})` : "";
  describe.skipIf(MISSING.length > 0)(`${title}${needs}`, () => {
    // Filled before the first test.
    const on = {} as Running;
    let authority: { readonly url: string; readonly server: Server } | undefined;
    beforeAll(async () => {
      on.grafana = await Upstream.start();
      on.api = await Upstream.start({ "content-security-policy": "default-src *" });
      authority = await startAuthority();
      on.world = new World(await specOf(on.grafana, on.api, authority.url));
      await on.world.start();
    });
    afterAll(async () => {
      await on.world.stop();
      await on.grafana.stop();
      await on.api.stop();
      authority?.server.close();
    });
    tests(on);
  });
}
