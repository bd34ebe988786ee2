import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { containsUnknown, isUnknown, keepSecrets, sameValue, UNKNOWN, unwrapSecrets } from "./values.ts";

const secret = (value: unknown): object => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

const copy = (value: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

describe("unknown values", () => {
  it("are found at any depth", () => {
    expect(isUnknown(UNKNOWN)).toBe(true);
    expect(isUnknown("3eeb2bf0-c639-47a8-9e75-3b44932eb421")).toBe(true);
    expect(isUnknown("04da6b54")).toBe(false);
    expect(containsUnknown({ a: [{ b: UNKNOWN }] })).toBe(true);
    expect(containsUnknown({ a: [{ b: 1 }], c: null })).toBe(false);
    expect(containsUnknown(secret(UNKNOWN))).toBe(true);
  });
});

describe("secrets", () => {
  it("are unwrapped at any depth, and nested wrappers too", () => {
    expect(unwrapSecrets({ a: secret([secret("x"), 1]), b: { c: secret(null) } })).toEqual({
      a: ["x", 1],
      b: { c: null },
    });
  });

  it("are marked again on each property that had one, however deep", () => {
    const raw = { a: secret("x"), b: { c: [secret("y")] }, d: 1 };
    const values = { a: "x", b: { c: ["y"] }, d: 1, e: "computed" };
    expect(keepSecrets(raw, values)).toEqual({ a: secret("x"), b: secret({ c: ["y"] }), d: 1, e: "computed" });
  });

  it("survive unwrapping and marking again, whatever the values are", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.tuple(fc.jsonValue(), fc.boolean())), (entries) => {
        const raw = Object.fromEntries(
          Object.entries(entries).map(([key, [value, hide]]) => [key, hide ? secret(value) : value]),
        );
        const plain = unwrapSecrets(raw) as Record<string, unknown>;
        expect(unwrapSecrets(keepSecrets(raw, plain))).toEqual(plain);
        for (const [key, [, hide]] of Object.entries(entries)) {
          if (hide) expect(JSON.stringify(keepSecrets(raw, plain)[key])).toContain("1b47061264138c4ac30d75fd1eb44270");
        }
      }),
    );
  });
});

describe("sameValue", () => {
  it("takes absent, undefined and null members as the same", () => {
    expect(sameValue({ a: 1, b: undefined }, { a: 1, c: null })).toBe(true);
    expect(sameValue([1, undefined], [1])).toBe(false);
    expect(sameValue({ a: "1" }, { a: 1 })).toBe(false);
  });

  it("is reflexive over JSON, and independent of member order", () => {
    fc.assert(
      // Through JSON once first: it has no negative zero.
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()).map(copy), (value) => {
        expect(sameValue(value, copy(value))).toBe(true);
        expect(sameValue(value, Object.fromEntries(Object.entries(value).reverse()))).toBe(true);
      }),
    );
  });

  it("sees every changed leaf", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.integer(), { minKeys: 1 }), (value) => {
        const [key = ""] = Object.keys(value);
        expect(sameValue({ deep: [value] }, { deep: [{ ...value, [key]: (value[key] ?? 0) + 1 }] })).toBe(false);
      }),
    );
  });
});
