import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identifyProcess, type ProcessIdentity } from "../../lib/process.ts";
import { until, World } from "./harness.ts";

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const none = { same: 0, create: 0, update: 0, replace: 0, delete: 0 };
const messages = (result: { diagnostics: readonly { message: string }[] }): string =>
  result.diagnostics.map(({ message }) => message).join("\n");

describe("failures", () => {
  it("finishes independent steps, skips dependents, keeps the state, deletes nothing", async () => {
    await world.up([{ name: "old" }]);
    const specs = (fail: boolean) => [
      { name: "a", props: fail ? { failCreate: true } : {} },
      { name: "b", refs: { x: "a.serial" } },
      { name: "c", dependsOn: ["b"] },
      { name: "d", props: { delayMs: 300 } },
    ];
    const failed = await world.up(specs(true));
    expect(failed).toMatchObject({ ok: false, changes: { ...none, same: 1, create: 1 } });
    expect(messages(failed)).toContain("creation of a refused");
    expect(world.ids().map((id) => id.split("-")[0])).toEqual(expect.arrayContaining(["d", "old"]));
    expect(world.ids()).toHaveLength(2);
    const repaired = await world.up(specs(false));
    expect(repaired).toMatchObject({ ok: true, changes: { ...none, same: 2, create: 3, delete: 1 } });
  });

  it("shows all check failures of all resources", async () => {
    const result = await world.up([
      { name: "a", props: { bad: 1, worse: 2 } },
      { name: "b", props: { bad: 3 } },
    ]);
    expect(result.ok).toBe(false);
    const found = result.diagnostics.filter(({ severity }) => severity === "error");
    expect(found.map(({ urn = "", message }) => `${urn.split("::").at(-1) ?? ""} ${message}`).sort()).toEqual([
      "a bad: bad is not allowed",
      "a worse: worse is not allowed",
      "b bad: bad is not allowed",
    ]);
    expect(world.ids()).toEqual([]);
  });

  it("keeps what exists but is not ready, and updates it next time", async () => {
    const failed = await world.up([{ name: "a", props: { initFails: true } }]);
    expect(failed.ok).toBe(false);
    expect(world.resource("a")).toMatchObject({ id: world.id("a"), initErrors: ["it exists but is not ready"] });
    const next = await world.up([{ name: "a" }]);
    expect(next).toMatchObject({ ok: true, changes: { ...none, same: 1, update: 1 } });
    expect(world.resource("a").initErrors).toBeUndefined();
  });

  it("changes nothing that a failing program did not register", async () => {
    await world.up([{ name: "a" }, { name: "b" }]);
    const failed = await world.up([{ name: "a" }], { env: { FIXTURE_FAIL: "1" } });
    expect(failed.ok).toBe(false);
    expect(messages(failed)).toContain("the program failed on purpose");
    expect(world.ids()).toHaveLength(2);
  });

  it("keeps the rest when a delete fails", async () => {
    await world.up([{ name: "a" }, { name: "b", props: { failDelete: true }, refs: { x: "a.serial" } }, { name: "c" }]);
    const failed = await world.destroy();
    expect(failed.ok).toBe(false);
    expect(
      world
        .ids()
        .map((id) => id.split("-")[0])
        .sort(),
    ).toEqual(["a", "b"]);
    expect(world.resources().map(({ urn }) => urn.split("::").at(-1))).toEqual(expect.arrayContaining(["a", "b"]));
  });

  it("names a provider that is not there", async () => {
    const result = await world.up([{ name: "a", type: "nowhere:index:Thing" }]);
    expect(result.ok).toBe(false);
    expect(messages(result)).toMatch(/No provider "nowhere" was found.*pulumi-resource-nowhere/s);
  });
});

describe("kills", () => {
  it("converges after SIGKILL at any moment, and nothing is made twice", async () => {
    const specs = ["k1", "k2", "k3"].map((name, index) => ({
      name,
      props: { exclusive: true, delayMs: 120 },
      ...(index === 0 ? {} : { refs: { x: `k${index}.serial` } }),
    }));
    // A fixed seed: the moments are the same in each run of the suite, measured from the first create.
    for (const moment of [5, 150, 290]) {
      const run = world.command(["up", "--yes"], specs);
      await until(
        () =>
          existsSync(join(world.dir, "calls.log")) &&
          readFileSync(join(world.dir, "calls.log"), "utf8").includes("create k1"),
      );
      await new Promise((resolve) => setTimeout(resolve, moment));
      run.child.kill("SIGKILL");
      await run.done;
      expect(() => world.resources()).not.toThrow();
      const lock = JSON.parse(readFileSync(join(world.stateDir, "dev", "lock"), "utf8")) as {
        children: ProcessIdentity[];
      };
      expect(lock.children.length).toBeGreaterThanOrEqual(2);
      const after = await world.up(specs);
      expect(after.ok).toBe(true);
      for (const child of lock.children) expect(identifyProcess(child.pid)?.startedAt).not.toBe(child.startedAt);
      expect(world.ids().sort()).toEqual(["k1-only", "k2-only", "k3-only"]);
      expect((await world.up(specs)).changes).toEqual({ ...none, same: 4 });
      if (moment === 5) expect(messages(after)).toContain('killed while creating fixture:index:Thing "k1"');
      await world.destroy();
      world.calls();
    }
  });

  it("refuses a second run while one lives, and lets the first end after Ctrl-C", async () => {
    const specs = [
      { name: "slow", props: { delayMs: 1500 } },
      { name: "never", refs: { x: "slow.serial" } },
    ];
    const run = world.command(["up", "--yes", "--json"], specs);
    await until(
      () =>
        existsSync(join(world.dir, "calls.log")) &&
        readFileSync(join(world.dir, "calls.log"), "utf8").includes("create slow"),
    );
    await expect(world.up(specs)).rejects.toMatchObject({ code: "STACK_LOCKED" });
    run.child.kill("SIGINT");
    expect(await run.done).toBe(1);
    expect(run.lastLine()).toMatchObject({ changes: { ...none, create: 2 }, error: "The run was interrupted." });
    expect(world.resource("slow").id).toBe(world.id("slow"));
    expect((await world.up(specs)).changes).toEqual({ ...none, same: 2, create: 1 });
  });
});
