import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffProperties, formatValue } from "./diff.ts";
import { covers, formatPath, getPath, parsePath, restore } from "./paths.ts";
import { symmetricCrypter } from "./secrets.ts";
import { openValue, sealValue } from "./state/seal.ts";
import {
  equal,
  flattenOutputs,
  hasSecret,
  keepSecrets,
  mask,
  OUTPUT,
  reveal,
  secret,
  SIGNATURE,
  UNKNOWN,
  type Json,
  type PropertyMap,
} from "./values.ts";

const { value, properties } = fc.letrec<{ value: Json; properties: PropertyMap }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("properties"),
    tie("value").map(secret),
  ),
  properties: fc.dictionary(fc.constantFrom("a", "b", "c", "d.e", 'f"g'), tie("value"), {
    noNullPrototype: true,
  }) as fc.Arbitrary<PropertyMap>,
}));
const crypter = symmetricCrypter(new Uint8Array(32).fill(7));

/** Applies diffs to the old properties. */
function patch(olds: PropertyMap, news: PropertyMap): boolean {
  return diffProperties(olds, news).every((diff) => {
    const path = parsePath(diff.path);
    return equal(getPath(olds, path), diff.old) && equal(getPath(news, path), diff.new);
  });
}

describe("values", () => {
  it("differ exactly when there is a difference to show, and each names both values", () => {
    fc.assert(
      fc.property(properties, properties, (olds, news) => {
        expect(diffProperties(olds, olds)).toEqual([]);
        expect(diffProperties(olds, news).length === 0).toBe(equal(olds, news));
        expect(patch(olds, news)).toBe(true);
      }),
    );
  });

  it("come back from their encrypted form, and hide nothing in the open", () => {
    fc.assert(
      fc.property(value, (item) => {
        const sealed = sealValue(item, crypter);
        expect(openValue(JSON.parse(JSON.stringify(sealed)) as Json, crypter)).toEqual(item);
        expect(hasSecret(mask(item))).toBe(false);
        expect(hasSecret(reveal(item))).toBe(false);
      }),
    );
    const text = JSON.stringify(sealValue({ a: [secret("plain-text-here")] }, crypter));
    expect(text).not.toContain("plain-text-here");
    expect(text).toContain("ciphertext");
  });

  it("keep secrets that a provider hands back in the open", () => {
    const inputs = { a: secret("x"), deep: { b: secret("y"), c: 1 }, list: [secret(1), 2] };
    const outputs = { a: "x", deep: { b: "y", c: 1 }, list: [1, 2], named: "z", other: 1 };
    expect(keepSecrets(outputs, inputs, ["named"])).toEqual({ ...inputs, named: secret("z"), other: 1 });
    expect(keepSecrets(outputs, {})).toBe(outputs);
  });

  it("stand in for outputs", () => {
    expect(flattenOutputs({ a: { [SIGNATURE]: OUTPUT, value: 1, secret: true }, b: { [SIGNATURE]: OUTPUT } })).toEqual({
      a: secret(1),
      b: UNKNOWN,
    });
    expect(formatValue({ a: secret(1), b: [UNKNOWN] })).toBe('{"a":"[secret]","b":["[unknown]"]}');
  });
});

describe("paths", () => {
  it("are read as they are written", () => {
    const segment = fc.oneof(
      fc.nat(20),
      fc.string({ minLength: 1 }).filter((text) => text !== "*"),
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
    expect(parsePath('a.b[0]["c.d"].*')).toEqual(["a", "b", 0, "c.d", "*"]);
    expect(covers(["a", "*"], ["a", "b", "c"])).toBe(true);
    expect(covers(["a"], ["b"])).toBe(false);
  });

  it("restore old values", () => {
    const olds = {
      a: 1,
      list: [
        { x: 1, y: 1 },
        { x: 2, y: 2 },
      ],
      tags: { k: "old" },
    };
    const news = {
      a: 2,
      list: [
        { x: 9, y: 9 },
        { x: 9, y: 9 },
      ],
      tags: { k: "new", more: 1 },
      extra: 1,
    };
    expect(restore(news, olds, ["a", "list[*].x", 'tags["k"]', "extra"])).toEqual({
      a: 1,
      list: [
        { x: 1, y: 9 },
        { x: 2, y: 9 },
      ],
      tags: { k: "old", more: 1 },
    });
    expect(restore(news, olds, ["tags.*"])).toMatchObject({ tags: { k: "old" } });
  });
});
