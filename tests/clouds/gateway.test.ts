import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as engine from "../../engine/index.ts";
import { HASH } from "../../components/gateway/fixtures.ts";
import { policies } from "../../policy/engine.ts";
import { configurationOf, settingsOf } from "../../stacks/namespace.ts";
import { Cloud } from "./cloud.ts";
import { simulatedClouds } from "./plugins.ts";

// Hoodi's first machine with a gateway, on simulated clouds.
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEPLOYMENT = {
  executionRewardsVault: "0x7777777777777777777777777777777777777777",
  withdrawalVault: "0x8888888888888888888888888888888888888888",
};

describe("a gateway on simulated clouds", () => {
  const dir = mkdtempSync(join(tmpdir(), "ethstake-gateway-"));
  const hashFile = join(dir, "alice.bcrypt");
  const clouds = join(dir, "clouds");
  let settings: Record<string, unknown>;
  let gateway: Record<string, unknown>;

  beforeAll(() => {
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "correct horse";
    const { config } = parse(readFileSync(join(ROOT, "Pulumi.hoodi.yaml"), "utf8")) as {
      config: Record<string, unknown>;
    };
    const { protocol: _deployed, operators: _operators, ...rest } = settingsOf(config);
    const first = (list: unknown): unknown[] => (list as unknown[]).slice(0, 1);
    settings = { ...rest, deployment: DEPLOYMENT, hosts: first(rest["hosts"]), nodes: first(rest["nodes"]) };
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
          network: "ethstake-monitoring_default",
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
  const fileNames = (): string[] =>
    readdirSync(join(dir, "state"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));

  it("is not there, and opens nothing, without the setting", async () => {
    const plan = await engine.up(options(settings));
    expect(messages(plan)).toBe("");
    expect(done(plan).filter((step) => / gateway/.test(step))).toEqual([]);
    const groups = new Cloud(clouds, "aws").all().map(({ inputs }) => JSON.stringify(inputs));
    expect(groups.some((text) => text.includes('"fromPort":443'))).toBe(false);
  });

  it("is planned without its users' files, which a reviewer does not have", async () => {
    const plan = await engine.preview(options({ ...settings, gateway }));
    expect(messages(plan)).toBe("");
    expect(plan.ok).toBe(true);
    expect(done(plan)).toEqual([
      "create gateway",
      "create gateway-bundle",
      "create gateway-services",
      "create gateway-users",
      "update fra-1-firewall",
      "update fra-1-rules",
    ]);
  });

  it("is not made without them", async () => {
    const result = await engine.up(options({ ...settings, gateway }));
    expect(result.ok).toBe(false);
    expect(messages(result)).toMatch(/password hash of the gateway's user alice/);
  });

  it("is made with every rule kept, changes nothing a second time, and has no hash in the state", async () => {
    writeFileSync(hashFile, `${HASH}\n`, { mode: 0o600 });
    const first = await engine.up(options({ ...settings, gateway }));
    expect(messages(first)).toBe("");
    expect(first).toMatchObject({
      ok: true,
      outputs: { gateway: { urls: { grafana: "https://dash.example.org/" } } },
    });
    expect(done(await engine.up(options({ ...settings, gateway })))).toEqual([]);
    for (const file of fileNames()) {
      const text = readFileSync(file, "utf8");
      expect(text, file).not.toContain(HASH);
      expect(text, file).not.toContain(Buffer.from(`alice ${HASH}\n`).toString("base64"));
    }
  });

  it("gets a new password without a new container", async () => {
    writeFileSync(hashFile, HASH.replace("$10$", "$12$"), { mode: 0o600 });
    expect(done(await engine.up(options({ ...settings, gateway })))).toEqual(["update gateway-users"]);
  });

  it("goes as it came", async () => {
    expect(done(await engine.up(options(settings)))).toEqual([
      "delete gateway",
      "delete gateway-bundle",
      "delete gateway-services",
      "delete gateway-users",
      "update fra-1-firewall",
      "update fra-1-rules",
    ]);
  });
});
