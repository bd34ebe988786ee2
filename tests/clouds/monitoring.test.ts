import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { HASH } from "../../components/gateway/fixtures.ts";
import * as engine from "../../engine/index.ts";
import { policies } from "../../policy/engine.ts";
import { configurationOf, settingsOf } from "../../stacks/namespace.ts";
import { Cloud } from "./cloud.ts";
import { simulatedClouds } from "./plugins.ts";

// Hoodi's machines and nodes with monitoring and a gateway on the first, on simulated clouds.
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEPLOYMENT = {
  executionRewardsVault: "0x7777777777777777777777777777777777777777",
  withdrawalVault: "0x8888888888888888888888888888888888888888",
};
const SECRETS = { slack: "https://hooks.slack.example/T0/B0/very-secret", pagerduty: "0123456789abcdef-secret" };

describe("monitoring on simulated clouds", () => {
  const dir = mkdtempSync(join(tmpdir(), "ethstake-monitoring-"));
  const slackFile = join(dir, "slack.url");
  const keyFile = join(dir, "pagerduty.key");
  const clouds = join(dir, "clouds");
  let settings: Record<string, unknown>;
  let monitoring: Record<string, unknown>;
  let gateway: Record<string, unknown>;

  beforeAll(() => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    const { config } = parse(readFileSync(join(ROOT, "Pulumi.hoodi.yaml"), "utf8")) as {
      config: Record<string, unknown>;
    };
    const { protocol: _deployed, operators: _operators, monitoring: _monitoring, ...rest } = settingsOf(config);
    settings = { ...rest, deployment: DEPLOYMENT };
    monitoring = {
      host: "fra-1",
      receivers: {
        page: [{ kind: "pagerduty", routingKeyFile: relative(ROOT, keyFile) }],
        warn: [{ kind: "slack", channel: "#staking", urlFile: relative(ROOT, slackFile) }],
      },
    };
    const hashFile = join(dir, "alice.bcrypt");
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
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const options = (all: Record<string, unknown>): engine.RunOptions => ({
    projectDir: ROOT,
    stack: "trial",
    stateDir: join(dir, "state"),
    plugins: simulatedClouds(clouds),
    config: configurationOf(all),
    policies,
  });
  const done = ({ steps }: engine.RunResult): string[] =>
    steps
      .filter(({ op }) => op !== "same")
      .map(({ op, name }) => `${op} ${name}`)
      .sort();
  const messages = ({ diagnostics, error }: engine.RunResult): string =>
    [...diagnostics.map(({ message }) => message), error ?? ""].join("\n").trim();
  const stateTexts = (): string[] =>
    readdirSync(join(dir, "state"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8"));

  it("is not there, and opens nothing, without the setting", async () => {
    const plan = await engine.up(options(settings));
    expect(messages(plan)).toBe("");
    expect(done(plan).filter((step) => / monitoring/.test(step))).toEqual([]);
    const inputs = new Cloud(clouds, "aws").all().map((thing) => JSON.stringify(thing.inputs));
    expect(inputs.some((text) => text.includes("51820"))).toBe(false);
  });

  it("is planned without its credentials, which a reviewer does not have, and touches no node", async () => {
    const plan = await engine.preview(options({ ...settings, monitoring }));
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
    const result = await engine.up(options({ ...settings, monitoring }));
    expect(result.ok).toBe(false);
    expect(messages(result)).toMatch(/credential of monitoring \(.*pagerduty\.key\)/);
  });

  it("is made with every rule kept, changes nothing a second time, and has no credential in the state", async () => {
    writeFileSync(slackFile, `${SECRETS.slack}\n`, { mode: 0o600 });
    writeFileSync(keyFile, `${SECRETS.pagerduty}\n`, { mode: 0o600 });
    const first = await engine.up(options({ ...settings, monitoring }));
    expect(messages(first)).toBe("");
    expect(first.ok).toBe(true);
    const { targets } = first.outputs["monitoring"] as { targets: { job: string; host: string; instance: string }[] };
    expect(targets).toContainEqual({ job: "execution", host: "fra-1", instance: "fra-1:20006" });
    expect(targets).toContainEqual({ job: "execution", host: "ams-1", instance: "ams-1:20006" });
    expect(targets).toContainEqual({ job: "node", host: "ams-1", instance: "ams-1:9100" });
    expect(new Set(targets.map(({ job, instance }) => `${job} ${instance}`)).size).toBe(targets.length);
    expect(done(await engine.up(options({ ...settings, monitoring })))).toEqual([]);
    for (const text of stateTexts())
      for (const secret of Object.values(SECRETS)) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString("base64"));
      }
  });

  it("gets another channel with the files and services of its host, and a new credential with itself alone", async () => {
    const warn = [{ kind: "slack", channel: "#alerts", urlFile: relative(ROOT, slackFile) }];
    const receivers = { ...(monitoring["receivers"] as object), warn };
    monitoring = { ...monitoring, receivers };
    expect(done(await engine.up(options({ ...settings, monitoring })))).toEqual([
      "update monitoring-fra-1-bundle",
      "update monitoring-fra-1-services",
    ]);
    writeFileSync(keyFile, "another-key\n", { mode: 0o600 });
    expect(done(await engine.up(options({ ...settings, monitoring })))).toEqual(["update monitoring-credentials"]);
  });

  it("is joined by a gateway, which it watches", async () => {
    const result = await engine.up(options({ ...settings, monitoring, gateway }));
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
    const steps = done(await engine.up(options(settings)));
    expect(steps.filter((step) => !/^delete (monitoring|gateway)/.test(step))).toEqual([
      "update fra-1-firewall",
      "update fra-1-rules",
    ]);
    expect(steps).toHaveLength(2 + 10 + 4);
  });
});
