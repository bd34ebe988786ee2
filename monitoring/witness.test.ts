import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UptimeWitness } from "../services/keeper/service-level/witness.ts";
import { freePort } from "../tests/free-ports.ts";
import { hasTool } from "./promtool.ts";
import { renderWitness, UPTIME_QUERY, WITNESS_PORT } from "./witness.ts";

// HAProxy for real, between a keeper's question and something that answers as Prometheus does.
describe.skipIf(!hasTool("haproxy"))("the witness (haproxy)", () => {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-witness-"));
  const config = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const asked: string[] = [];
  let prometheus: Server;
  let haproxy: ChildProcess;
  let url = "";

  beforeAll(async () => {
    prometheus = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      response.end(
        JSON.stringify({
          status: "success",
          data: { resultType: "vector", result: [{ metric: {}, value: [0, "0.5"] }] },
        }),
      );
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => prometheus.once("listening", resolve));
    const port = await freePort();
    const target = `127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
    url = `http://127.0.0.1:${port}`;
    const file = config("witness.cfg", renderWitness(target, `127.0.0.1:${port}`));
    haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: "ignore" });
    for (let tries = 0; tries < 100; tries++) {
      if ((await fetch(url).catch(() => undefined))?.status === 404) break;
      await sleep(50);
    }
  });
  afterAll(() => {
    haproxy.kill();
    prometheus.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("brings a keeper's question to Prometheus, and the answer back", async () => {
    const context = {
      operatorName: () => Promise.resolve("north"),
      windowStart: (window: number) => Promise.resolve(1_000 * window),
      note: () => undefined,
    };
    const witness = new UptimeWitness({ url, query: UPTIME_QUERY, tolerance: 0.01 }, context);
    const report = { operatorId: 1, window: 2, assignedEpochs: 100n, missedEpochs: 50n };
    expect(await witness.confirm(report)).toMatchObject({
      confirmed: true,
      witnessed: 0.5,
    });
    const [, path = ""] = asked.at(-1)?.split(" ") ?? [];
    expect(new URL(path, url).searchParams.get("query")).toBe(
      '1 - quantile(0.5, increase(ethstake_operator_epochs_missed_total{operator_id="1"}[1000s])) / (quantile(0.5, increase(ethstake_operator_epochs_assigned_total{operator_id="1"}[1000s])) > 0)',
    );
  });

  it("lets nothing else through", async () => {
    const before = asked.length;
    for (const path of ["/", "/metrics", "/api/v1/query_range?query=up", "/api/v1/targets", "/api/v1/query/../targets"])
      expect((await fetch(`${url}${path}`)).status, path).toBe(404);
    for (const method of ["POST", "PUT", "DELETE"])
      expect((await fetch(`${url}/api/v1/query?query=up`, { method })).status, method).toBe(405);
    expect(asked).toHaveLength(before);
  });

  it("starts before the containers that it asks, whose names nobody knows yet", () => {
    const file = config("names.cfg", renderWitness(`link:${WITNESS_PORT}`));
    expect(spawnSync("haproxy", ["-c", "-f", file], { encoding: "utf8" })).toMatchObject({ status: 0 });
  });
});
