import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Keystore } from "@chainsafe/bls-keystore";
import { validateMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english";
import { bytesToHex } from "viem";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { deriveSigningKey } from "./derivation.ts";
import { KeystoreDirectory, loadMnemonic } from "./store.ts";

const key = deriveSigningKey(`${"abandon ".repeat(11)}about`, 0);
const other = deriveSigningKey(`${"abandon ".repeat(11)}about`, 1);

let root: string;
let folder: string;
let store: KeystoreDirectory;
const fileOf = (extension: string): string => join(folder, `keystore-${key.publicKey.slice(2)}.${extension}`);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ethstake-keys-"));
  folder = join(root, "keystores");
  store = new KeystoreDirectory(folder);
});
afterEach(() => vi.restoreAllMocks());

describe("EIP-2335", () => {
  const SECRET = "0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";
  /** The password of both published keystores, before the normalisation that the EIP prescribes. */
  const PASSWORD = "𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑";
  const published = (kdf: object, checksum: string, cipher: string, uuid: string): string =>
    JSON.stringify({
      crypto: {
        kdf: { ...kdf, message: "" },
        checksum: { function: "sha256", params: {}, message: checksum },
        cipher: { function: "aes-128-ctr", params: { iv: "264daa3f303d7259501c93d997d84fe6" }, message: cipher },
      },
      description: "",
      pubkey: "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07",
      path: "m/12381/60/3141592653/589793238",
      uuid,
      version: 4,
    });
  const salt = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3";

  it.each([
    [
      "scrypt",
      published(
        { function: "scrypt", params: { dklen: 32, n: 262144, p: 1, r: 8, salt } },
        "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
        "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f",
        "1d85ae20-35c5-4611-98e8-aa14a633906f",
      ),
    ],
    [
      "pbkdf2",
      published(
        { function: "pbkdf2", params: { dklen: 32, c: 262144, prf: "hmac-sha256", salt } },
        "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
        "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad",
        "64625def-3331-4eea-ab6f-782f3ed16a83",
      ),
    ],
  ])("opens the published %s keystore to the published secret", async (_kdf, text) => {
    expect(bytesToHex(await Keystore.parse(text).decrypt(PASSWORD))).toBe(SECRET);
    await expect(Keystore.parse(text).decrypt("testpasswore🔑")).rejects.toThrow();
  });
});

describe("KeystoreDirectory", () => {
  it("stores a key with its own password, readable by this user alone", async () => {
    const stored = await store.ensure(key);
    expect(stored).toMatchObject({ publicKey: key.publicKey, path: "m/12381/3600/0/0/0" });
    expect(stored.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toHaveLength(2);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(await store.unlock(key.publicKey)).toEqual(key);
    expect(readFileSync(fileOf("password"), "utf8").length).toBeGreaterThanOrEqual(32);
    expect(JSON.stringify(stored)).not.toContain(readFileSync(fileOf("password"), "utf8"));
    expect(readFileSync(fileOf("json"), "utf8")).not.toContain(bytesToHex(key.secretKey).slice(2));
  });

  it("never overwrites: a second run, and two at once, find the same files", async () => {
    const [first, second] = await Promise.all([store.ensure(key), new KeystoreDirectory(folder).ensure(key)]);
    expect(second).toEqual(first);
    const before = readFileSync(fileOf("json"), "utf8");
    expect(await store.ensure(key)).toEqual(first);
    expect(readFileSync(fileOf("json"), "utf8")).toBe(before);
    await store.unlock(key.publicKey);
  });

  it("goes on with the password of a run that was killed before it wrote the keystore", async () => {
    await store.ensure(other);
    writeFileSync(fileOf("password"), "left-by-a-killed-run", { mode: 0o600 });
    await store.ensure(key);
    expect(readFileSync(fileOf("password"), "utf8")).toBe("left-by-a-killed-run");
    expect((await store.unlock(key.publicKey)).secretKey).toEqual(key.secretKey);
  });

  it("refuses a file of another key under this key's name", async () => {
    const stored = await store.ensure(other);
    const wrong = readFileSync(join(folder, stored.file));
    writeFileSync(fileOf("json"), wrong, { mode: 0o600 });
    await expect(store.ensure(key)).rejects.toMatchObject({ code: "KEYSTORE_MISMATCH" });
    expect(readFileSync(fileOf("json"))).toEqual(wrong);
  });

  it("refuses a keystore that its password does not open, without naming the password", async () => {
    await store.ensure(key);
    writeFileSync(fileOf("password"), "not-this-one");
    const error: unknown = await store.unlock(key.publicKey).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "KEYSTORE_MISMATCH" });
    expect((error as Error).message).not.toContain("not-this-one");
  });

  it("refuses secrets that others can read, that are missing, or that are no file", async () => {
    await store.ensure(key);
    chmodSync(fileOf("password"), 0o640);
    await expect(store.password(key.publicKey)).rejects.toMatchObject({
      code: "SECRET_FILE",
      message: /can be read by other users/,
    });
    await expect(store.password(other.publicKey)).rejects.toMatchObject({ message: /cannot be read/ });
    symlinkSync(folder, join(folder, `keystore-${other.publicKey.slice(2)}.password`));
    await expect(store.password(other.publicKey)).rejects.toMatchObject({ message: /is not a regular file/ });
  });

  it("refuses secrets of another user", async () => {
    await store.ensure(key);
    if (process.getuid?.() === 0) chownSync(fileOf("json"), 12_345, 12_345);
    else vi.spyOn(process as { getuid: () => number }, "getuid").mockReturnValue(12_345);
    await expect(store.keystore(key.publicKey)).rejects.toMatchObject({
      code: "SECRET_FILE",
      message: /belongs to another user/,
    });
  });
});

describe("assign", () => {
  it("lets one validator client have a key, for good", async () => {
    await store.assign(key.publicKey, "http://127.0.0.1:5062");
    await store.assign(key.publicKey, "http://127.0.0.1:5062");
    await expect(store.assign(key.publicKey, "http://127.0.0.1:6062")).rejects.toMatchObject({
      code: "KEY_ON_ANOTHER_CLIENT",
      data: { holder: "http://127.0.0.1:5062", wanted: "http://127.0.0.1:6062" },
    });
    expect(readFileSync(fileOf("client"), "utf8")).toBe("http://127.0.0.1:5062");
  });

  it("gives the key to one of two clients that ask at once", async () => {
    const asked = await Promise.allSettled(
      ["http://a", "http://b"].map((client) => store.assign(key.publicKey, client)),
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

describe("loadMnemonic", () => {
  it("makes one of 24 words once, and only when asked", async () => {
    const file = join(root, "operator", "mnemonic");
    await expect(loadMnemonic(file, false)).rejects.toMatchObject({ code: "SECRET_FILE" });
    expect(existsSync(file)).toBe(false);
    const [first, second] = await Promise.all([loadMnemonic(file, true), loadMnemonic(file, true)]);
    expect(first).toBe(second);
    expect(first.split(" ")).toHaveLength(24);
    expect(validateMnemonic(first, wordlist)).toBe(true);
    expect(await loadMnemonic(file, true)).toBe(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("takes a file with line breaks, and none that others can read", async () => {
    const file = join(root, "mnemonic");
    writeFileSync(file, "one two\n three \n", { mode: 0o600 });
    expect(await loadMnemonic(file, false)).toBe("one two three");
    chmodSync(file, 0o644);
    await expect(loadMnemonic(file, true)).rejects.toMatchObject({ code: "SECRET_FILE" });
  });
});
