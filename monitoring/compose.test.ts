import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { applyScripts } from "../components/validator-node/bundle/apply.ts";
import { renderMonitoring } from "./compose.ts";
import { testMonitoring } from "./fixtures.ts";
import { hasTool, inFolder, runTool } from "./promtool.ts";
import { timingOf } from "./rules/timing.ts";

interface Definition {
  readonly image: string;
  readonly user: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly network_mode: string;
  readonly ports?: unknown;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly cap_add?: unknown;
  readonly mem_limit: string;
  readonly volumes: readonly { readonly source: string; readonly target: string; readonly read_only?: boolean }[];
}

function services(bundle = renderMonitoring(testMonitoring())): Record<string, Definition> {
  const compose = bundle.files.find(({ path }) => path === "compose.yaml");
  return (parse(compose?.content ?? "") as { services: Record<string, Definition> }).services;
}

describe("the monitoring bundle", () => {
  it("has the stack's seven services", () => {
    expect(Object.keys(services())).toEqual([
      "node-exporter",
      "alloy",
      "prometheus",
      "alertmanager",
      "blackbox-exporter",
      "loki",
      "grafana",
    ]);
  });

  it("confines each of them", () => {
    for (const [name, service] of Object.entries(services())) {
      expect(service.image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
      expect(service.read_only, name).toBe(true);
      expect(service.cap_drop, name).toEqual(["ALL"]);
      expect(service.cap_add, name).toBeUndefined();
      expect(service.mem_limit, name).toMatch(/^\d+m$/);
      // Docker's log files are root's; without capabilities root may read them and no more.
      expect(service.user, name).toBe(name === "alloy" ? "0:1000" : "1000:1000");
      for (const volume of service.volumes) {
        expect(volume.source).not.toContain("docker.sock");
        expect(volume.read_only ?? false, volume.source).toBe(!volume.source.startsWith("./data/"));
      }
    }
  });

  it("listens on the private address and nowhere else", () => {
    const bundle = renderMonitoring(testMonitoring());
    expect(bundle.ports).toEqual([]);
    for (const [name, service] of Object.entries(services(bundle))) {
      expect(service.ports, name).toBeUndefined();
      expect(service.network_mode, name).toBe("host");
      const text = JSON.stringify([service.command, service.environment]);
      expect(text, name).not.toContain("0.0.0.0");
      if (name !== "loki") expect(text, name).toContain("10.8.0.1");
    }
    const loki = bundle.files.find(({ path }) => path === "config/loki/loki.yaml");
    expect(parse(loki?.content ?? "")).toMatchObject({
      server: { http_listen_address: "10.8.0.1", grpc_listen_address: "127.0.0.1" },
    });
  });

  it("names the secrets that it needs and holds none", () => {
    const bundle = renderMonitoring(testMonitoring());
    expect(bundle.credentials).toEqual(
      ["pagerduty", "telegram", "slack-url", "smtp", "watchdog-url", "remote-write"].map((name) => `secrets/${name}`),
    );
    expect(bundle.secrets).toEqual([{ path: "secrets/grafana-admin", mode: "0400", bytes: 32 }]);
    expect(bundle.files.some(({ path }) => path.startsWith("secrets/"))).toBe(false);
    const faulty = testMonitoring({ remoteWrite: [{ name: "a", url: "https://b", credentialsFile: "/etc/password" }] });
    expect(() => renderMonitoring(faulty)).toThrow("/etc/password");
  });

  it("can be applied as a node's bundle is", () => {
    const scripts = applyScripts("monitoring", "/var/lib/ethstake/monitoring", renderMonitoring(testMonitoring()));
    expect(scripts.files).toContain("file 0440 config/prometheus/prometheus.yml ");
    expect(scripts.services.split("\n").filter(Boolean)).toHaveLength(7);
  });

  it("restarts what changed and nothing else", () => {
    const before = renderMonitoring(testMonitoring()).services;
    const changed = (after: Readonly<Record<string, string>>): string[] =>
      Object.keys(after).filter((name) => after[name] !== before[name]);
    expect(changed(renderMonitoring(testMonitoring()).services)).toEqual([]);
    expect(changed(renderMonitoring(testMonitoring({ facts: [] })).services)).toEqual(["prometheus"]);
    expect(changed(renderMonitoring(testMonitoring({ images: { grafana: { tag: "12.2.0" } } })).services)).toEqual([
      "grafana",
    ]);
    expect(
      changed(renderMonitoring(testMonitoring({ retention: { days: 90, gibibytes: 50, logDays: 7 } })).services),
    ).toEqual(["loki"]);
  });

  it("takes a digest, and drops it with the tag that it belongs to", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const images = { loki: { tag: "3.5.4", digest } };
    expect(services(renderMonitoring(testMonitoring({ images })))["loki"]?.image).toBe(`grafana/loki:3.5.4@${digest}`);
  });

  it("has rules of the network's own time", () => {
    const bundle = renderMonitoring(testMonitoring({ timing: timingOf(8, 2) }));
    const rules = bundle.files.find(({ path }) => path === "config/prometheus/rules/alerts-validators.yml");
    expect(rules?.content).toContain("for: 75s");
  });

  it("is small on a host that is watched from elsewhere", () => {
    const bundle = renderMonitoring(
      testMonitoring({ address: "10.8.0.3", agent: { lokiUrl: "http://10.8.0.1:3100/loki/api/v1/push" } }),
    );
    expect(Object.keys(services(bundle))).toEqual(["node-exporter", "alloy"]);
    expect(bundle.files.map(({ path }) => path)).toEqual(["compose.yaml", "config/alloy.alloy"]);
    expect(bundle.credentials).toEqual([]);
    expect(bundle.files[1]?.content).toContain('url = "http://10.8.0.1:3100/loki/api/v1/push"');
  });

  it.skipIf(!hasTool("docker") || !runTool("docker", ["compose", "version"]).ok)(
    "is taken by compose (docker compose)",
    () => {
      const content = renderMonitoring(testMonitoring()).files[0]?.content ?? "";
      inFolder(new Map([["compose.yaml", content]]), (folder) => {
        const { ok, output } = runTool("docker", ["compose", "config", "--quiet"], folder);
        expect(ok, output).toBe(true);
      });
    },
  );
});
