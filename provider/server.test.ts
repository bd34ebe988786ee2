import { credentials, type Client, type ServiceError } from "@grpc/grpc-js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import pluginGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { erase, type AnyHandler, type ResourceHandler } from "./resource.ts";
import { serveProvider } from "./server.ts";
import { UNKNOWN, type Properties } from "./values.ts";

const URN = "urn:pulumi:test::ethstake::ethstake:index:Parent$ethstake:index:Thing::thing";
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = (value: unknown): object => ({ [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270", value });

const schema = z.object({
  name: z.string().min(3, "must have 3 letters"),
  size: z.number({ error: "must be a number" }).default(1),
  digest: z.string().optional(),
});
type Inputs = z.infer<typeof schema>;
interface Outputs extends Inputs {
  readonly label: string;
}

/** What the handler was asked last, and what it answers to the next read. */
let asked: unknown[];
let found: Outputs | undefined;

const handler: ResourceHandler<Inputs, Outputs> = {
  schema,
  replaceOn: ["name"],
  deleteBeforeReplace: true,
  validate: ({ size }) =>
    Promise.resolve(size > 9 ? [{ property: size > 99 ? "ports.rpc" : "size", reason: "does not fit" }] : []),
  derive: (inputs) => Promise.resolve({ ...inputs, digest: `#${inputs.size}` }),
  predict: ({ name }) => Promise.resolve({ label: `predicted ${name}` }),
  drifted: (_inputs, old) => (old.label === "drifted" ? ["label"] : []),
  create(inputs, context) {
    asked = ["create", inputs, context.urn];
    if (inputs.name === "fail") return Promise.reject(new Error("the chain said no"));
    return Promise.resolve({ id: "id-1", outputs: { ...inputs, label: `made ${inputs.name}` } });
  },
  read(id, last) {
    asked = ["read", id, last];
    return Promise.resolve(found && { inputs: { name: found.name, size: found.size }, outputs: found });
  },
  update(id, old, inputs) {
    asked = ["update", id, old, inputs];
    return Promise.resolve({ ...inputs, label: old.label });
  },
  delete(id, last) {
    asked = ["delete", id, last];
    return Promise.resolve();
  },
};

let client: Client;

beforeAll(async () => {
  const bare: AnyHandler = { ...erase(handler) };
  delete bare.predict;
  const importable: AnyHandler = {
    ...erase(handler),
    locate: (id) => Promise.resolve({ name: id, size: 2, label: "located" }),
  };
  const handlers = new Map([
    ["ethstake:index:Thing", erase(handler)],
    ["ethstake:index:Bare", bare],
    ["ethstake:index:Importable", importable],
  ]);
  const port = await serveProvider({ handlers, version: "1.2.3" });
  client = new pluginGrpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
});
afterAll(() => client.close());
beforeEach(() => {
  asked = [];
  found = undefined;
});

function call<Response>(method: string, request: object): Promise<Response> {
  const methods = client as unknown as Record<
    string,
    (request: object, callback: (error: ServiceError | null, response: Response) => void) => void
  >;
  return new Promise((resolve, reject) => {
    methods[method]?.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

const struct = (value: Properties): structPb.Struct =>
  structPb.Struct.fromJavaScript(value as Parameters<typeof structPb.Struct.fromJavaScript>[0]);
const plain = (value: structPb.Struct | undefined): unknown => value?.toJavaScript();

async function check(news: Properties, olds?: Properties): Promise<{ inputs: unknown; failures: [string, string][] }> {
  const request = new pb.CheckRequest();
  request.setUrn(URN);
  request.setNews(struct(news));
  if (olds) request.setOlds(struct(olds));
  const response = await call<pb.CheckResponse>("check", request);
  return {
    inputs: plain(response.getInputs()),
    failures: response.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()]),
  };
}

async function create(properties: Properties, preview = false, urn = URN): Promise<pb.CreateResponse> {
  const request = new pb.CreateRequest();
  request.setUrn(urn);
  request.setProperties(struct(properties));
  request.setPreview(preview);
  return await call<pb.CreateResponse>("create", request);
}

describe("check", () => {
  it("reports all faults at once", async () => {
    const { failures } = await check({ name: "x", size: "1" });
    expect(failures).toEqual([
      ["name", 'must have 3 letters; found "x"'],
      ["size", 'must be a number; found "1"'],
    ]);
  });

  it("runs the handler's own checks, then derives, on well-formed inputs", async () => {
    expect((await check({ name: "abc", size: 10 })).failures).toEqual([["size", "does not fit"]]);
    expect((await check({ name: "abc", size: 100 })).failures).toEqual([["", "ports.rpc: does not fit"]]);
    expect((await check({ name: "abc" })).inputs).toEqual({ name: "abc", size: 1, digest: "#1" });
  });

  it("neither derives nor fails on what is unknown", async () => {
    expect(await check({ name: UNKNOWN })).toEqual({ inputs: { name: UNKNOWN, size: 1 }, failures: [] });
  });

  it("keeps secrets marked, and out of messages", async () => {
    expect((await check({ name: secret("hidden") })).inputs).toEqual({ name: secret("hidden"), size: 1, digest: "#1" });
    expect((await check({ name: secret("hi") })).failures).toEqual([["name", "must have 3 letters; found a secret"]]);
  });
});

describe("diff", () => {
  async function diff(olds: Properties, news: Properties, ignored: string[] = []): Promise<pb.DiffResponse> {
    const request = new pb.DiffRequest();
    request.setUrn(URN);
    request.setId("id-1");
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setIgnorechangesList(ignored);
    return await call<pb.DiffResponse>("diff", request);
  }

  it("finds nothing to do on the same inputs, secret or not", async () => {
    const response = await diff({ name: secret("abc"), size: 1, label: "l" }, { name: "abc", size: 1 });
    expect(response.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_NONE);
  });

  it("names what changes and what that replaces", async () => {
    const response = await diff({ name: "abc", size: 1, label: "l" }, { name: "xyz", size: 2 });
    expect(response.getDiffsList()).toEqual(["name", "size"]);
    expect(response.getReplacesList()).toEqual(["name"]);
    expect(response.getDeletebeforereplace()).toBe(true);
    const kinds = pb.PropertyDiff.Kind;
    expect(response.getDetaileddiffMap().get("name")?.getKind()).toBe(kinds.UPDATE_REPLACE);
    expect(response.getDetaileddiffMap().get("size")?.getKind()).toBe(kinds.UPDATE);
  });

  it("tells what is added, removed and changed, and names a drifted output only where no input tells the change", async () => {
    const shown = async (olds: Properties, news: Properties): Promise<object> =>
      Object.fromEntries(
        [...(await diff(olds, news)).getDetaileddiffMap().entries()].map(([key, detail]) => [key, detail.getKind()]),
      );
    const kinds = pb.PropertyDiff.Kind;
    expect(await shown({ size: 1, digest: "#1" }, { name: "abc", size: 1 })).toEqual({
      name: kinds.ADD_REPLACE,
      digest: kinds.DELETE,
    });
    const old = { name: "abc", size: 1, label: "drifted" };
    expect(await shown(old, { name: "abc", size: 2 })).toEqual({ size: kinds.UPDATE });
    expect(await shown(old, { name: "abc", size: 1 })).toEqual({ label: kinds.UPDATE });
  });

  it("leaves out what is to be ignored", async () => {
    const response = await diff({ name: "abc", size: 1 }, { name: "xyz", size: 1 }, ["name"]);
    expect(response.getChanges()).toBe(pb.DiffResponse.DiffChanges.DIFF_NONE);
    expect(response.getReplacesList()).toEqual([]);
  });
});

describe("create", () => {
  it("predicts in a preview and creates nothing", async () => {
    const response = await create({ name: "abc", size: 1 }, true);
    expect(plain(response.getProperties())).toEqual({ name: "abc", size: 1, label: "predicted abc" });
    expect(response.getId()).toBe("");
    expect(asked).toEqual([]);
  });

  it("predicts nothing from unknown inputs", async () => {
    expect(plain((await create({ name: UNKNOWN, size: 1 }, true)).getProperties())).toEqual({ name: UNKNOWN, size: 1 });
  });

  it("hands over plain values and returns marked ones", async () => {
    const response = await create({ name: secret("abc"), size: 1 });
    expect(asked).toEqual(["create", { name: "abc", size: 1 }, URN]);
    expect(response.getId()).toBe("id-1");
    expect(plain(response.getProperties())).toEqual({ name: secret("abc"), size: 1, label: "made abc" });
  });

  it("passes on the error's message alone", async () => {
    await expect(create({ name: "fail" })).rejects.toMatchObject({ details: "the chain said no" });
  });
});

describe("read", () => {
  async function read(properties: Properties, urn = URN): Promise<pb.ReadResponse> {
    const request = new pb.ReadRequest();
    request.setId("id-1");
    request.setUrn(urn);
    request.setProperties(struct(properties));
    return await call<pb.ReadResponse>("read", request);
  }

  it("answers without an id when the resource is gone", async () => {
    const response = await read({ name: "abc", size: 1, label: "l" });
    expect(response.getId()).toBe("");
    expect(response.getProperties()).toBeUndefined();
  });

  it("returns what was found, with secrets still marked", async () => {
    found = { name: "drifted", size: 3, label: "l" };
    const response = await read({ name: secret("abc"), size: 1, label: "l" });
    expect(asked).toEqual(["read", "id-1", { name: "abc", size: 1, label: "l" }]);
    expect(plain(response.getInputs())).toEqual({ name: secret("drifted"), size: 3 });
    expect(plain(response.getProperties())).toEqual({ name: secret("drifted"), size: 3, label: "l" });
  });

  it("imports only what can be located by its id", async () => {
    await expect(read({})).rejects.toMatchObject({ details: /cannot be imported: ethstake:index:Thing/ });
    found = { name: "id-1", size: 2, label: "l" };
    await read({}, URN.replace("Thing", "Importable"));
    expect(asked).toEqual(["read", "id-1", { name: "id-1", size: 2, label: "located" }]);
  });
});

describe("update", () => {
  async function update(olds: Properties, news: Properties, preview: boolean, urn = URN): Promise<unknown> {
    const request = new pb.UpdateRequest();
    request.setId("id-1");
    request.setUrn(urn);
    request.setOlds(struct(olds));
    request.setNews(struct(news));
    request.setPreview(preview);
    return plain((await call<pb.UpdateResponse>("update", request)).getProperties());
  }

  it("predicts in a preview; what cannot be told is unknown", async () => {
    const old = { name: "abc", size: 1, label: "l" };
    expect(await update(old, { name: "abc", size: 2 }, true)).toEqual({ name: "abc", size: 2, label: "predicted abc" });
    expect(await update(old, { name: "abc", size: 2 }, true, URN.replace("Thing", "Bare"))).toEqual({
      name: "abc",
      size: 2,
      label: UNKNOWN,
    });
    expect(asked).toEqual([]);
  });

  it("updates with plain values", async () => {
    const old = { name: secret("abc"), size: 1, label: "l" };
    expect(await update(old, { name: secret("abc"), size: 2 }, false)).toEqual({
      name: secret("abc"),
      size: 2,
      label: "l",
    });
    expect(asked).toEqual(["update", "id-1", { name: "abc", size: 1, label: "l" }, { name: "abc", size: 2 }]);
  });
});

describe("the rest of the protocol", () => {
  it("deletes", async () => {
    const request = new pb.DeleteRequest();
    request.setId("id-1");
    request.setUrn(URN);
    request.setProperties(struct({ name: secret("abc"), size: 1 }));
    await call("delete", request);
    expect(asked).toEqual(["delete", "id-1", { name: "abc", size: 1 }]);
  });

  it("names the types it has when asked for another", async () => {
    await expect(create({}, false, URN.replace("Thing", "Thong"))).rejects.toMatchObject({
      details: /no resource type ethstake:index:Thong. It has: ethstake:index:Thing/,
    });
  });

  it("supports previews and secrets, and says its version", async () => {
    const configured = await call<pb.ConfigureResponse>("configure", new pb.ConfigureRequest());
    expect([configured.getSupportspreview(), configured.getAcceptsecrets()]).toEqual([true, true]);
    const info = await call<{ getVersion(): string }>("getPluginInfo", new emptyPb.Empty());
    expect(info.getVersion()).toBe("1.2.3");
  });
});
