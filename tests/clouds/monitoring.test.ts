import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HASH } from "../../components/gateway/fixtures.ts";
import { done, exampleOf, messages, ROOT, Trial, type Settings } from "./trial.ts";

// Hoodi's machines and nodes with monitoring and a gateway on the first, on simulated clouds.
const SECRETS = { slack: "https://hooks.slack.example/T0/B0/very-secret", pagerduty: "0123456789abcdef-secret" };

describe("monitoring on simulated clouds", () => {
  const trial = new Trial("monitoring");
  const slackFile = join(trial.dir, "slack.url");
  const keyFile = join(trial.dir, "pagerduty.key");
  let settings: Settings;
  let monitoring: Settings;
  let gateway: Settings;

  beforeAll(() => {
    settings = exampleOf("hoodi", "monitoring");
    monitoring = {
      host: "fra-1",
      receivers: {
        page: [{ kind: "pagerduty", routingKeyFile: relative(ROOT, keyFile) }],
        warn: [{ kind: "slack", channel: "#staking", urlFile: relative(ROOT, slackFile) }],
      },
    };
    const hashFile = join(trial.dir, "alice.bcrypt");
    writeFileSync(hashFile, `${HASH}\n`, { mode: 0o600 });
    gateway = {
      host: "fra-1",
      domain: "dash.example.org",
      acmeEmail: "ops@example.org",
      users: [{ name: "alice", passwordHashFile: relative(ROOT, hashFile) }],
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
  });
  afterAll(() => trial.dispose());

  it("is not there, and opens nothing, without the setting", async () => {
    const plan = await trial.up(settings);
    expect(messages(plan)).toBe("");
    expect(done(plan).filter((step) => / monitoring/.test(step))).toEqual([]);
    const inputs = trial.things("aws").map((thing) => JSON.stringify(thing.inputs));
    expect(inputs.some((text) => text.includes("51820"))).toBe(false);
  });

  it("is planned without its credentials, which a reviewer does not have, and touches no node", async () => {
    const plan = await trial.preview({ ...settings, monitoring });
    expect(messages(plan)).toBe("");
    expect(done(plan)).toEqual([
      "create monitoring",
      "create monitoring-ams-1-bundle",
      "create monitoring-ams-1-key",
      "create monitoring-ams-1-link",
      "create monitoring-ams-1-services",
      "create monitoring-credentials",
      "create monitoring-fra-1-bundle",
      "create monitoring-fra-1-key",
      "create monitoring-fra-1-link",
      "create monitoring-fra-1-services",
      "update fra-1-firewall",
      "update fra-1-rules",
    ]);
  });

  it("is not made without them", async () => {
    const result = await trial.up({ ...settings, monitoring });
    expect(result.ok).toBe(false);
    expect(messages(result)).toMatch(/credential of monitoring \(.*pagerduty\.key\)/);
  });

  it("is made with every rule kept, changes nothing a second time, and has no credential in the state", async () => {
    writeFileSync(slackFile, `${SECRETS.slack}\n`, { mode: 0o600 });
    writeFileSync(keyFile, `${SECRETS.pagerduty}\n`, { mode: 0o600 });
    const first = await trial.upWithRules({ ...settings, monitoring });
    expect(messages(first)).toBe("");
    expect(first.ok).toBe(true);
    const { targets } = first.outputs["monitoring"] as { targets: { job: string; host: string; instance: string }[] };
    expect(targets).toContainEqual({ job: "execution", host: "fra-1", instance: "fra-1:20006" });
    expect(targets).toContainEqual({ job: "execution", host: "ams-1", instance: "ams-1:20006" });
    expect(targets).toContainEqual({ job: "node", host: "ams-1", instance: "ams-1:9100" });
    expect(new Set(targets.map(({ job, instance }) => `${job} ${instance}`)).size).toBe(targets.length);
    expect(done(await trial.up({ ...settings, monitoring }))).toEqual([]);
    for (const { text } of trial.stateFiles())
      for (const secret of Object.values(SECRETS)) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString("base64"));
      }
  });

  it("gets another channel with the files and services of its host, and a new credential with itself alone", async () => {
    const warn = [{ kind: "slack", channel: "#alerts", urlFile: relative(ROOT, slackFile) }];
    const receivers = { ...(monitoring["receivers"] as object), warn };
    monitoring = { ...monitoring, receivers };
    expect(done(await trial.up({ ...settings, monitoring }))).toEqual([
      "update monitoring-fra-1-bundle",
      "update monitoring-fra-1-services",
    ]);
    writeFileSync(keyFile, "another-key\n", { mode: 0o600 });
    expect(done(await trial.up({ ...settings, monitoring }))).toEqual(["update monitoring-credentials"]);
  });

  it("is joined by a gateway, which it watches", async () => {
    const result = await trial.upWithRules({ ...settings, monitoring, gateway });
    expect(messages(result)).toBe("");
    expect(done(result)).toEqual([
      "create gateway",
      "create gateway-bundle",
      "create gateway-services",
      "create gateway-users",
      "update fra-1-firewall",
      "update fra-1-rules",
      "update monitoring-fra-1-bundle",
      "update monitoring-fra-1-services",
    ]);
    expect(result.outputs["monitoring"]).toMatchObject({ urls: { grafana: "https://dash.example.org/" } });
    const names = result.steps.filter(({ op }) => op !== "same").map(({ name }) => name);
    expect(names.indexOf("monitoring-fra-1-services")).toBeLessThan(names.indexOf("gateway-services"));
  });

  it("goes as it came", async () => {
    const steps = done(await trial.up(settings));
    expect(steps.filter((step) => !/^delete (monitoring|gateway)/.test(step))).toEqual([
      "update fra-1-firewall",
      "update fra-1-rules",
    ]);
    expect(steps).toHaveLength(2 + 10 + 4);
  });
});
