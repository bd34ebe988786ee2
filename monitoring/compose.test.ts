import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { applyScripts } from "../components/validator-node/bundle/apply.ts";
import { GRAFANA_NETWORK, renderAgent, renderMonitoring, WITNESS_NETWORK } from "./compose.ts";
import { testAgent, testMonitoring } from "./fixtures.ts";
import { hasTool, inFolder, runTool } from "./promtool.ts";
import { timingOf } from "./rules/timing.ts";

interface Definition {
  readonly image: string;
  readonly user: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly ports?: readonly string[];
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
  it("has the stack's services", () => {
    expect(Object.keys(services())).toEqual([
      "node-exporter",
      "alloy",
      "relay",
      "front",
      "link",
      "prometheus",
      "alertmanager",
      "blackbox-exporter",
      "loki",
      "grafana",
    ]);
  });

  it("has a witness where keepers ask, alone with them in a network", () => {
    const { witness, prometheus, ...others } = services(renderMonitoring(testMonitoring({ witness: true })));
    expect(Object.keys(witness?.networks ?? {})).toEqual(["default", "questions"]);
    for (const [name, service] of Object.entries({ prometheus, ...others }))
      expect(Object.keys(service?.networks ?? {}), name).not.toContain("questions");
    expect(witness?.ports).toBeUndefined();
    const configOf = (files: readonly { path: string; content: string }[]): string | undefined =>
      files.find(({ path }) => path === "config/witness.cfg")?.content;
    expect(configOf(renderMonitoring(testMonitoring({ witness: true })).files)).toContain(
      "server prometheus prometheus:9090",
    );
    expect(configOf(renderAgent(testAgent({ witness: true })).files)).toContain("server prometheus link:9091");
    expect(configOf(renderAgent(testAgent()).files)).toBeUndefined();
    expect(WITNESS_NETWORK).toBe("ethstake-monitoring_questions");
  });

  it("confines each of them", () => {
    for (const [name, service] of Object.entries(services())) {
      expect(service.image, name).toMatch(/:v?\d+\.\d+\.\d+(-alpine)?$/);
      expect(service.read_only, name).toBe(true);
      expect(service.cap_drop, name).toEqual(["ALL"]);
      expect(service.cap_add, name).toBeUndefined();
      expect(service.mem_limit, name).toMatch(/^\d+m$/);
      // Docker's log files are root's; without capabilities root may read them and no more.
      expect(service.user, name).toBe({ alloy: "0:1000", "node-exporter": "65534:65534" }[name] ?? "1000:1000");
      for (const volume of service.volumes) {
        expect(volume.source).not.toContain("docker.sock");
        expect(volume.read_only ?? false, volume.source).toBe(!volume.source.startsWith("./data/"));
      }
    }
  });

  it("publishes on loopback, and the link's port to the world", () => {
    const published = Object.entries(services()).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => `${name} ${port}`),
    );
    expect(published).toEqual([
      "node-exporter 127.0.0.1:9100:9100/tcp",
      "alloy 127.0.0.1:12345:12345/tcp",
      "link 0.0.0.0:51820:51820/udp",
      "prometheus 127.0.0.1:9090:9090/tcp",
      "alertmanager 127.0.0.1:9093:9093/tcp",
      "grafana 127.0.0.1:3000:3000/tcp",
    ]);
    expect(renderMonitoring(testMonitoring()).ports).toEqual([
      { port: 51_820, protocol: "udp", purpose: "monitoring wireguard link" },
    ]);
    expect(renderAgent(testAgent()).ports).toEqual([]);
  });

  it("has the relay alone in the host's network", () => {
    const inHost = Object.entries(services()).filter(([, service]) => service.network_mode === "host");
    expect(inHost.map(([name]) => name)).toEqual(["relay"]);
  });

  it("shows a gateway Grafana and nothing else", () => {
    const inWeb = Object.entries(services()).filter(([, { networks }]) => networks && "web" in networks);
    expect(inWeb.map(([name]) => name)).toEqual(["grafana"]);
    expect(GRAFANA_NETWORK).toBe("ethstake-monitoring_web");
  });

  it("asks a gateway on the same host through the front, which has its name", () => {
    const compose = services(renderMonitoring(testMonitoring({ gatewayNames: ["dash.example.org"] })));
    expect(compose["front"]?.networks).toEqual({ default: { aliases: ["dash.example.org"] } });
    expect(services()["front"]?.networks).toBeUndefined();
  });

  it("names the secrets that it needs and holds none", () => {
    const bundle = renderMonitoring(testMonitoring());
    expect(bundle.credentials).toEqual([
      ...["pagerduty", "telegram", "slack-url", "smtp", "watchdog-url"].map((name) => `secrets/alertmanager/${name}`),
      "secrets/prometheus/remote-write",
    ]);
    expect(bundle.secrets).toEqual([{ path: "secrets/grafana-admin", mode: "0400", bytes: 32 }]);
    expect(bundle.files.some(({ path }) => path.startsWith("secrets/"))).toBe(false);
    const faulty = testMonitoring({ remoteWrite: [{ name: "a", url: "https://b", credentialsFile: "/etc/password" }] });
    expect(() => renderMonitoring(faulty)).toThrow("/etc/password");
  });

  it("can be applied as a node's bundle is", () => {
    const scripts = applyScripts("monitoring", "/var/lib/ethstake/monitoring", renderMonitoring(testMonitoring()));
    expect(scripts.files).toContain("file 0440 config/prometheus/prometheus.yml ");
    expect(scripts.services.split("\n").filter(Boolean)).toHaveLength(10);
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
    const bundle = renderAgent(testAgent());
    expect(Object.keys(services(bundle))).toEqual(["node-exporter", "alloy", "relay", "front", "link"]);
    expect(bundle.files.map(({ path }) => path)).toEqual([
      "compose.yaml",
      "config/alloy.alloy",
      "config/relay.cfg",
      "config/front.cfg",
      "config/link.conf",
    ]);
    expect(bundle.credentials).toEqual([]);
    expect(bundle.secrets).toEqual([]);
    const monitor = testAgent().link?.monitor ?? "";
    expect(bundle.files[1]?.content).toContain(`url = "http://[${monitor}]:3100/loki/api/v1/push"`);
    expect(bundle.files[1]?.content).toContain('proxy_url = "socks5://link:1080"');
  });

  it("needs no link when there is one host", () => {
    const { link: _link, ...alone } = testMonitoring();
    const bundle = renderMonitoring(alone);
    expect(Object.keys(services(bundle))).not.toContain("link");
    expect(bundle.ports).toEqual([]);
    expect(bundle.files.find(({ path }) => path === "config/alloy.alloy")?.content).toContain(
      'url = "http://loki:3100/loki/api/v1/push"\n  }',
    );
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
