import { expect, it } from "vitest";
import { projectPath } from "../../lib/paths.ts";
import { accountFile, senderSchema } from "./account.ts";

const ADDRESS = "0x5100000000000000000000000000000000000001";

it("an account's lock and journal lie beside its key, or where the reference says", () => {
  expect(accountFile({ keyFile: "keys/a.key" })).toBe(projectPath("keys/a.key"));
  expect(accountFile({ keyFile: "/run/secrets/a.key", records: "/data/accounts/a" })).toBe("/data/accounts/a");
  expect(accountFile({ signerUrl: "http://10.0.0.1", address: ADDRESS })).toBe(
    projectPath(`.ethstake/accounts/${ADDRESS}`),
  );
  expect(accountFile({ signerUrl: "http://10.0.0.1", address: ADDRESS, records: "/data/b" })).toBe("/data/b");
});

it("no resource's inputs say where", () => {
  expect(senderSchema.parse({ keyFile: "a", records: "/tmp/b" })).toEqual({ keyFile: "a" });
});
