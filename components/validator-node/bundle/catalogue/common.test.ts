import { execFile, spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpCheck, tcpCheck, wgetCheck } from "./common.ts";

const run = promisify(execFile);
const has = (command: string): boolean => spawnSync(command, ["--version"]).error === undefined;

/** Runs a health check as Docker would; the exit code. */
async function check(test: readonly string[]): Promise<number> {
  const [form, command = "", ...args] = test;
  expect(form).toBe("CMD");
  return await run(command, args, { timeout: 5_000 }).then(
    () => 0,
    (error: unknown) => Number((error as { code?: unknown }).code),
  );
}

describe.each([
  ["bash", { http: httpCheck, tcp: tcpCheck }],
  ["wget", { http: wgetCheck, tcp: undefined }],
] as const)("health checks with %s", (command, checks) => {
  let server: Server;
  let port = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.url === "/ok" ? 200 : 503).end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => server.close());

  it.skipIf(!has(command))("is healthy when the server says so", async () => {
    expect(await check(checks.http(port, "/ok"))).toBe(0);
    if (checks.tcp) expect(await check(checks.tcp(port))).toBe(0);
  });

  it.skipIf(!has(command))("is not when the server answers otherwise or nobody does", async () => {
    expect(await check(checks.http(port, "/other"))).not.toBe(0);
    expect(await check(checks.http(1, "/ok"))).not.toBe(0);
    if (checks.tcp) expect(await check(checks.tcp(1))).not.toBe(0);
  });
});
