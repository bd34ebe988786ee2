import { describe, expect, it } from "vitest";
import { SECURITY_HEADERS } from "../../components/gateway/caddyfile.ts";
import { describeGateway, seenOf, specOf, user } from "./setup.ts";
import { Upstream } from "./upstream.ts";
import { MISSING, World, type Answer } from "./world.ts";

describeGateway("who is let in, and how often", (on) => {
  describe("authentication", () => {
    it("asks for a password", async () => {
      const answer = await on.world.ask({ path: "/api/x" });
      expect(answer.status).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe('Basic realm="ethstake"');
    });

    it("refuses a wrong one, and one that is another's", async () => {
      expect((await on.world.ask({ user, password: "wrong", from: "127.0.1.1" })).status).toBe(401);
      expect((await on.world.ask({ user: "mallory", from: "127.0.1.1" })).status).toBe(401);
    });

    it("lets the right one in, names the user to the upstream and keeps the password to itself", async () => {
      const answer = await on.world.ask({ path: "/d/x?y=1", user, headers: { "x-webauth-user": "admin" } });
      expect(answer.status).toBe(200);
      const { url, headers } = seenOf(answer);
      expect(url).toBe("/d/x?y=1");
      expect(headers["x-webauth-user"]).toBe("alice");
      expect(headers.authorization).toBeUndefined();
    });

    it("lets nobody pose as somebody else", async () => {
      const claims = { "x-webauth-user": "admin", "x-webauth-groups": "root", "remote-user": "admin" };
      const { headers } = seenOf(await on.world.ask({ path: "/api/x", user, headers: claims }));
      for (const claim of Object.keys(claims)) expect(headers[claim], claim).toBeUndefined();
    });

    it("tells the upstream the client's address, not what the client says", async () => {
      const { headers } = seenOf(
        await on.world.ask({ path: "/api/x", user, from: "127.0.0.5", headers: { "x-forwarded-for": "8.8.8.8" } }),
      );
      expect(headers["x-forwarded-for"]).toBe("127.0.0.5");
      expect(headers["x-forwarded-proto"]).toBe("https");
    });

    it("can be another service's: asked each time, its word on who it is, and nobody else's", async () => {
      const host = "sub.dash.example.test";
      const refused = await on.world.ask({ host });
      expect([refused.status, refused.headers.location]).toEqual([302, "https://login.example.org/"]);
      const good = await on.world.ask({ host, headers: { cookie: "session=good", "remote-user": "admin" } });
      expect([good.status, seenOf(good).headers["remote-user"]]).toEqual([200, "carol"]);
      const nameless = await on.world.ask({ host, headers: { cookie: "session=nameless", "remote-user": "admin" } });
      expect(nameless.status).toBe(200);
      // Caddy 2.6 writes the name of what is missing instead of nothing.
      expect([undefined, "{http.reverse_proxy.header.Remote-User}"]).toContain(seenOf(nameless).headers["remote-user"]);
    });
  });

  describe("paths", () => {
    it("go to the longest that fits, and are the upstream's own unless they are stripped", async () => {
      expect(seenOf(await on.world.ask({ path: "/api/slow/x", user, from: "127.0.2.1" })).url).toBe("/api/slow/x");
      expect(seenOf(await on.world.ask({ path: "/inner/x?y", user })).url).toBe("/x?y");
      const before = on.grafana.seen.length;
      await on.world.ask({ path: "/apiary", user });
      expect(on.grafana.seen.length).toBe(before + 1);
    });

    it.each(["//api/x", "/api/../api/x", "/%61pi/x", "/API/x", "/./api/x"])(
      "however they are written, need a password: %s",
      async (path) => {
        expect((await on.world.ask({ path })).status).toBe(401);
      },
    );
  });

  it("keeps an allow-list", async () => {
    const ask = { path: "/listed", user };
    expect((await on.world.ask({ ...ask, from: "127.0.0.63" })).status).toBe(403);
    expect((await on.world.ask({ ...ask, from: "127.0.0.64" })).status).toBe(200);
    expect((await on.world.ask({ ...ask, headers: { "x-forwarded-for": "127.0.0.64" } })).status).toBe(403);
  });

  describe("rates", () => {
    const slow = async (from: string, headers = {}): Promise<Answer> =>
      await on.world.ask({ path: "/api/slow", user, from, headers });

    it("refuse the request after the last that is allowed, and serve another address", async () => {
      const from = "127.0.3.1";
      const before = on.api.seen.length;
      for (let request = 1; request <= 5; request++) expect((await slow(from)).status, `request ${request}`).toBe(200);
      const refused = await slow(from);
      expect(refused.status).toBe(429);
      expect(refused.headers["retry-after"]).toBe("600");
      expect(refused.body).toContain("Too many requests");
      for (const [name, value] of Object.entries(SECURITY_HEADERS))
        expect(refused.headers[name.toLowerCase()], name).toBe(value);
      expect(refused.headers.server).toBeUndefined();
      expect(on.api.seen.length).toBe(before + 5);
      expect((await slow("127.0.3.2")).status).toBe(200);
      // The other upstreams have counts of their own.
      expect((await on.world.ask({ path: "/api/x", user, from })).status).toBe(200);
    });

    it("do not believe a client who says that it is another", async () => {
      const statuses: number[] = [];
      for (let request = 1; request <= 6; request++) {
        const client = `203.0.113.${request}`;
        const headers = { "x-forwarded-for": client, "x-ethstake-client": client, "x-real-ip": client };
        statuses.push((await slow("127.0.3.3", headers)).status);
      }
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    });

    it("hold for requests without a password, too", async () => {
      const statuses: number[] = [];
      for (let request = 1; request <= 6; request++)
        statuses.push((await on.world.ask({ path: "/api/slow", from: "127.0.3.4" })).status);
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    });

    it("hold for requests that come at once", async () => {
      const all = await Promise.all(Array.from({ length: 20 }, async () => await slow("127.0.3.5")));
      expect(all.filter(({ status }) => status === 200)).toHaveLength(5);
      expect(all.filter(({ status }) => status === 429)).toHaveLength(15);
    });

    it("refuse everything to who tries passwords, the right one included, and only to them", async () => {
      const from = "127.0.3.6";
      const statuses: number[] = [];
      for (const password of ["a", "b", "c", "correct horse"])
        statuses.push((await on.world.ask({ user, password, from })).status);
      expect(statuses).toEqual([401, 401, 401, 429]);
      expect((await on.world.ask({ path: "/api/x", user, from })).status).toBe(429);
      expect((await on.world.ask({ user, from: "127.0.3.7" })).status).toBe(200);
    });

    it("count IPv6 by the network that a subscriber has", async () => {
      const ask = async (client: string): Promise<number> =>
        (await on.world.plain(on.world.limiterPort, "/limit/api-slow", { "X-Ethstake-Client": client })).status;
      for (const last of [1, 2, 3, 4, 5]) expect(await ask(`2001:db8:0:7::${last}`)).toBe(204);
      expect(await ask("2001:db8:0:7:ffff::6")).toBe(429);
      expect(await ask("2001:db8:0:8::1")).toBe(204);
    });

    it("let nothing through that cannot be counted", async () => {
      const ask = async (path: string, headers: Readonly<Record<string, string>>): Promise<number> =>
        (await on.world.plain(on.world.limiterPort, path, headers)).status;
      expect(await ask("/limit/api", {})).toBe(403);
      expect(await ask("/limit/api", { "X-Ethstake-Client": "nobody" })).toBe(403);
      expect(await ask("/limit/other", { "X-Ethstake-Client": "192.0.2.1" })).toBe(404);
    });
  });
});

describe.skipIf(MISSING.length > 0)("a gateway whose limiter is gone", () => {
  it("refuses requests instead of letting them through uncounted", async () => {
    const upstream = await Upstream.start();
    const world = new World(await specOf(upstream, upstream, upstream.url));
    try {
      await world.start(false);
      expect((await world.ask({ user })).status).toBe(502);
      expect(upstream.seen).toEqual([]);
    } finally {
      await world.stop();
      await upstream.stop();
    }
  });
});
