import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { testMonitoring } from "../fixtures.ts";
import { linkAddress } from "../link.ts";
import { hasTool, inFolder, runTool } from "../promtool.ts";
import { prometheusArgs, renderBlackbox, renderPrometheus } from "./config.ts";
import type { PrometheusSpec } from "./config.ts";
import { renderFacts } from "./facts.ts";

interface Config {
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly proxy_url?: string;
    readonly fallback_scrape_protocol?: string;
    readonly static_configs: readonly { readonly targets: string[]; readonly labels: Record<string, string> }[];
  }[];
  readonly remote_write?: readonly Record<string, unknown>[];
}

function spec(changes: Partial<PrometheusSpec> = {}): PrometheusSpec {
  const { stack, network, targets, remoteWrite } = testMonitoring();
  return {
    stack,
    network,
    major: 2,
    scrapeSeconds: 15,
    targets,
    ruleFiles: ["rules/*.yml"],
    alertmanagers: ["127.0.0.1:9093"],
    remoteWrite,
    probes: { exporter: "127.0.0.1:9115", urls: ["https://grafana.example.org"] },
    ...changes,
  };
}

function read(changes: Partial<PrometheusSpec> = {}): Config {
  return parse(renderPrometheus(spec(changes))) as Config;
}

describe("prometheus.yml", () => {
  it("labels each target with stack, place, client and role", () => {
    const execution = read().scrape_configs.find(({ job_name }) => job_name === "execution-link");
    expect(execution?.static_configs[0]).toEqual({
      targets: [`[${linkAddress("hoodi", "host-1")}]:9200`],
      labels: {
        stack: "hoodi",
        network: "hoodi",
        operator: "acme",
        host: "host-1",
        node: "node-1",
        client: "geth",
        role: "primary",
        instance: "host-1:20006",
        job: "execution",
        __metrics_path__: "/127.0.0.1:20006/debug/metrics/prometheus",
      },
    });
    expect(execution?.proxy_url).toBe("socks5://link:1080");
    expect(execution?.static_configs).toHaveLength(2);
  });

  it("has one configuration a job", () => {
    const names = read().scrape_configs.map(({ job_name }) => job_name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(["execution-link", "node", "node-link", "loki", "probe"]));
  });

  it("reads credentials from files", () => {
    expect(read().remote_write).toEqual([
      {
        name: "long-term",
        url: "https://metrics.example.org/api/v1/push",
        basic_auth: { username: "hoodi", password_file: "/run/secrets/remote-write" },
      },
    ]);
    const [token] =
      read({ remoteWrite: [{ name: "a", url: "https://b", credentialsFile: "/run/secrets/c" }] }).remote_write ?? [];
    expect(token?.["authorization"]).toEqual({ type: "Bearer", credentials_file: "/run/secrets/c" });
  });

  it("takes clients without a content type from Prometheus 3 on, and says so only there", () => {
    const protocols = (major: 2 | 3): unknown[] =>
      read({ major }).scrape_configs.map((job) => job.fallback_scrape_protocol);
    expect(new Set(protocols(3))).toEqual(new Set(["PrometheusText0.0.4"]));
    expect(new Set(protocols(2))).toEqual(new Set([undefined]));
  });

  it("leaves out what is not asked for", () => {
    const config = read({ remoteWrite: [], probes: { exporter: "a:1", urls: [] } });
    expect(config.remote_write).toBeUndefined();
    expect(config.scrape_configs.map(({ job_name }) => job_name)).not.toContain("probe");
  });

  it.skipIf(!hasTool("promtool"))("is taken by promtool (promtool)", () => {
    const folder = mkdtempSync(join(tmpdir(), "ethstake-prometheus-"));
    try {
      mkdirSync(join(folder, "rules"));
      writeFileSync(join(folder, "password"), "x");
      writeFileSync(join(folder, "rules/facts.yml"), renderFacts("hoodi", "hoodi", testMonitoring().facts));
      const remoteWrite = spec().remoteWrite.map((one) => ({ ...one, credentialsFile: join(folder, "password") }));
      writeFileSync(join(folder, "prometheus.yml"), renderPrometheus(spec({ remoteWrite })));
      const { ok, output } = runTool("promtool", ["check", "config", "prometheus.yml"], folder);
      expect(output).toContain("1 rules found");
      expect(ok, output).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

it("facts are constant series that promtool takes", () => {
  const content = renderFacts("hoodi", "hoodi", testMonitoring().facts);
  expect(content).toContain("expr: vector(0)");
  if (!hasTool("promtool")) return;
  expect(
    inFolder(new Map([["facts.yml", content]]), (folder) =>
      runTool("promtool", ["check", "rules", "facts.yml"], folder),
    ).ok,
  ).toBe(true);
});

it("flags bound what is kept, and open no API that changes anything", () => {
  const args = prometheusArgs({
    configFile: "/c",
    dataPath: "/d",
    listen: "127.0.0.1:9090",
    retentionDays: 90,
    retentionGiB: 50,
    externalUrl: "https://p.example.org",
  });
  expect(args).toEqual([
    "--config.file=/c",
    "--storage.tsdb.path=/d",
    "--storage.tsdb.retention.time=90d",
    "--storage.tsdb.retention.size=50GB",
    "--web.listen-address=127.0.0.1:9090",
    "--web.external-url=https://p.example.org",
  ]);
});

it("the probe demands TLS", () => {
  expect(parse(renderBlackbox())).toMatchObject({
    modules: { https: { prober: "http", http: { fail_if_not_ssl: true } } },
  });
});
