import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { loadAccount } from "./account.ts";

/** Hardhat's and Foundry's well-known first test account. */
const KEY = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

let keyFile: string;
const write = (text: string): void => writeFileSync(keyFile, text, { mode: 0o600 });

beforeEach(() => {
  keyFile = join(mkdtempSync(join(tmpdir(), "ethstake-account-")), "account.key");
});

describe("loadAccount", () => {
  it("takes a key with or without prefix and line end", async () => {
    for (const text of [KEY, `0x${KEY}`, `0x${KEY}\n`]) {
      write(text);
      expect((await loadAccount({ keyFile })).address).toBe(ADDRESS);
    }
  });

  it("refuses a missing file, one that others can read, and one with something else in it", async () => {
    await expect(loadAccount({ keyFile })).rejects.toMatchObject({
      code: "ACCOUNT_KEY_FILE",
      message: /cannot be read/,
    });
    write(KEY);
    chmodSync(keyFile, 0o604);
    await expect(loadAccount({ keyFile })).rejects.toMatchObject({ message: /can be read by other users/ });
    chmodSync(keyFile, 0o600);
    write("a mnemonic by mistake");
    await expect(loadAccount({ keyFile })).rejects.toMatchObject({ message: /does not hold a private key/ });
  });

  it("never repeats what the file holds, nor keeps it in a cause", async () => {
    const beyond = "f".repeat(64);
    write(beyond);
    const error = (await loadAccount({ keyFile }).catch((caught: unknown) => caught)) as Error;
    expect(error).toMatchObject({ code: "ACCOUNT_KEY_FILE", message: /outside the range/ });
    expect(`${error.message}${inspect(error.cause)}`).not.toMatch(new RegExp(`${beyond}|${BigInt(`0x${beyond}`)}`));
  });
});
