import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GROUP, World } from "./harness.ts";

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const none = { same: 0, create: 0, update: 0, replace: 0, delete: 0 };
const made = (calls: readonly string[], verb: string): string[] =>
  calls.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));

describe("steps", () => {
  it("creates, leaves alone, updates and deletes", async () => {
    const specs = [
      { name: "a", props: { v: 1 } },
      { name: "b", refs: { x: "a.serial" } },
      { name: "g", type: GROUP, component: true },
      { name: "c", parent: "g" },
    ];
    const first = await world.up(specs);
    expect(first).toMatchObject({ ok: true, changes: { ...none, create: 5 } });
    expect(world.resource("c").urn).toBe(`urn:pulumi:dev::fixture::${GROUP}$fixture:index:Thing::c`);
    expect(world.resource("b")).toMatchObject({
      dependencies: [world.resource("a").urn],
      propertyDependencies: { x: [world.resource("a").urn] },
    });
    expect(world.resource("default").urn).toBe("urn:pulumi:dev::fixture::pulumi:providers:fixture::default");
    world.calls();
    const checkpoint = world.stateText();
    expect(await world.up(specs)).toMatchObject({ ok: true, changes: { ...none, same: 5 }, steps: [] });
    expect(world.stateText()).toBe(checkpoint);
    expect(made(world.calls(), "update")).toEqual([]);
    const third = await world.up([{ name: "a", props: { v: 2 } }]);
    expect(third.changes).toEqual({ ...none, same: 1, update: 1, delete: 3 });
    expect(third.steps.find(({ op }) => op === "update")?.diff).toEqual([
      { path: "v", kind: "update", old: 1, new: 2 },
    ]);
    const last = await world.destroy();
    expect(last).toMatchObject({ ok: true, changes: { ...none, delete: 2 } });
    expect(world.ids()).toEqual([]);
    expect(world.resources()).toEqual([]);
  });

  it("replaces by creating first, and deletes the old one last", async () => {
    const specs = (kind: string) => [
      { name: "a", props: { kind } },
      { name: "b", refs: { x: "a.serial" } },
    ];
    await world.up(specs("one"));
    world.calls();
    const plan = await world.preview(specs("two"));
    expect(plan.changes).toEqual({ ...none, same: 1, replace: 1, update: 1 });
    const replace = plan.steps.find(({ op }) => op === "replace");
    expect(replace?.diff).toEqual([{ path: "kind", kind: "update", old: "one", new: "two", replace: true }]);
    world.calls();
    const result = await world.up(specs("two"));
    expect(result.changes).toEqual({ ...none, same: 1, replace: 1, update: 1 });
    const order = world.calls().filter((line) => /^(create|update|delete) /.test(line));
    expect(order).toEqual(["create a", "update b", "delete a"]);
    expect(world.ids()).toHaveLength(2);
    expect(world.resources().filter(({ delete: gone }) => gone)).toEqual([]);
  });

  it("replaces by deleting first, dependents that cannot stay before it", async () => {
    const specs = (zone: string) => [
      { name: "a", props: { zone } },
      { name: "must", refs: { kind: "a.serial" } },
      { name: "may", refs: { x: "a.serial" } },
    ];
    await world.up(specs("one"));
    world.calls();
    const result = await world.up(specs("two"));
    expect(result.ok).toBe(true);
    expect(result.changes).toEqual({ ...none, same: 1, replace: 2, update: 1 });
    const order = world.calls().filter((line) => /^(create|update|delete) /.test(line));
    expect(order.slice(0, 3)).toEqual(["delete must", "delete a", "create a"]);
    expect(order.slice(3).sort()).toEqual(["create must", "update may"]);
    expect(world.ids()).toHaveLength(3);
    expect((await world.up(specs("two"))).changes).toEqual({ ...none, same: 4 });
  });

  it("deletes what depends on others first", async () => {
    await world.up([
      { name: "a" },
      { name: "b", refs: { x: "a.serial" } },
      { name: "c", dependsOn: ["b"] },
      { name: "d", opts: {}, dependsOn: ["c"] },
    ]);
    world.calls();
    await world.destroy();
    expect(made(world.calls(), "delete")).toEqual(["d", "c", "b", "a"]);
  });

  it("shows unknowns in a preview and changes nothing", async () => {
    const plan = await world.preview([{ name: "a" }, { name: "b", refs: { x: "a.serial" } }]);
    expect(plan.changes).toEqual({ ...none, create: 3 });
    const b = plan.steps.find(({ name }) => name === "b");
    expect(b?.diff).toContainEqual({ path: "x", kind: "add", new: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" });
    expect(world.ids()).toEqual([]);
    expect(made(world.calls(), "create")).toEqual([]);
    await world.up([{ name: "a" }]);
    const second = await world.preview([
      { name: "a", props: { v: 3 } },
      { name: "b", refs: { x: "a.serial" } },
    ]);
    expect(second.changes).toEqual({ ...none, same: 1, create: 1, update: 1 });
  });

  it("finds a resource under its aliases, its children with it", async () => {
    await world.up([
      { name: "g", type: GROUP, component: true },
      { name: "g-child", parent: "g" },
      { name: "x", dependsOn: ["g-child"] },
    ]);
    world.calls();
    const result = await world.up([
      { name: "h", type: GROUP, component: true, opts: { aliases: [{ name: "g" }] } },
      { name: "h-child", parent: "h" },
      { name: "x", dependsOn: ["h-child"] },
    ]);
    expect(result.changes).toEqual({ ...none, same: 4 });
    expect(world.resources().map(({ urn }) => urn.split("::").at(-1))).not.toContain("g-child");
    expect(world.resource("x").dependencies).toEqual([world.resource("h-child").urn]);
  });

  it("refuses to delete or replace what is protected", async () => {
    await world.up([{ name: "a", props: { kind: "one" }, opts: { protect: true } }, { name: "b" }]);
    world.calls();
    const removed = await world.up([{ name: "b" }]);
    expect(removed.ok).toBe(false);
    expect(removed.diagnostics.map(({ message }) => message).join()).toContain("protected");
    const replaced = await world.up([{ name: "a", props: { kind: "two" }, opts: { protect: true } }, { name: "b" }]);
    expect(replaced.ok).toBe(false);
    expect((await world.destroy()).ok).toBe(false);
    expect(made(world.calls(), "delete")).toEqual([]);
    expect(world.ids()).toHaveLength(2);
    await world.up([{ name: "a", props: { kind: "one" }, opts: { protect: false } }, { name: "b" }]);
    expect((await world.destroy()).ok).toBe(true);
  });

  it("honours ignoreChanges, replaceOnChanges, retainOnDelete and deletedWith", async () => {
    await world.up([
      { name: "i", props: { v: 1, deep: { x: 1, y: 1 } } },
      { name: "r", props: { v: 1 } },
    ]);
    const result = await world.up([
      { name: "i", props: { v: 2, deep: { x: 2, y: 2 } }, opts: { ignoreChanges: ["v", "deep.x"] } },
      { name: "r", props: { v: 2 }, opts: { replaceOnChanges: ["v"] } },
      { name: "k", opts: { retainOnDelete: true } },
      { name: "w", opts: { deletedWith: "r" } },
    ]);
    expect(result.changes).toEqual({ ...none, same: 1, update: 1, replace: 1, create: 2 });
    expect(world.resource("i").inputs).toMatchObject({ v: 1, deep: { x: 1, y: 2 } });
    world.calls();
    await world.destroy();
    expect(made(world.calls(), "delete").sort()).toEqual(["i", "r"]);
  });

  it("gives a replacement what the program wants now, ignored properties included", async () => {
    const specs = (v: number, kind: string) => [{ name: "a", props: { v, kind }, opts: { ignoreChanges: ["v"] } }];
    await world.up(specs(1, "one"));
    expect((await world.up(specs(2, "one"))).changes).toEqual({ ...none, same: 2 });
    expect((await world.up(specs(3, "two"))).changes).toEqual({ ...none, same: 1, replace: 1 });
    expect(world.resource("a").inputs).toMatchObject({ v: 3, kind: "two" });
  });

  it("replaces on changes of a nested property, not of its neighbours", async () => {
    const specs = (tags: Record<string, string>) => [
      { name: "a", props: { tags }, opts: { replaceOnChanges: ["tags.generation"] } },
    ];
    await world.up(specs({ generation: "1" }));
    expect((await world.up(specs({ generation: "1", other: "x" }))).changes).toEqual({ ...none, same: 1, update: 1 });
    expect((await world.up(specs({ generation: "2", other: "x" }))).changes).toEqual({ ...none, same: 1, replace: 1 });
  });

  it("moves a resource to another provider in place unless that provider's configuration forbids it", async () => {
    const specs = (provider: string) => [
      { name: "p1", type: "pulumi:providers:fixture", props: { region: "x" } },
      { name: "p2", type: "pulumi:providers:fixture" },
      { name: "a", provider },
    ];
    expect((await world.up(specs("p1"))).changes).toEqual({ ...none, create: 4 });
    expect((await world.up(specs("p1"))).changes).toEqual({ ...none, same: 4 });
    expect((await world.up(specs("p2"))).changes).toEqual({ ...none, same: 4 });
    expect(world.resource("a").provider).toBe(`${world.resource("p2").urn}::${world.resource("p2").id ?? ""}`);
  });

  it("gives a default provider the configuration of its namespace, the project's own included", async () => {
    const result = await world.up([{ name: "a" }], { config: { greeting: "hello", "other:greeting": "no" } });
    expect(result).toMatchObject({ ok: true, changes: { ...none, create: 2 } });
    expect(world.resource("default")).toMatchObject({ inputs: { greeting: "hello" }, outputs: { greeting: "hello" } });
    expect((await world.up([{ name: "a" }])).changes).toEqual({ ...none, same: 2 });
    expect(world.resource("default").inputs).toBeUndefined();
  });

  it("imports, reads, invokes and refers to another stack", async () => {
    await world.up([{ name: "a", props: { v: 7 } }], { stack: "other", config: { greeting: "hello" } });
    const id = world.id("a");
    const more = { env: { FIXTURE_REFERENCE: "organization/fixture/other", FIXTURE_INVOKE: "echo this" } };
    const imported = { name: "mine", props: { v: 7, size: 1 }, opts: { import: id } };
    const result = await world.up([imported, { name: "seen", readId: id }], more);
    expect(result).toMatchObject({
      ok: true,
      changes: { ...none, create: 1, import: 1, read: 2 },
      outputs: { referenced: "hello", invoked: "echo this" },
    });
    expect(world.resource("mine")).toMatchObject({ id, importID: id });
    expect(world.resource("seen")).toMatchObject({ id, external: true });
    expect((await world.up([imported, { name: "seen", readId: id }], more)).changes).toEqual({
      ...none,
      same: 2,
      read: 2,
    });
    const wrong = await world.up([imported, { name: "no", props: { v: 8, size: 1 }, opts: { import: id } }], more);
    expect(wrong.ok).toBe(false);
    expect(wrong.diagnostics.map(({ message }) => message).join()).toContain("v: 7 → 8");
  });

  it("repairs what drifted, removes what is gone", async () => {
    const specs = [{ name: "a", props: { v: 1 } }, { name: "b" }, { name: "c" }];
    await world.up(specs);
    world.tamper("a", { v: 9 });
    world.vanish("b");
    const seen = await world.refresh();
    expect(seen.changes).toEqual({ ...none, same: 2, update: 1, delete: 1 });
    expect(seen.steps.find(({ op }) => op === "update")?.diff).toEqual([{ path: "v", kind: "update", old: 1, new: 9 }]);
    world.calls();
    const repaired = await world.up(specs);
    expect(repaired.changes).toEqual({ ...none, same: 2, create: 1, update: 1 });
    expect(made(world.calls(), "update")).toEqual(["a"]);
    world.tamper("a", { v: 5 });
    expect((await world.up(specs, { refresh: true })).changes).toMatchObject({ update: 1 });
  });
});
