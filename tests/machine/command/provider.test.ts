/** The stand-in for the official plugin, against an SSH server in this process that runs what it is asked to. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CreateRequest, UpdateRequest } from "../../../engine/rpc/protocol.ts";
import type { PropertyMap } from "../../../engine/values.ts";
import { sshKeyPair } from "../../../provider/testing/ssh-key-pair.ts";
import { CommandProvider } from "./provider.ts";

const { Server } = ssh2;
const REMOTE = "command:remote:Command";
const LOCAL = "command:local:Command";

const hostKey = sshKeyPair();
const otherKey = sshKeyPair();
const loginKey = sshKeyPair();
let logins = 0;

/** Runs commands with a shell; takes anybody's key, and environment variables of every name. */
const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
  client.on("error", () => undefined);
  client.on("authentication", (context) => (context.method === "publickey" ? context.accept() : context.reject()));
  client.on("ready", () => logins++);
  client.on("session", (acceptSession) => {
    const session = acceptSession();
    const env: Record<string, string> = {};
    session.on("env", (_accept, _reject, { key, val }) => void (env[key] = val));
    session.on("exec", (accept, _reject, { command }) => {
      const channel = accept();
      const child = spawn("sh", ["-c", command], { env: { ...process.env, ...env } });
      channel.pipe(child.stdin);
      child.stdout.on("data", (chunk) => channel.write(chunk));
      child.stderr.on("data", (chunk) => channel.stderr.write(chunk));
      child.on("close", (code) => {
        channel.exit(code ?? 255);
        channel.close();
      });
    });
  });
});
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

const provider = new CommandProvider();
const urn = (type: string): string => `urn:pulumi:test::test::${type}::thing`;
const connection = (more: PropertyMap = {}): PropertyMap => ({
  host: "127.0.0.1",
  port,
  user: "somebody",
  privateKey: loginKey.private,
  hostKey: hostKey.public,
  dialErrorLimit: 1,
  ...more,
});
const create = async (type: string, properties: PropertyMap): Promise<PropertyMap> => {
  const request: Partial<CreateRequest> = { urn: urn(type), properties, preview: false };
  return (await provider.create(request as CreateRequest)).properties ?? {};
};

describe.each([REMOTE, LOCAL])("%s", (type) => {
  const place = (): PropertyMap => (type === REMOTE ? { connection: connection() } : {});

  it("gives a command its input and environment, and keeps what it says without the last line break", async () => {
    const inputs = {
      ...place(),
      create: 'cat; echo "$WORD"; echo oh >&2',
      stdin: "one\n",
      environment: { WORD: "two" },
    };
    expect(await create(type, inputs)).toMatchObject({ stdout: "one\ntwo", stderr: "oh" });
  });

  it("fails with a command that fails, and says all that it said", async () => {
    const made = create(type, { ...place(), create: "echo out; echo err >&2; exit 3" });
    await expect(made).rejects.toThrow(
      /^exit status 3: running "echo out; echo err >&2; exit 3":\n(out\nerr|err\nout)\n$/,
    );
  });

  it("runs update, or else create again, and gives it what was said before", async () => {
    const update = async (news: PropertyMap): Promise<PropertyMap> => {
      const olds = { ...news, stdout: "before", stderr: "" };
      const request: Partial<UpdateRequest> = { urn: urn(type), news, olds, preview: false };
      return (await provider.update(request as UpdateRequest)).properties ?? {};
    };
    const say = 'echo "after $PULUMI_COMMAND_STDOUT"';
    expect(await update({ ...place(), create: "exit 1", update: say })).toMatchObject({ stdout: "after before" });
    expect(await update({ ...place(), create: say })).toMatchObject({ stdout: "after before" });
    expect(await update({ ...place(), create: say, addPreviousOutputInEnv: false })).toMatchObject({
      stdout: "after ",
    });
    expect(await update(place())).toMatchObject({ stdout: "before" });
  });

  it("runs delete, when there is one", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "ethstake-command-")), "file");
    writeFileSync(file, "");
    const remove = (properties: PropertyMap): Promise<object> =>
      provider.delete({ id: "x", urn: urn(type), properties, timeout: 0, oldInputs: {}, name: "thing", type });
    await remove({ ...place(), create: "true" });
    await remove({ ...place(), delete: `cat >${file}`, stdin: "gone" });
    expect(readFileSync(file, "utf8")).toBe("gone");
  });

  it("replaces for other triggers, and for nothing else", () => {
    const diff = (oldInputs: PropertyMap, news: PropertyMap) =>
      provider.diff({ id: "x", urn: urn(type), olds: {}, news, ignoreChanges: [], oldInputs, name: "thing", type });
    expect(diff({ create: "a", triggers: [1] }, { create: "b", triggers: [1] })).toMatchObject({
      changes: 2,
      replaces: [],
    });
    expect(diff({ create: "a", triggers: [1] }, { create: "a", triggers: [2] })).toMatchObject({
      replaces: ["triggers"],
    });
    expect(diff({ create: "a" }, { create: "a" })).toMatchObject({ changes: 1 });
  });
});

describe("a connection", () => {
  it("is refused when the machine presents another key than the pinned one, before anybody logs in", async () => {
    const before = logins;
    const made = create(REMOTE, { connection: connection({ hostKey: otherKey.public }), create: "true" });
    await expect(made).rejects.toThrow(/^after 1 failed attempts: dial somebody@127\.0\.0\.1:\d+: host key mismatch/);
    expect(logins).toBe(before);
  });

  it("takes any key when none is pinned", async () => {
    const { hostKey: _pinned, ...any } = connection();
    expect(await create(REMOTE, { connection: any, create: "echo in" })).toMatchObject({ stdout: "in" });
  });

  it("has the official defaults, and what this plugin does not do is a fault", () => {
    const check = (news: PropertyMap) =>
      provider.check({ urn: urn(REMOTE), olds: {}, news, randomSeed: new Uint8Array(), name: "thing", type: REMOTE });
    const { inputs, failures } = check({ connection: { host: "h", user: "u" }, create: "a" });
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({
      connection: { host: "h", user: "u", port: 22, dialErrorLimit: 10, perDialTimeout: 15 },
    });
    const refused = check({ connection: { host: "h", password: "p", proxy: { host: "b" } }, craete: "a" });
    expect(refused.failures.map(({ property }) => property)).toEqual([
      "craete",
      "connection.password",
      "connection.proxy",
    ]);
  });
});
