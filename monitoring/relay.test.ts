import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../tests/free-ports.ts";
import { hasTool } from "./promtool.ts";
import { relayPath, renderFront, renderRelay } from "./relay.ts";

describe("the relay's configuration", () => {
  it("names each path that it lets through", () => {
    const text = renderRelay([{ target: "127.0.0.1:20006", path: "/metrics" }], false);
    expect(text).toContain("use_backend target-0 if { path -m str /127.0.0.1:20006/metrics }");
    expect(text).not.toContain("gateway");
  });

  it("refuses what HAProxy would read as something else", () => {
    expect(() => renderRelay([{ target: "127.0.0.1:1", path: "/m }\n bind :1" }], false)).toThrow("address:port");
    expect(() => renderRelay([{ target: "localhost", path: "/metrics" }], false)).toThrow("address:port");
  });
});

// Both programs for real: what is on loopback, through the relay's socket and the front's port.
describe.skipIf(!hasTool("haproxy"))("relay and front (haproxy)", () => {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-relay-"));
  const seen: IncomingMessage[] = [];
  const running: ChildProcess[] = [];
  let client: Server;
  let front = "";
  let target = "";

  beforeAll(async () => {
    client = createServer((request, response) => {
      seen.push(request);
      response.end("up 1\n");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => client.once("listening", resolve));
    target = `127.0.0.1:${(client.address() as AddressInfo).port}`;
    const port = await freePort();
    front = `http://127.0.0.1:${port}`;
    writeFileSync(join(folder, "relay.cfg"), renderRelay([{ target, path: "/debug/metrics" }], true, folder));
    writeFileSync(join(folder, "front.cfg"), renderFront(false, `127.0.0.1:${port}`, folder));
    for (const name of ["relay", "front"])
      running.push(spawn("haproxy", ["-db", "-f", join(folder, `${name}.cfg`)], { stdio: "ignore" }));
    for (let tries = 0; tries < 100 && !existsSync(join(folder, "metrics.sock")); tries++) await sleep(50);
    for (let tries = 0; tries < 100; tries++) {
      const answer = await fetch(front).catch(() => undefined);
      if (answer?.status === 404) break;
      await sleep(50);
    }
  });
  afterAll(() => {
    for (const child of running) child.kill();
    client.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("give what a target says, under the target's own name", async () => {
    const answer = await fetch(`${front}${relayPath({ target, path: "/debug/metrics" })}`);
    expect([answer.status, await answer.text()]).toEqual([200, "up 1\n"]);
    expect(seen.at(-1)?.url).toBe("/debug/metrics");
    expect(seen.at(-1)?.headers.host).toBe(target);
  });

  it("let nothing else through", async () => {
    const before = seen.length;
    const path = `/${target}/debug/metrics`;
    const asked = [
      `/${target}/`,
      `/${target}/eth/v1/keystores`,
      `${path}/x`,
      `${path}/../x`,
      "/127.0.0.1:22/metrics",
      "/",
    ];
    for (const each of asked) expect((await fetch(`${front}${each}`)).status, each).toBe(404);
    expect((await fetch(`${front}${path}`, { method: "POST", body: "x" })).status).toBe(405);
    expect((await fetch(`${front}${path}`, { method: "DELETE" })).status).toBe(405);
    expect(seen).toHaveLength(before);
  });
});
