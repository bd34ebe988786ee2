import type { Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeeperMetrics } from "./metrics.ts";
import { serve } from "./server.ts";

let server: Server;
let url: string;
let problems: string[];
let metrics: KeeperMetrics;

beforeEach(async () => {
  problems = [];
  metrics = new KeeperMetrics();
  ({ server, url } = await serve({ address: "127.0.0.1", port: 0 }, metrics.registry, () => problems));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A line of Prometheus' text format: a comment, or a name with labels and a number. */
const LINE = /^(# (HELP|TYPE) \w+ .+|[a-z_]+(\{(\w+="([^"\\\n]|\\.)*",?)+\})? (-?[\d.e+-]+|NaN|[+-]Inf))$/;

describe("the server", () => {
  it("is healthy while nothing is wrong, and says what is", async () => {
    const well = await fetch(`${url}/health`);
    expect([well.status, await well.json()]).toEqual([200, { healthy: true, problems: [] }]);
    problems = ["reports has not succeeded for 300 s"];
    const ill = await fetch(`${url}/health?verbose`);
    expect([ill.status, await ill.json()]).toEqual([503, { healthy: false, problems }]);
  });

  it("serves metrics that Prometheus can read, whatever names are in them", async () => {
    metrics.info.set({ version: "0.1.0", member: 'a "quoted" \\ name\nand a line', dry_run: "false" }, 1);
    metrics.runs.inc({ loop: "sla", outcome: "idle" });
    metrics.duration.observe({ loop: "sla" }, 0.3);
    metrics.dissent.set({ lane: "report", member: "0xaa" }, 1);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain");
    const lines = (await response.text()).split("\n").filter((line) => line !== "");
    expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
    expect(lines).toContain('ethstake_keeper_member_dissent{lane="report",member="0xaa"} 1');
    expect(lines).toContain(
      'ethstake_keeper_info{version="0.1.0",member="a \\"quoted\\" \\\\ name\\nand a line",dry_run="false"} 1',
    );
  });

  it("has nothing else, and says when its port is taken", async () => {
    expect((await fetch(`${url}/`)).status).toBe(404);
    const port = Number(new URL(url).port);
    await expect(serve({ address: "127.0.0.1", port }, metrics.registry, () => [])).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});
