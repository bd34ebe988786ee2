import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PolicyFactory, PolicyResource, PolicyViolation } from "../../engine/index.ts";
import { policies as rules } from "../../policy/engine.ts";
import { GROUP, World } from "./harness.ts";

const PACK = join(fileURLToPath(new URL("../..", import.meta.url)), "policy");
/** A component is enough for a rule about its type. */
const DEFAULT_VPC = { name: "vpc", type: "aws:ec2/defaultVpc:DefaultVpc", component: true };
const UNLABELLED = { name: "network", type: "aws:ec2/vpc:Vpc", component: true };

let world: World;
beforeEach(() => (world = new World()));
afterEach(() => world.dispose());

const violation = (severity: "mandatory" | "advisory", { urn, name }: PolicyResource): PolicyViolation => ({
  severity,
  urn,
  message: `${name} breaks a rule`,
});
/** Refuses resources whose input `v` is 13, and stacks of more than four resources. */
const factory: PolicyFactory = () => ({
  resource: (resource) => (resource.inputs["v"] === 13 ? [violation("mandatory", resource)] : []),
  stack: (resources) => resources.slice(4, 5).map((resource) => violation("mandatory", resource)),
});

describe("policies", () => {
  it("fail a preview, and an up before anything is created, with all there is to know", async () => {
    const specs = [{ name: "a", props: { v: 1 } }, DEFAULT_VPC];
    const expected =
      '[no-default-vpc] aws:ec2/defaultVpc:DefaultVpc "vpc": type is aws:ec2/defaultVpc:DefaultVpc. Use a VPC that the stack makes. (';
    for (const result of [
      await world.preview(specs, { policies: rules }),
      await world.up(specs, { policies: rules }),
    ]) {
      expect(result.ok).toBe(false);
      const found = result.diagnostics.filter(({ origin }) => origin === "policy");
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ severity: "error", urn: expect.stringContaining("::vpc") as string });
      expect(found[0]?.message).toContain(expected);
    }
    expect(world.ids()).toEqual([]);
    expect(world.calls().filter((line) => line.startsWith("create "))).toEqual([]);
    expect(await world.up(specs)).toMatchObject({ ok: true });
  });

  it("warn of what is advisory, once, and go on", async () => {
    const result = await world.up([{ name: "a" }, UNLABELLED], { policies: rules });
    expect(result).toMatchObject({ ok: true });
    const found = result.diagnostics.filter(({ origin }) => origin === "policy");
    expect(found.map(({ severity, message }) => `${severity} ${message.split("]")[0]}`)).toEqual([
      "warning [labels-present",
    ]);
  });

  it("look at the stack as a whole, and hear what becomes known only in the update", async () => {
    const specs = ["a", "b", "c", "d"].map((name) => ({ name }));
    // The stack itself is the fifth.
    expect(await world.up(specs, { policies: factory })).toMatchObject({ ok: false, changes: { create: 0 } });
    expect(world.ids()).toEqual([]);
    const seen: PolicyResource[] = [];
    const watch: PolicyFactory = () => ({
      resource: () => [],
      stack: (resources) => {
        seen.push(...resources);
        return [];
      },
    });
    await world.up(
      [{ name: "a" }, { name: "g", type: GROUP, component: true }, { name: "b", parent: "g", refs: { x: "a.serial" } }],
      {
        policies: watch,
      },
    );
    const [first, last] = seen.filter(({ name }) => name === "b");
    expect(first?.inputs["x"]).not.toBe(last?.inputs["x"]);
    expect(last).toMatchObject({
      parent: expect.stringContaining(GROUP) as string,
      propertyDependencies: { x: [world.resource("a").urn] },
      inputs: { x: world.resource("a").outputs?.["serial"] },
    });
    expect(last?.outputs["serial"]).toBeDefined();
  });

  it("refuse one resource in an update, and what needs it", async () => {
    // Known to be 13 only when the update comes to it: the preview lets it pass.
    let asked = 0;
    const late: PolicyFactory = () => {
      asked++;
      return asked === 1 ? { resource: () => [], stack: () => [] } : factory({});
    };
    const result = await world.up(
      [{ name: "a", props: { v: 13 } }, { name: "b", refs: { x: "a.serial" } }, { name: "c" }],
      {
        policies: late,
      },
    );
    expect(result.ok).toBe(false);
    expect(world.ids().map((id) => id.split("-")[0])).toEqual(["c"]);
  });

  it("are loaded by the command line", async () => {
    const refused = world.command(["up", "--yes", "--json", "--policy-pack", PACK], [DEFAULT_VPC]);
    expect(await refused.done).toBe(1);
    expect(refused.stderr).toContain("[no-default-vpc]");
    expect(refused.lastLine()).toMatchObject({ changes: { create: 0 } });
    const missing = world.command(["preview", "--policy-pack", world.dir], []);
    expect(await missing.done).toBe(1);
    expect(missing.stderr).toContain("has no engine.ts");
  });
});
