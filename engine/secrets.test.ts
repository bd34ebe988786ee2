import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Passphrase, symmetricCrypter } from "./secrets.ts";

describe("passphrase secrets", () => {
  it("open what the CLI's construction wrote", async () => {
    // Written out step by step as the format says, apart from the code under test.
    const salt = Buffer.from("0011223344556677", "hex");
    const key = pbkdf2Sync("p4ss", salt, 1_000_000, 32, "sha256");
    const seal = (text: string): string => {
      const nonce = Buffer.alloc(12, 3);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const body = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
      return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
    };
    const stored = `v1:${salt.toString("base64")}:${seal("pulumi")}`;
    const crypter = await new Passphrase({ PULUMI_CONFIG_PASSPHRASE: "p4ss" }).crypter(stored, "why");
    expect(crypter.decrypt(seal("a secret"))).toBe("a secret");
    expect(crypter.decrypt(crypter.encrypt("ünïcode"))).toBe("ünïcode");
    await expect(new Passphrase({ PULUMI_CONFIG_PASSPHRASE: "no" }).crypter(stored, "why")).rejects.toMatchObject({
      code: "PASSPHRASE_WRONG",
    });
    await expect(new Passphrase({}).crypter(stored, "why")).rejects.toMatchObject({ code: "PASSPHRASE_MISSING" });
  });

  it("never encrypt alike twice, and notice damage", () => {
    const crypter = symmetricCrypter(new Uint8Array(32));
    const [one, two] = [crypter.encrypt("x"), crypter.encrypt("x")];
    expect(one).not.toBe(two);
    expect(() => crypter.decrypt(`${one.slice(0, -6)}AAAAA=`)).toThrow();
    expect(() => crypter.decrypt("v2:a:b")).toThrow();
  });
});
