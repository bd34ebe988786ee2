import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as engine from "../../engine/index.ts";
import { FIXTURE, World } from "./harness.ts";

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const none = { same: 0, create: 0, update: 0, replace: 0, delete: 0 };
const PLAIN = "hunter2-in-the-open";

describe("secrets", () => {
  it("are encrypted in the state and masked in everything shown", async () => {
    const shown: string[] = [];
    const specs = [
      { name: "a", props: { password: PLAIN, nested: { v: 1 } }, secret: ["password"] },
      { name: "b", refs: { x: "a.token" } },
    ];
    const watch = { onEvent: (event: engine.EngineEvent) => shown.push(JSON.stringify(event)) };
    expect((await world.preview(specs, watch)).ok).toBe(true);
    const result = await world.up(specs, watch);
    expect(result).toMatchObject({ ok: true, outputs: { aToken: "[secret]" } });
    const failed = await world.up(
      [{ name: "a", props: { password: PLAIN, failUpdate: true, v: 2 }, secret: ["password"] }],
      watch,
    );
    expect(failed.ok).toBe(false);
    for (const text of [shown.join("\n"), world.stateText(), JSON.stringify(engine.exportStack(world.options([])))]) {
      expect(text).not.toContain(PLAIN);
      expect(text).not.toContain("output-secret-value");
    }
    expect((await engine.outputs(world.options([]))).outputs["aToken"]).toBe("[secret]");
    expect((await engine.outputs({ ...world.options([]), showSecrets: true })).outputs["aToken"]).toBe(
      "output-secret-value",
    );
    expect((await world.up(specs)).changes).toEqual({ ...none, same: 3 });
  });

  it("need a passphrase only when there is one, and the right one", async () => {
    const specs = [{ name: "a" }];
    delete process.env["PULUMI_CONFIG_PASSPHRASE"];
    const without = await world.up(specs);
    expect(without.ok).toBe(false);
    expect(without.diagnostics.map(({ message }) => message).join()).toContain("PULUMI_CONFIG_PASSPHRASE");
    // What was created is in the state, and is completed as soon as there is a passphrase.
    expect(world.resource("a").id).toBe(world.id("a"));
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "one";
    const completed = await world.up([...specs, { name: "b" }]);
    expect(completed).toMatchObject({ ok: true, changes: { ...none, same: 1, create: 1, update: 1 } });
    process.env["PULUMI_CONFIG_PASSPHRASE"] = "two";
    await expect(world.up(specs)).rejects.toMatchObject({ code: "PASSPHRASE_WRONG" });
  });
});

describe("export and import", () => {
  it("make the round trip", async () => {
    const specs = [
      { name: "a", props: { v: 1 } },
      { name: "b", refs: { x: "a.serial" } },
    ];
    await world.up(specs);
    const file = engine.exportStack(world.options([]));
    const text = JSON.stringify(file);
    await engine.importStack(world.options([]), text);
    expect(engine.exportStack(world.options([])).deployment.resources).toEqual(file.deployment.resources);
    expect((await world.up(specs)).changes).toEqual({ ...none, same: 3 });
    await expect(engine.importStack({ ...world.options([]), stack: "prod" }, text)).rejects.toThrow("another stack");
    await expect(engine.importStack(world.options([]), "{}")).rejects.toMatchObject({ code: "STATE_INVALID" });
  });
});

describe("command line", () => {
  it("ends with the result as JSON and the CLI's exit codes", async () => {
    const specs = [{ name: "a", props: { v: 1 } }];
    const refused = world.command(["up"], specs);
    expect(await refused.done).toBe(1);
    expect(refused.stderr).toContain("--yes");
    const up = world.command(["up", "--yes", "--json"], specs);
    expect(await up.done).toBe(0);
    expect(up.lastLine()).toMatchObject({ changes: { ...none, create: 2 }, outputs: { aToken: "[secret]" } });
    expect(up.stdout.trim().split("\n")).toHaveLength(1);
    const unexpected = world.command(["preview", "--json", "--expect-no-changes"], [{ name: "a", props: { v: 2 } }]);
    expect(await unexpected.done).toBe(1);
    expect(unexpected.lastLine()).toMatchObject({
      changes: { ...none, same: 1, update: 1 },
      steps: [{ op: "update", type: "fixture:index:Thing", diff: [{ path: "v", old: 1, new: 2 }] }],
    });
    const failed = world.command(["up", "--yes", "--json"], [...specs, { name: "x", props: { bad: 1 } }]);
    expect(await failed.done).toBe(1);
    expect(failed.lastLine()).toMatchObject({
      error: "up failed.",
      diagnostics: [{ severity: "error", message: "bad: bad is not allowed" }],
    });
    const output = world.command(["output", "aToken", "--show-secrets"]);
    expect(await output.done).toBe(0);
    expect(output.stdout.trim()).toBe("output-secret-value");
  });

  it("reports every fault of the configuration at once", async () => {
    const options = { ...world.options([]), projectDir: `${FIXTURE}/../faulty` };
    await expect(engine.up(options)).rejects.toMatchObject({
      code: "PROJECT_INVALID",
      data: { faults: { length: 3 } },
    });
  });

  it("leaves no process behind", async () => {
    await world.up([{ name: "a" }]);
    const ps = execFileSync("ps", ["-eo", "ppid,args"], { encoding: "utf8" });
    const children = ps
      .split("\n")
      .filter((line) => line.trim().startsWith(`${process.pid} `) && line.includes("@pulumi/pulumi/cmd"));
    expect(children).toEqual([]);
  });
});
