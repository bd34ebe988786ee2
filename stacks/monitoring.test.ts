import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { projectPath } from "../lib/paths.ts";
import { settingsOf } from "./namespace.ts";
import { monitoringPlan } from "./monitoring.ts";
import type { PublicSettings } from "./public-schema.ts";
import { parseSettings, SettingsError, type SettingsFault } from "./settings.ts";

/** A day before Glamsterdam is looked at. */
const NOW = Date.parse("2026-09-01T00:00:00Z") / 1_000;

function example(stack: string): Record<string, unknown> {
  const { config } = parse(readFileSync(projectPath(`Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, unknown>;
  };
  return settingsOf(config);
}

function faultsOf(raw: Record<string, unknown>, secrets: readonly string[] = []): readonly SettingsFault[] {
  try {
    parseSettings(raw, new Set(secrets), NOW);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.data.faults;
    throw error;
  }
}

const PAGE = { kind: "pagerduty", routingKeyFile: "keys/hoodi/pagerduty.key" };
const MONITORING = { host: "fra-1", receivers: { page: [PAGE] } };
const paths = (raw: Record<string, unknown>, secrets: readonly string[] = []): string[] =>
  faultsOf(raw, secrets).map(({ path }) => path);

describe("the setting monitoring", () => {
  const hoodi = example("hoodi");
  const withMonitoring = (changes: object): Record<string, unknown> => ({
    ...hoodi,
    monitoring: { ...MONITORING, ...changes },
  });

  it("takes a host and somebody to tell", () => {
    expect(paths(withMonitoring({}))).toEqual([]);
  });

  it.each<[object, string]>([
    [{ host: "nowhere" }, "monitoring.host"],
    [{ retention: { gibibytes: 5_000 } }, "hosts[0].dataVolume.sizeGiB"],
    [
      { receivers: { page: [{ kind: "slack", channel: "a b", urlFile: "x" }] } },
      "monitoring.receivers.page[0].channel",
    ],
    [{ receivers: { page: [{ kind: "webhook" }] } }, "monitoring.receivers.page[0]"],
    [{ receivers: { page: [{ kind: "webhook", url: "http://a.example" }] } }, "monitoring.receivers.page[0].url"],
    [{ receivers: { page: [{ kind: "carrier-pigeon" }] } }, "monitoring.receivers.page[0].kind"],
    [{ receivers: { page: [{ kind: "telegram", chatId: 0, tokenFile: "x" }] } }, "monitoring.receivers.page[0].chatId"],
    [{ receivers: { page: [{ ...PAGE, routingKeyFile: "secret:pagerduty" }] } }, "monitoring"],
    [
      { receivers: { page: [{ ...PAGE, routingKeyFile: "vault:oops" }] } },
      "monitoring.receivers.page[0].routingKeyFile",
    ],
    [
      {
        remoteWrite: [
          { name: "a", url: "https://m.example/push", credentialsFile: "x" },
          { name: "a", url: "https://n.example/push", credentialsFile: "y" },
        ],
      },
      "monitoring.remoteWrite[1].name",
    ],
  ])("refuses %j", (changes, path) => {
    expect(paths(withMonitoring(changes))).toEqual([path]);
  });

  it("counts its memory where it is", () => {
    const [first, second] = hoodi["hosts"] as Record<string, unknown>[];
    const small = { ...second, target: { kind: "digitalocean", region: "ams3", size: "so1_5-2vcpu-16gb" } };
    const raw = { ...hoodi, hosts: [first, small] };
    expect(
      faultsOf({ ...raw, monitoring: { ...MONITORING, host: "ams-1" } }).map(({ remedy }) => remedy),
    ).toContainEqual(expect.stringMatching(/\d+ GiB/));
  });

  it("must have somebody to wake on mainnet", () => {
    const mainnet = { ...example("mainnet"), monitoring: { host: "fra-1" } };
    expect(paths(mainnet)).toContain("monitoring.receivers.page");
    expect(paths({ ...mainnet, monitoring: MONITORING })).not.toContain("monitoring.receivers.page");
  });

  it("takes credentials of the settings, encrypted only", () => {
    const receivers = { page: [{ ...PAGE, routingKeyFile: "secret:pagerduty" }] };
    const raw = { ...withMonitoring({ receivers }), monitoringSecrets: { pagerduty: "a-key" } };
    expect(paths(raw, ["monitoringSecrets"])).toEqual([]);
    const [fault] = faultsOf(raw);
    expect(fault?.path).toBe("monitoringSecrets");
    expect(JSON.stringify(fault)).not.toContain("a-key");
  });

  it("must be dialled somewhere when its host is this machine", () => {
    const hosts = [...(hoodi["hosts"] as object[]), { name: "here", target: { kind: "local" } }];
    const raw = { ...hoodi, hosts, monitoring: { ...MONITORING, host: "here" } };
    expect(paths(raw)).toContain("monitoring.endpoint");
    expect(paths({ ...raw, monitoring: { ...raw.monitoring, endpoint: "dyn.example.org" } })).not.toContain(
      "monitoring.endpoint",
    );
  });

  it("is where a gateway to its Grafana is", () => {
    const gateway = {
      host: "ams-1",
      domain: "dash.example.org",
      acmeEmail: "ops@example.org",
      users: [{ name: "alice", passwordHashFile: "keys/hoodi/alice.bcrypt" }],
      upstreams: [
        {
          name: "grafana",
          kind: "grafana",
          url: "http://grafana:3000",
          network: "ethstake-monitoring_web",
          authentication: { kind: "basic", users: ["alice"] },
        },
      ],
    };
    expect(paths({ ...hoodi, gateway })).toEqual(["gateway.upstreams[0].network"]);
    expect(paths({ ...withMonitoring({}), gateway })).toEqual(["gateway.upstreams[0].network"]);
    expect(paths({ ...withMonitoring({ host: "ams-1" }), gateway })).toEqual([]);
    // Ports of both on one host.
    expect(paths({ ...withMonitoring({ host: "ams-1" }), gateway: { ...gateway, basePort: 9_100 } })).toEqual([
      "monitoring.host",
    ]);
  });

  it("knows which clients follow which fork, and whose validators they run", () => {
    const settings = parseSettings(withMonitoring({}), new Set(), NOW) as PublicSettings;
    const { facts, alertmanager } = monitoringPlan(settings, settings.monitoring ?? expect.fail(), "hoodi");
    expect(facts.filter(({ fork }) => fork === "fulu").every(({ follows }) => follows)).toBe(true);
    expect(facts).toContainEqual({
      operator: "alice",
      host: "fra-1",
      node: "node-1",
      job: "execution",
      client: "besu",
      role: "primary",
      fork: "gloas",
      follows: false,
    });
    expect(alertmanager.page).toEqual([
      {
        kind: "pagerduty",
        routingKeyFile: expect.stringMatching(/^\/run\/secrets\/pagerduty-[0-9a-f]{12}$/) as string,
      },
    ]);
  });
});
