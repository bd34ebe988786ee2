import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkInputs, diffInputs, erase, type AnyHandler } from "./resource.ts";
import { UNKNOWN, type Properties } from "./values.ts";

const schema = z.object({
  name: z.string().min(3, "must have 3 letters"),
  port: z.number({ error: "must be a port number" }),
  list: z.array(z.object({ address: z.string().startsWith("0x", "must be an address") })),
  mode: z.enum(["a", "b"]).default("a"),
  note: z.string().optional(),
});

const handler = (extra: Partial<AnyHandler> = {}): AnyHandler => ({
  ...erase({
    schema,
    replaceOn: ["name"],
    create: () => Promise.reject(new Error("unused")),
    read: () => Promise.reject(new Error("unused")),
    update: () => Promise.reject(new Error("unused")),
    delete: () => Promise.reject(new Error("unused")),
  }),
  ...extra,
});

describe("checkInputs", () => {
  it("applies defaults and drops what the schema does not know", () => {
    const { inputs, failures } = checkInputs(schema, { name: "abc", port: 1, list: [], pid: undefined });
    expect(failures).toEqual([]);
    expect(inputs).toEqual({ name: "abc", port: 1, list: [], mode: "a" });
  });

  it("reports all faults with the path and what was found", () => {
    const { failures } = checkInputs(schema, { name: "x", port: "80", list: [{ address: "0x1" }, { address: "1" }] });
    expect(failures).toEqual([
      { property: "name", reason: 'must have 3 letters; found "x"' },
      { property: "port", reason: 'must be a port number; found "80"' },
      { property: "list.1.address", reason: 'must be an address; found "1"' },
    ]);
    expect(checkInputs(schema, {}).failures.find(({ property }) => property === "port")?.reason).toBe(
      "must be a port number; found nothing",
    );
  });

  it("leaves faults at unknown values for later, but no others", () => {
    const { failures } = checkInputs(schema, { name: "x", port: UNKNOWN, list: [{ address: UNKNOWN }] });
    expect(failures).toEqual([{ property: "name", reason: 'must have 3 letters; found "x"' }]);
    expect(checkInputs(schema, { name: "abc", port: 1, list: UNKNOWN }).failures).toEqual([]);
  });

  it("applies top-level defaults beside unknown values, so that a preview shows no change of them", () => {
    const { inputs } = checkInputs(schema, { name: "abc", port: UNKNOWN, list: [] });
    expect(inputs).toEqual({ name: "abc", port: UNKNOWN, list: [], mode: "a" });
  });

  it("does not repeat the value of a secret property", () => {
    const { failures } = checkInputs(
      schema,
      { name: "hunter2 but too short".slice(0, 2), port: 1, list: [] },
      new Set(["name"]),
    );
    expect(failures).toEqual([{ property: "name", reason: "must have 3 letters; found a secret" }]);
  });

  it("cuts long values short", () => {
    const { failures } = checkInputs(schema, { name: "abc", port: "9".repeat(500), list: [] });
    expect(failures[0]?.reason.length).toBeLessThan(130);
  });
});

describe("diffInputs", () => {
  const old = { name: "abc", port: 1, list: [], mode: "a", pid: 7 };

  it("finds nothing between outputs and the inputs in them", () => {
    expect(diffInputs(handler(), old, { name: "abc", port: 1, list: [], mode: "a" })).toEqual({
      changed: [],
      replaces: [],
    });
  });

  it("tells changes in place from replacements", () => {
    expect(diffInputs(handler(), old, { ...old, port: 2 })).toEqual({ changed: ["port"], replaces: [] });
    expect(diffInputs(handler(), old, { ...old, name: "xyz", port: 2 })).toEqual({
      changed: ["name", "port"],
      replaces: ["name"],
    });
  });

  it("sees an input that was taken away, and no output", () => {
    expect(diffInputs(handler(), { ...old, note: "n" }, { name: "abc", port: 1, list: [], mode: "a" }).changed).toEqual(
      ["note"],
    );
    expect(
      diffInputs(handler(), { ...old, note: null }, { name: "abc", port: 1, list: [], mode: "a" }).changed,
    ).toEqual([]);
  });

  it("adds what drifted, once, and only when everything is known", () => {
    const drifting = handler({ drifted: () => ["pid", "port"] });
    expect(diffInputs(drifting, old, { ...old, port: 2 }).changed).toEqual(["port", "pid"]);
    expect(diffInputs(drifting, old, { ...old, port: UNKNOWN }).changed).toEqual(["port"]);
  });

  it("asks the handler which changes need a replacement", () => {
    const careful = handler({ replaces: (changed) => changed.filter((key) => key === "port") });
    expect(diffInputs(careful, old, { ...old, name: "xyz", port: 2 }).replaces).toEqual(["port"]);
    expect(diffInputs(careful, old, { ...old, name: UNKNOWN }).replaces).toEqual(["name"]);
  });

  it("is empty exactly when every input is as it was, whatever the inputs are", () => {
    const properties = fc.record({
      name: fc.string(),
      port: fc.integer(),
      list: fc.array(fc.jsonValue()),
      mode: fc.constantFrom("a", "b"),
    });
    fc.assert(
      fc.property(properties, properties, (left: Properties, right: Properties) => {
        expect(diffInputs(handler(), { ...left, pid: 1 }, left).changed).toEqual([]);
        const { changed, replaces } = diffInputs(handler(), left, right);
        expect([...changed].sort()).toEqual([...diffInputs(handler(), right, left).changed].sort());
        for (const key of replaces) expect(changed).toContain(key);
        const merged = Object.fromEntries(
          Object.keys(left).map((key) => [key, changed.includes(key) ? right[key] : left[key]]),
        );
        expect(diffInputs(handler(), merged, right).changed).toEqual([]);
      }),
    );
  });
});
