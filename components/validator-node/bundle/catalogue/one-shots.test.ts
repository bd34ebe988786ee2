import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nimbus } from "./nimbus.ts";
import { prysmValidator } from "./prysm.ts";
import { SCHEMA_COMMAND } from "./web3signer.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ethstake-one-shot-"));
  mkdirSync(join(folder, "data"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Puts a script in a program's place. */
function fake(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Runs a one-shot's entry point with other paths; its output, and whether it ended well. */
function run(entrypoint: readonly string[], paths: Readonly<Record<string, string>>): { output: string; ok: boolean } {
  const [shell = "", ...args] = entrypoint.map((part) =>
    Object.entries(paths).reduce((text, [from, to]) => text.replaceAll(from, to), part),
  );
  try {
    return { output: execFileSync(shell, args, { encoding: "utf8", stdio: "pipe" }), ok: true };
  } catch {
    return { output: "", ok: false };
  }
}

describe("Nimbus' checkpoint", () => {
  const url = "https://checkpoint.example.org/?a=1&b=$(exit 9)";
  const entrypoint = nimbus.prepare?.({
    network: "hoodi",
    p2pPort: 1,
    quicPort: 2,
    executionEndpoint: "",
    checkpointSyncUrl: url,
  });
  const paths = (program: string): Record<string, string> => ({
    "/home/user/nimbus_beacon_node": program,
    "/data": join(folder, "data"),
  });

  it("is fetched once", () => {
    const program = fake("nimbus", 'printf "%s\\n" "$@"');
    const first = run(entrypoint ?? [], paths(program));
    expect(first.output.split("\n")).toContain(`--trusted-node-url=${url}`);
    expect(first.output.split("\n")).toContain("--network=hoodi");
    expect(run(entrypoint ?? [], paths(program))).toEqual({ output: "", ok: true });
  });

  it("is fetched again after a run that failed", () => {
    expect(run(entrypoint ?? [], paths(fake("broken", "exit 1"))).ok).toBe(false);
    expect(run(entrypoint ?? [], paths(fake("nimbus", "echo synced"))).output).toBe("synced\n");
  });
});

describe("Prysm's wallet", () => {
  const entrypoint = prysmValidator.localWallet?.entrypoint("hoodi") ?? [];
  const paths = (program: string): Record<string, string> => ({
    "/app/cmd/validator/validator": program,
    "/data": join(folder, "data"),
  });

  it.skipIf(!existsSync("/bin/bash"))(
    "is created when it is missing or was left half made, and never over keys",
    () => {
      const half = join(folder, "data", "wallet", "direct", "accounts");
      mkdirSync(half, { recursive: true });
      const program = fake("validator", `[ ! -e ${join(folder, "data", "wallet", "direct")} ] && echo "$@"`);
      expect(run(entrypoint, paths(program)).output).toContain("wallet create --accept-terms-of-use --hoodi");
      mkdirSync(half, { recursive: true });
      writeFileSync(join(half, "all-accounts.keystore.json"), "{}");
      expect(run(entrypoint, paths(program))).toEqual({ output: "", ok: true });
      expect(existsSync(join(half, "all-accounts.keystore.json"))).toBe(true);
    },
  );
});

describe("Web3Signer's schema", () => {
  it("is that of the image, without what another version left", () => {
    const [image, schema] = [join(folder, "image"), join(folder, "schema")];
    for (const path of [image, schema]) mkdirSync(path);
    writeFileSync(join(image, "V00001__one.sql"), "1");
    writeFileSync(join(schema, "V00099__old.sql"), "99");
    const result = run(SCHEMA_COMMAND, { "/opt/web3signer/migrations/postgresql": image, "/schema": schema });
    expect(result.ok).toBe(true);
    expect(existsSync(join(schema, "V00001__one.sql"))).toBe(true);
    expect(existsSync(join(schema, "V00099__old.sql"))).toBe(false);
  });
});
