import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, PropertyMap } from "../values.ts";
import { monitorMethods, providerMethods, registerResourceRequest } from "./protocol.ts";
import { decode, encode } from "./wire.ts";

/** The generated classes, as far as the test uses them. */
interface Generated {
  serializeBinary: () => Uint8Array;
  toObject: () => Record<string, unknown>;
}
const load = createRequire(import.meta.url);
const resource = load("@pulumi/pulumi/proto/resource_pb.js") as Record<
  string,
  { deserializeBinary: (bytes: Uint8Array) => Generated & Record<string, () => unknown> }
>;
const { Struct } = load("google-protobuf/google/protobuf/struct_pb.js") as {
  Struct: {
    fromJavaScript: (value: object) => Generated;
    deserializeBinary: (bytes: Uint8Array) => { toJavaScript: () => unknown };
  };
};

/** Any name but `__proto__`, which the generated classes lose; a test of its own says that we keep it. */
const key = fc.string().filter((name) => name !== "__proto__");
const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).value;
const properties = fc.dictionary(key, json, { maxKeys: 6, noNullPrototype: true }) as fc.Arbitrary<PropertyMap>;

describe("wire", () => {
  it("writes structs that the generated classes read, and reads what they write", () => {
    fc.assert(
      fc.property(properties, (object) => {
        const bytes = encode(registerResourceRequest, { type: "a:b:C", name: "n", object });
        const theirs = resource["RegisterResourceRequest"]?.deserializeBinary(bytes);
        expect(theirs?.["getType"]?.()).toBe("a:b:C");
        const struct = theirs?.["getObject"]?.() as {
          toJavaScript: () => unknown;
          serializeBinary: () => Uint8Array;
        };
        expect(struct.toJavaScript()).toEqual(object);
        expect(decode(registerResourceRequest, theirs?.serializeBinary() ?? new Uint8Array()).object).toEqual(object);
      }),
      { numRuns: 200 },
    );
  });

  it("reads every field of a registration as the generated classes do", () => {
    const request = {
      type: "t:i:T",
      name: "n",
      parent: "p",
      custom: true,
      object: { a: [1, "x", null, { b: false }] },
      protect: true,
      dependencies: ["d1", "d2"],
      provider: "ref",
      propertyDependencies: { a: { urns: ["u1", "u2"] }, b: { urns: [] } },
      deleteBeforeReplace: true,
      version: "1.2.3",
      ignoreChanges: ["i"],
      acceptSecrets: true,
      additionalSecretOutputs: ["s"],
      aliasUrns: ["urn"],
      importId: "id",
      customTimeouts: { create: "1m", update: "2m", delete: "3m" },
      deleteBeforeReplaceDefined: true,
      remote: true,
      acceptResources: true,
      providers: { k: "v" },
      replaceOnChanges: ["r"],
      pluginDownloadUrl: "url",
      retainOnDelete: true,
      aliases: [
        { urn: "x" },
        { urn: "", spec: { name: "a", type: "b", stack: "c", project: "d", parentUrn: "e", noParent: false } },
      ],
      deletedWith: "w",
      transforms: [],
      supportsResultReporting: true,
      packageRef: "pr",
      replaceWith: ["rw"],
      replacementTrigger: { x: 1 },
    };
    const theirs = resource["RegisterResourceRequest"]?.deserializeBinary(encode(registerResourceRequest, request));
    expect(decode(registerResourceRequest, theirs?.serializeBinary() ?? new Uint8Array())).toEqual(request);
    const seen = theirs?.toObject() ?? {};
    expect(seen).toMatchObject({
      importid: "id",
      retainondelete: true,
      deletedwith: "w",
      supportsresultreporting: true,
      replaceWithList: ["rw"],
    });
  });

  it("carries provider messages both ways", () => {
    const diff = providerMethods.diff;
    const request = {
      id: "i",
      urn: "u",
      olds: { a: 1 },
      news: { a: 2 },
      ignoreChanges: ["x"],
      oldInputs: {},
      name: "n",
      type: "t",
    };
    expect(diff.requestDeserialize(diff.requestSerialize(request))).toEqual(request);
    const response = {
      replaces: ["a"],
      stables: [],
      deleteBeforeReplace: true,
      changes: 2,
      diffs: ["a"],
      detailedDiff: { a: { kind: 5, inputDiff: true }, b: { kind: 0, inputDiff: false } },
      hasDetailedDiff: true,
    };
    expect(diff.responseDeserialize(diff.responseSerialize(response))).toEqual(response);
    const feature = monitorMethods.supportsFeature;
    expect(feature.responseDeserialize(feature.responseSerialize({ supported: true }))).toEqual({ supported: true });
  });

  it("keeps a key called __proto__ and refuses a truncated message", () => {
    const object = JSON.parse('{"__proto__": 1}') as PropertyMap;
    const bytes = encode(registerResourceRequest, { object });
    expect(Object.keys(decode(registerResourceRequest, bytes).object ?? {})).toEqual(["__proto__"]);
    expect(() => decode(registerResourceRequest, bytes.subarray(0, bytes.length - 1))).toThrow(RangeError);
    expect(Struct.fromJavaScript({ a: 1 }).serializeBinary().length).toBeGreaterThan(0);
  });
});
