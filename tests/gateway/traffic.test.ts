import { connect } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { describeGateway, seenOf, user } from "./setup.ts";
import { World } from "./world.ts";

const basicOf = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

/** What comes back over an upgraded connection to Grafana, after something was sent. */
async function live(world: World, authorization: string): Promise<string> {
  const headers = Object.entries({
    host: world.spec.domain,
    authorization,
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return await new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port: world.httpsPort,
      servername: world.spec.domain,
      ca: world.authority,
    });
    let text = "";
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("hello") && !text.includes("ping")) socket.write("ping");
      if (!text.includes("ping") && !text.includes(" 401 ")) return;
      resolve(text);
      socket.destroy();
    });
    socket.write(`GET /live/ws HTTP/1.1\r\n${headers.join("")}\r\n`);
  });
}

describeGateway("what passes", (on) => {
  describe("bodies", () => {
    const post = { path: "/api/x", method: "POST", user } as const;

    it("pass up to the limit", async () => {
      const answer = await on.world.ask({ ...post, body: "x".repeat(1_000) });
      expect([answer.status, seenOf(answer).bytes]).toEqual([200, 1_000]);
    });

    it("are refused above it before the upstream is asked, and cut off when they do not say their length", async () => {
      const before = on.api.seen.length;
      expect((await on.world.ask({ ...post, body: "x".repeat(1_001) })).status).toBe(413);
      const chunked = await on.world.ask({ ...post, body: "x".repeat(100_000), chunked: true });
      // Caddy 2.6 takes a body that was cut off for a fault of the upstream.
      expect([413, 502]).toContain(chunked.status);
      expect(on.api.seen.length).toBe(before);
    });

    it("are not the only thing that is bounded: nor may headers be large", async () => {
      const answer = await on.world.ask({ path: "/api/x", user, headers: { "x-large": "x".repeat(64_000) } });
      expect(answer.status).toBe(431);
    });
  });

  it("says nothing of an upstream that is down", async () => {
    const answer = await on.world.ask({ path: "/down", user });
    expect(answer.status).toBe(502);
    expect(answer.body).toBe("502 Bad Gateway");
    expect(JSON.stringify([answer.headers, answer.body])).not.toMatch(/127\.0\.0\.1|refused|dial/);
  });

  it("passes websockets (Grafana Live) both ways, with a password only", async () => {
    const text = await live(on.world, basicOf("alice:correct horse"));
    expect(text).toContain("101 Switching Protocols");
    expect(text).toMatch(/sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    expect(text.endsWith("ping")).toBe(true);
    expect(await live(on.world, basicOf("alice:wrong"))).toContain("401 Unauthorized");
  });

  it("has no admin API, and listens nowhere else", () => {
    const { world } = on;
    const ports = [world.httpPort, world.httpsPort, world.statusPort].sort((one, other) => one - other);
    expect(world.listening(world.caddy)).toEqual(ports);
    const limiter = [world.limiterPort, world.limiterStatusPort].sort((one, other) => one - other);
    expect(world.listening(world.limiter)).toEqual(limiter);
  });

  it("has metrics of both, which are not served to the world", async () => {
    const { world } = on;
    await world.ask({ user });
    expect((await world.plain(world.statusPort, "/metrics")).body).toMatch(/caddy_http_requests_total/);
    expect((await world.plain(world.limiterStatusPort, "/metrics")).body).toMatch(
      /haproxy_frontend_http_responses_total/,
    );
    const failed = await world.plain(world.limiterStatusPort, "/failed", { "X-Ethstake-Client": "192.0.2.9" });
    expect(failed.status).toBe(404);
    expect((await world.ask({ path: "/metrics" })).status).toBe(401);
  });

  it("logs each access as JSON: who, what and how it ended, and no credential", async () => {
    const from = "127.0.0.77";
    await on.world.ask({
      path: "/api/logged?token=hunter2",
      user,
      from,
      headers: { cookie: "session=hunter3", "x-api-key": "hunter4", referer: "https://x/?t=hunter5" },
    });
    await on.world.ask({ path: "/down?token=hunter6", user, from, headers: { cookie: "session=hunter7" } });
    await sleep(300);
    const entries = on.world.log
      .split("\n")
      .filter((line) => line.includes("handled request") && line.includes(from))
      .map((line) => JSON.parse(line) as { status: number; user_id: string; request: Record<string, unknown> });
    const logged = entries.find(({ request }) => request["uri"] === "/api/logged");
    expect(logged).toMatchObject({
      status: 200,
      user_id: "alice",
      request: { remote_ip: from, method: "GET", host: "dash.example.test" },
    });
    expect(entries.map(({ status }) => status)).toContain(502);
    expect(on.world.log).not.toContain("hunter");
    expect(on.world.log).not.toContain(basicOf("alice:correct horse").slice("Basic ".length));
    expect(on.world.log).not.toContain("correct horse");
  });
});
