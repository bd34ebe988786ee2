import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderAlloy, renderLoki } from "./config.ts";

describe("loki.yaml", () => {
  it("keeps logs for a time, in one process", () => {
    const config: unknown = parse(
      renderLoki({ address: "127.0.0.1", port: 3100, dataPath: "/loki", retentionDays: 30 }),
    );
    expect(config).toMatchObject({
      server: { http_listen_address: "127.0.0.1", grpc_listen_address: "127.0.0.1" },
      common: { replication_factor: 1, ring: { kvstore: { store: "inmemory" } } },
      compactor: { retention_enabled: true, delete_request_store: "filesystem" },
      limits_config: { retention_period: "720h" },
      analytics: { reporting_enabled: false },
    });
  });
});

describe("config.alloy", () => {
  const config = renderAlloy({
    stack: "hoodi",
    network: "hoodi",
    host: 'host "1"',
    lokiUrl: "http://10.8.0.1:3100/loki/api/v1/push",
    containersPath: "/containers",
  });

  it("reads the files of Docker's driver, and asks Docker for nothing", () => {
    expect(config).toContain('"/containers/*/*-json.log"');
    expect(config).not.toMatch(/docker\.sock|discovery\.docker|loki\.source\.docker/);
  });

  it("writes names as they are, whatever is in them", () => {
    expect(config).toContain('host     = "host \\"1\\""');
  });

  it("closes every block that it opens, and refers to components that are there", () => {
    const bare = config.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""');
    for (const [open, close] of ["{}", "[]"].map((pair) => [pair.charAt(0), pair.charAt(1)] as const))
      expect(bare.split(open).length, open).toBe(bare.split(close).length);
    const components = new Set(
      [...config.matchAll(/^([a-z_.]+) "(\w+)" \{$/gm)].map(([, kind = "", label = ""]) => `${kind}.${label}`),
    );
    const referred = [...bare.matchAll(/\b((?:local|loki)\.[a-z_.]+?)\.(?:targets|receiver)\b/g)].map(
      ([, name = ""]) => name,
    );
    expect(referred).toHaveLength(3);
    expect(referred.filter((name) => !components.has(name))).toEqual([]);
  });
});
