import { describe, expect, it } from "vitest";
import { renderRelay } from "../../monitoring/relay.ts";
import { scrapeTargets, watchedTargets, type KnownHost } from "./targets.ts";

const node = (name: string, port: number) => ({
  name,
  operator: "alice",
  metrics: [
    { job: "execution", client: "besu", role: "primary", target: `127.0.0.1:${port}`, path: "/metrics" } as const,
  ],
});
const HOSTS: readonly KnownHost[] = [
  {
    name: "fra-1",
    operator: "alice",
    nodes: [node("node-1", 20_006)],
    others: [{ job: "gateway", target: "127.0.0.1:19000", path: "/metrics", labels: { client: "caddy" } }],
  },
  { name: "ams-1", operator: "none", nodes: [node("node-2", 20_006)] },
];
const KEEPERS = [{ name: "oracle-1", host: "ams-1", target: "127.0.0.1:7380" }];

describe("what Prometheus scrapes", () => {
  const targets = scrapeTargets("hoodi", "fra-1", HOSTS, KEEPERS);

  it("is on the monitoring host through its front, elsewhere through the link", () => {
    const execution = targets.filter(({ job }) => job === "execution");
    expect(execution[0]).toEqual({
      job: "execution",
      target: "front:9200",
      path: "/127.0.0.1:20006/metrics",
      labels: {
        operator: "alice",
        host: "fra-1",
        node: "node-1",
        client: "besu",
        role: "primary",
        instance: "fra-1:20006",
      },
    });
    expect(execution[1]).toMatchObject({
      target: expect.stringMatching(/^\[fd[0-9a-f:]+\]:9200$/) as string,
      proxy: "socks5://link:1080",
      labels: { instance: "ams-1:20006" },
    });
  });

  it("has keepers and gateway where they are", () => {
    const instances = targets.map(({ job, labels }) => `${job} ${labels["instance"] ?? ""}`);
    expect(instances).toContain("keeper ams-1:7380");
    expect(instances).toContain("gateway fra-1:19000");
    expect(targets.find(({ job }) => job === "keeper")?.labels).toMatchObject({ keeper: "oracle-1", host: "ams-1" });
  });

  it("is let through by the relays", () => {
    for (const host of HOSTS) {
      const relay = renderRelay(watchedTargets(host, KEEPERS), false);
      const asked = targets.filter(
        ({ job, labels }) => labels["host"] === host.name && ["execution", "keeper", "gateway"].includes(job),
      );
      expect(asked.length).toBeGreaterThan(1);
      for (const { path } of asked) expect(relay).toContain(`{ path -m str ${path} }`);
    }
  });
});
