import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readSecret, secretPlace, sourceFault, vaultReference } from "./secret-source.ts";

const refuse = (problem: string): Error => new Error(`the secret ${problem}`);
let vault: Server;
let seen: { path: string | undefined; token: unknown; namespace: unknown }[];

// Vault's KV version 2, as its API documents it (GET /v1/MOUNT/data/PATH).
beforeAll(async () => {
  vault = createServer((request, response) => {
    const { "x-vault-token": token, "x-vault-namespace": namespace } = request.headers;
    seen.push({ path: request.url, token, namespace });
    const found = request.url === "/v1/ethstake/data/hoodi/alice";
    const status = token === "s.right" ? (found ? 200 : 404) : 403;
    const data = { data: { mnemonic: "abandon about\n", number: 7 }, metadata: { version: 3 } };
    response.writeHead(status).end(status === 200 ? JSON.stringify({ data }) : '{"errors":["s.right would be"]}');
  }).listen(0, "127.0.0.1");
  await once(vault, "listening");
});
afterAll(() => vault.close());
beforeEach(() => {
  seen = [];
  vi.stubEnv("VAULT_ADDR", `http://127.0.0.1:${(vault.address() as AddressInfo).port}`);
  vi.stubEnv("VAULT_TOKEN", "s.right");
  vi.stubEnv("VAULT_NAMESPACE", "team");
});

describe("a secret in Vault", () => {
  it("is read from its field, with the token and in the namespace of the environment", async () => {
    expect(await readSecret("vault:ethstake/hoodi/alice#mnemonic", refuse)).toBe("abandon about");
    expect(seen).toEqual([{ path: "/v1/ethstake/data/hoodi/alice", token: "s.right", namespace: "team" }]);
  });

  it.each([
    ["vault:ethstake/hoodi/bob#mnemonic", {}, "answered 404"],
    ["vault:ethstake/hoodi/alice#key", {}, "no text in the field key"],
    ["vault:ethstake/hoodi/alice#number", {}, "no text in the field number"],
    ["vault:ethstake/hoodi/alice#mnemonic", { VAULT_TOKEN: "s.wrong" }, "answered 403"],
    ["vault:ethstake/hoodi/alice#mnemonic", { VAULT_ADDR: "" }, "VAULT_ADDR"],
    ["vault:ethstake/hoodi/alice#mnemonic", { VAULT_ADDR: "http://127.0.0.1:1" }, "does not answer"],
    ["vault:ethstake/hoodi/alice#mnemonic", { VAULT_ADDR: "http://vault.example.net:8200" }, "is not https"],
  ])("%s with %o says: %s", async (source, environment, problem) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const attempt = readSecret(source, refuse);
    await expect(attempt).rejects.toThrow(problem);
    await expect(attempt).rejects.not.toThrow(/s\.(right|wrong)|abandon/);
  });

  it("is written in one way", () => {
    expect(vaultReference("vault:ethstake/hoodi/alice#mnemonic")).toEqual({
      mount: "ethstake",
      path: "hoodi/alice",
      field: "mnemonic",
    });
    for (const wrong of [
      "vault:",
      "vault:ethstake",
      "vault:ethstake/a",
      "vault:a/../b#c",
      "vault:a//b#c",
      "vault:a/b#c d",
    ])
      expect(sourceFault(wrong)).toBe("must be vault:MOUNT/PATH#FIELD");
    expect(sourceFault("keys/alice/mnemonic")).toBeUndefined();
  });

  it("has a place for notes of its own", () => {
    expect(secretPlace("vault:ethstake/hoodi/alice#mnemonic")).not.toBe(
      secretPlace("vault:ethstake/hoodi/bob#mnemonic"),
    );
    expect(secretPlace("vault:ethstake/hoodi/alice#mnemonic")).not.toContain("alice");
  });
});

describe("a secret in a file", () => {
  it("is read as before, and only from a private one", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "ethstake-secret-")), "secret");
    writeFileSync(file, "words\n", { mode: 0o600 });
    expect(await readSecret(file, refuse)).toBe("words");
    expect(seen).toEqual([]);
    writeFileSync(`${file}-open`, "words\n", { mode: 0o644 });
    await expect(readSecret(`${file}-open`, refuse)).rejects.toThrow("can be read by other users");
  });
});
