import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deriveSigningKey } from "../keys/derivation.ts";
import { auditFaults, auditFile, auditLines } from "../keys/audit.ts";
import { checkInputs, diffInputs, erase } from "../resource.ts";
import { testContext } from "../testing/context.ts";
import { FakeKeymanager } from "../testing/fake-keymanager.ts";
import { validatorKeysHandler } from "./validator-keys.ts";

const MNEMONIC = `${"abandon ".repeat(11)}about`;
const context = testContext();

let keymanager: FakeKeymanager;
let root: string;
let inputs: Parameters<typeof validatorKeysHandler.create>[0];

beforeEach(async () => {
  keymanager = await new FakeKeymanager().start();
  root = mkdtempSync(join(tmpdir(), "ethstake-validator-keys-"));
  writeFileSync(join(root, "mnemonic"), MNEMONIC, { mode: 0o600 });
  writeFileSync(join(root, "token"), "token-1\n", { mode: 0o600 });
  inputs = {
    mnemonicFile: join(root, "mnemonic"),
    generateMnemonic: false,
    startIndex: 0,
    count: 2,
    keystoreDirectory: join(root, "keystores"),
    keymanager: { url: keymanager.url, tokenFile: join(root, "token") },
  };
});
afterEach(() => keymanager.stop());

