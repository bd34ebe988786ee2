import { describe, expect, it } from "vitest";
import { openTexts, Redactor } from "./redact.ts";
import { secret } from "./values.ts";

describe("Redactor", () => {
  const connection = { user: "ethstake", host: "192.0.2.77", privateKey: "-----BEGIN KEY-----", note: "kept apart" };

  it("blanks out every text of a secret value, but those that are known anyway", () => {
    const redactor = new Redactor(["ethstake", "192.0.2.77"]);
    redactor.addSecrets({ connection: secret(connection) });
    expect(redactor.clean("dial ethstake@192.0.2.77 with -----BEGIN KEY-----, kept apart")).toBe(
      "dial ethstake@192.0.2.77 with [secret], [secret]",
    );
  });

  it("blanks out all of them when nothing is known", () => {
    const redactor = new Redactor();
    redactor.addSecrets({ connection: secret(connection) });
    expect(redactor.clean("dial ethstake@192.0.2.77")).toBe("dial [secret]@[secret]");
  });
});

describe("openTexts", () => {
  it("are the texts of settings that are not encrypted, structured ones too", () => {
    const values = {
      "a:hosts": '[{"address":"192.0.2.77","port":22}]',
      "a:network": "hoodi",
      "a:token": "hidden-word",
    };
    expect(openTexts(values, ["a:token"])).toEqual(["192.0.2.77", "hoodi"]);
  });
});
