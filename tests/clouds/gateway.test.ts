import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HASH } from "../../components/gateway/fixtures.ts";
import { done, exampleOf, messages, ROOT, Trial, type Settings } from "./trial.ts";

// Hoodi's first machine with a gateway, on simulated clouds.

describe("a gateway on simulated clouds", () => {
  const trial = new Trial("gateway");
  const hashFile = join(trial.dir, "alice.bcrypt");
  let settings: Settings;
  let gateway: Settings;

  beforeAll(() => {
    const rest = exampleOf("hoodi");
    const first = (list: unknown): unknown[] => (list as unknown[]).slice(0, 1);
    settings = { ...rest, hosts: first(rest["hosts"]), nodes: first(rest["nodes"]) };
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
  afterAll(() => trial.dispose());

  it("is not there, and opens nothing, without the setting", async () => {
    const plan = await trial.up(settings);
    expect(messages(plan)).toBe("");
    expect(done(plan).filter((step) => / gateway/.test(step))).toEqual([]);
    const groups = trial.things("aws").map(({ inputs }) => JSON.stringify(inputs));
    expect(groups.some((text) => text.includes('"fromPort":443'))).toBe(false);
  });

  it("is planned without its users' files, which a reviewer does not have", async () => {
    const plan = await trial.preview({ ...settings, gateway });
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
    const result = await trial.up({ ...settings, gateway });
    expect(result.ok).toBe(false);
    expect(messages(result)).toMatch(/password hash of the gateway's user alice/);
  });

  it("is made with every rule kept, changes nothing a second time, and has no hash in the state", async () => {
    writeFileSync(hashFile, `${HASH}\n`, { mode: 0o600 });
    const first = await trial.upWithRules({ ...settings, gateway });
    expect(messages(first)).toBe("");
    expect(first).toMatchObject({
      ok: true,
      outputs: { gateway: { urls: { grafana: "https://dash.example.org/" } } },
    });
    expect(done(await trial.up({ ...settings, gateway }))).toEqual([]);
    for (const { file, text } of trial.stateFiles()) {
      expect(text, file).not.toContain(HASH);
      expect(text, file).not.toContain(Buffer.from(`alice ${HASH}\n`).toString("base64"));
    }
  });

  it("gets a new password without a new container", async () => {
    writeFileSync(hashFile, HASH.replace("$10$", "$12$"), { mode: 0o600 });
    expect(done(await trial.up({ ...settings, gateway }))).toEqual(["update gateway-users"]);
  });

  it("goes as it came", async () => {
    expect(done(await trial.up(settings))).toEqual([
      "delete gateway",
      "delete gateway-bundle",
      "delete gateway-services",
      "delete gateway-users",
      "update fra-1-firewall",
      "update fra-1-rules",
    ]);
  });
});