describe("ValidatorKeys", () => {
  it("stores and loads a range of keys; its outputs hold no secret", async () => {
    const { outputs } = await validatorKeysHandler.create(inputs, context);
    expect(outputs.paths).toEqual(["m/12381/3600/0/0/0", "m/12381/3600/1/0/0"]);
    expect([...keymanager.keys]).toEqual(outputs.publicKeys);
    expect(outputs.loaded).toEqual(outputs.publicKeys);
    const text = JSON.stringify(outputs);
    const secrets = readdirSync(inputs.keystoreDirectory).filter((name) => name.endsWith(".password"));
    expect(secrets).toHaveLength(2);
    for (const name of secrets) expect(text).not.toContain(readFileSync(join(inputs.keystoreDirectory, name), "utf8"));
    expect(text).not.toMatch(/abandon|token-1|ciphertext/);
  });

  it("changes nothing the second time", async () => {
    const first = await validatorKeysHandler.create(inputs, context);
    keymanager.writes.length = 0;
    expect(await validatorKeysHandler.create(inputs, context)).toEqual(first);
    expect(keymanager.writes).toEqual([]);
    expect(diffInputs(erase(validatorKeysHandler), first.outputs as never, inputs).changed).toEqual([]);
  });

  it("finds a key that the client lost, and does not load it again: what it signed may be lost, too", async () => {
    const { id, outputs } = await validatorKeysHandler.create(inputs, context);
    const lost = outputs.publicKeys[1] ?? "0x";
    keymanager.keys.delete(lost);
    const read = await validatorKeysHandler.read(id, outputs, context);
    expect(read?.outputs.loaded).toEqual([outputs.publicKeys[0]]);
    const change = diffInputs(erase(validatorKeysHandler), read?.outputs as never, inputs);
    expect(change).toEqual({ changed: ["loaded"], replaces: [] });
    keymanager.writes.length = 0;
    await expect(validatorKeysHandler.update(id, outputs, inputs, context)).rejects.toMatchObject({
      code: "KEYS_LOST_AT_CLIENT",
      data: { publicKeys: [lost] },
    });
    expect(keymanager.writes).toEqual([]);
  });

  it("loads what an interrupted run left out", async () => {
    keymanager.answer = (method) => (method === "POST" ? [500, "{}"] : undefined);
    await expect(validatorKeysHandler.create(inputs, context)).rejects.toMatchObject({ code: "KEYMANAGER" });
    keymanager.answer = () => undefined;
    expect((await validatorKeysHandler.create(inputs, context)).outputs.loaded).toHaveLength(2);
  });

  it("loads no key that the chain knows and nobody here has noted", async () => {
    const known = deriveSigningKey(MNEMONIC, 1).publicKey;
    const beacon = createServer((request, response) => {
      const validator = { pubkey: known, withdrawal_credentials: "0x01" };
      const data = request.url?.endsWith("/syncing")
        ? { is_syncing: false, head_slot: "9", sync_distance: "0" }
        : [{ index: "7", balance: "1", status: "active_ongoing", validator }];
      response.end(JSON.stringify({ data }));
    }).listen(0, "127.0.0.1");
    await once(beacon, "listening");
    const beaconUrl = `http://127.0.0.1:${(beacon.address() as AddressInfo).port}`;
    await expect(validatorKeysHandler.create({ ...inputs, beaconUrl }, context)).rejects.toMatchObject({
      code: "KEY_IN_USE",
      data: { publicKeys: [known] },
    });
    expect(keymanager.keys.size).toBe(0);
    beacon.close();
  });

  it("refuses another mnemonic in the place of the first", async () => {
    const { id, outputs } = await validatorKeysHandler.create(inputs, context);
    writeFileSync(inputs.mnemonicFile, "legal winner thank year wave sausage worth useful legal winner thank yellow", {
      mode: 0o600,
    });
    await expect(validatorKeysHandler.update(id, outputs, inputs, context)).rejects.toMatchObject({
      code: "OTHER_MNEMONIC",
    });
  });

  it("says in the log what was done, without a secret, and nothing when nothing was", async () => {
    const { outputs } = await validatorKeysHandler.create(inputs, context);
    await validatorKeysHandler.create(inputs, context);
    const text = readFileSync(auditFile(inputs.keystoreDirectory), "utf8");
    expect(auditLines(text).map(({ operation, publicKeys, client }) => ({ operation, publicKeys, client }))).toEqual([
      { operation: "stored", publicKeys: outputs.publicKeys },
      { operation: "loading", publicKeys: outputs.publicKeys, client: keymanager.url },
      { operation: "loaded", publicKeys: outputs.publicKeys, client: keymanager.url },
    ]);
    expect(auditFaults(text)).toEqual([]);
    expect(text).not.toMatch(/abandon|token-1|ciphertext/);
    expect(statSync(auditFile(inputs.keystoreDirectory)).mode & 0o777).toBe(0o600);
  });

  it("adds keys at the end when the count grows", async () => {
    const { id, outputs } = await validatorKeysHandler.create(inputs, context);
    const updated = await validatorKeysHandler.update(id, outputs, { ...inputs, count: 3 }, context);
    expect(updated.publicKeys.slice(0, 2)).toEqual(outputs.publicKeys);
    expect(keymanager.keys.size).toBe(3);
  });

  it("loads no key that another validator client has, and then none of its range", async () => {
    await validatorKeysHandler.create({ ...inputs, startIndex: 1, count: 1 }, context);
    const second = await new FakeKeymanager().start();
    const elsewhere = { ...inputs, keymanager: { url: second.url, tokenFile: join(root, "token") } };
    await expect(validatorKeysHandler.create(elsewhere, context)).rejects.toMatchObject({
      code: "KEY_ON_ANOTHER_CLIENT",
    });
    expect(second.keys.size).toBe(0);
    await second.stop();
  });

  it("knows a key again that comes from the same mnemonic into another folder", async () => {
    await validatorKeysHandler.create(inputs, context);
    const second = await new FakeKeymanager().start();
    const elsewhere = {
      ...inputs,
      keystoreDirectory: join(root, "other-keystores"),
      keymanager: { url: second.url, tokenFile: join(root, "token") },
    };
    await expect(validatorKeysHandler.create(elsewhere, context)).rejects.toMatchObject({
      code: "KEY_ON_ANOTHER_CLIENT",
    });
    expect(second.keys.size).toBe(0);
    await second.stop();
  });

  it("says why a client refuses, without the keystore or its password", async () => {
    keymanager.answer = (method, _path, body) => (method === "POST" ? [400, `bad request: ${body}`] : undefined);
    const error = (await validatorKeysHandler.create(inputs, context).catch((caught: unknown) => caught)) as Error;
    expect(error).toMatchObject({ code: "KEYMANAGER", message: /answered 400 to POST/ });
    const passwords = readdirSync(inputs.keystoreDirectory).filter((name) => name.endsWith(".password"));
    for (const name of passwords)
      expect(error.message).not.toContain(readFileSync(join(inputs.keystoreDirectory, name), "utf8"));
    keymanager.answer = (method) =>
      method === "POST"
        ? [200, '{"data":[{"status":"error","message":"wrong password"},{"status":"imported"}]}']
        : undefined;
    await expect(validatorKeysHandler.create(inputs, context)).rejects.toMatchObject({
      code: "KEYSTORE_IMPORT",
      data: { failures: ["error: wrong password"] },
    });
  });

  it("names the token file when it is missing, and the status when the token is wrong", async () => {
    keymanager.token = "token-2";
    await expect(validatorKeysHandler.create(inputs, context)).rejects.toMatchObject({
      code: "KEYMANAGER",
      message: /answered 401/,
    });
    const missing = { ...inputs, keymanager: { url: keymanager.url, tokenFile: join(root, "no-token") } };
    await expect(validatorKeysHandler.create(missing, context)).rejects.toThrow(/token file .*no-token cannot be read/);
  });

  it("reports all faults of its inputs at once", () => {
    const { failures } = checkInputs(validatorKeysHandler.schema, {
      mnemonicFile: 1,
      count: 0,
      keystoreDirectory: "k",
      keymanager: { url: "ftp://x" },
    });
    expect(failures.map(({ property }) => property)).toEqual(["mnemonicFile", "count", "keymanager.url"]);
  });

  it("keeps files and loaded keys when it is deleted", async () => {
    const { id, outputs } = await validatorKeysHandler.create(inputs, context);
    await validatorKeysHandler.delete(id, outputs, context);
    expect(keymanager.keys.size).toBe(2);
    // Keystore, password and notes of each, and the log.
    expect(readdirSync(inputs.keystoreDirectory).length).toBe(9);
  });
});
