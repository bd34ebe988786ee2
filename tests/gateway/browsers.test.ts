import { connect } from "node:tls";
import { describe, expect, it } from "vitest";
import { GRAFANA_CSP, SECURITY_HEADERS, STRICT_CSP } from "../../components/gateway/caddyfile.ts";
import { describeGateway, user } from "./setup.ts";
import { Upstream } from "./upstream.ts";
import { World, type Answer } from "./world.ts";

/** Every header that must be there, once, and none that tells what answers. */
function expectHeaders({ headers, rawHeaders }: Answer, csp: string): void {
  for (const [name, value] of Object.entries({ ...SECURITY_HEADERS, "Content-Security-Policy": csp })) {
    expect(headers[name.toLowerCase()], name).toBe(value);
    const times = rawHeaders.filter((raw, index) => index % 2 === 0 && raw.toLowerCase() === name.toLowerCase());
    expect(times, name).toHaveLength(1);
  }
  for (const telling of ["server", "via", "x-powered-by"]) expect(headers[telling], telling).toBeUndefined();
}

describeGateway("what browsers get", (on) => {
  it("has the headers of the founding documents", () => {
    expect(SECURITY_HEADERS).toMatchObject({
      "X-Frame-Options": "DENY",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "strict-origin-when-cross-origin",
      "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
      "X-XSS-Protection": "0",
    });
  });

  describe("headers", () => {
    it("are on Grafana's pages, with a policy that lets its scripts run", async () => {
      const answer = await on.world.ask({ user });
      expect(answer.status).toBe(200);
      expectHeaders(answer, GRAFANA_CSP);
    });

    it("are on an API's answers, whatever it says itself", async () => {
      const answer = await on.world.ask({ path: "/api/x", user });
      expect(answer.status).toBe(200);
      expectHeaders(answer, STRICT_CSP);
    });

    it("leave Grafana's own policy as it is", async () => {
      const own = await Upstream.start({ "content-security-policy": "script-src 'nonce-abc'" });
      const upstreams = on.world.spec.upstreams.slice(0, 1).map((upstream) => ({ ...upstream, url: own.url }));
      const other = new World({ ...on.world.spec, upstreams });
      try {
        await other.start();
        expectHeaders(await other.ask({ user }), "script-src 'nonce-abc'");
      } finally {
        await other.stop();
        await own.stop();
      }
    });

    it.each([
      [401, { path: "/api/x" }],
      [403, { path: "/listed", user }],
      [502, { path: "/down", user }],
      [413, { path: "/api/x", user, method: "POST", body: "x".repeat(1_001) }],
    ])("are on errors, too: %i", async (status, ask) => {
      const answer = await on.world.ask(ask);
      expect(answer.status).toBe(status);
      expectHeaders(answer, STRICT_CSP);
    });

    it("are not over plain HTTP, where a browser must not believe them", async () => {
      const answer = await on.world.plain(on.world.httpPort, "/", { host: on.world.spec.domain });
      expect(answer.headers["strict-transport-security"]).toBeUndefined();
    });
  });

  describe("plain HTTP", () => {
    it("is sent to HTTPS, with path and query, without a word on the server", async () => {
      const answer = await on.world.plain(on.world.httpPort, "/d/abc?from=1", { host: "dash.example.test" });
      expect(answer.status).toBe(308);
      expect(answer.headers.location).toBe(`https://dash.example.test:${on.world.httpsPort}/d/abc?from=1`);
      expect(answer.headers.server).toBeUndefined();
    });

    it("is never proxied, and other names get nothing", async () => {
      const before = on.api.seen.length + on.grafana.seen.length;
      const answer = await on.world.plain(on.world.httpPort, "/api/x", { host: "elsewhere.example" });
      expect(answer.status).toBe(421);
      expect(answer.headers.server).toBeUndefined();
      expect(on.api.seen.length + on.grafana.seen.length).toBe(before);
    });
  });

  describe("TLS", () => {
    const protocol = async (version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3", servername: string): Promise<string> =>
      await new Promise((resolve) => {
        const socket = connect({
          host: "127.0.0.1",
          port: on.world.httpsPort,
          servername,
          ca: on.world.authority,
          minVersion: version,
          maxVersion: version,
          ciphers: "DEFAULT@SECLEVEL=0",
        });
        socket.on("secureConnect", () => {
          resolve(socket.getProtocol() ?? "none");
          socket.destroy();
        });
        socket.on("error", () => resolve("refused"));
      });

    it("speaks 1.2 and 1.3 and nothing older", async () => {
      expect(await protocol("TLSv1.3", "dash.example.test")).toBe("TLSv1.3");
      expect(await protocol("TLSv1.2", "dash.example.test")).toBe("TLSv1.2");
      expect(await protocol("TLSv1.1", "dash.example.test")).toBe("refused");
    });

    it("has no certificate for other names", async () => {
      expect(await protocol("TLSv1.3", "elsewhere.example")).toBe("refused");
    });

    it("serves a name only to who asked for it", async () => {
      const answer = await on.world.ask({ user, headers: { host: "elsewhere.example" } });
      expect(answer.status).toBe(421);
      expect(answer.headers.server).toBeUndefined();
    });
  });
});
