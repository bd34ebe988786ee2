import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { web3signerFiles } from "./web3signer.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ethstake-web3signer-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const content = (name: string): string =>
  web3signerFiles("hoodi").find(({ path }) => path === `config/${name}`)?.content ?? "";

describe("web3signerFiles", () => {
  it("has slashing protection on, and no password", () => {
    const options = parse(content("web3signer.yaml")) as Record<string, unknown>;
    expect(options["eth2.slashing-protection-enabled"]).toBe(true);
    expect(options["eth2.network"]).toBe("hoodi");
    expect(Object.keys(options).filter((name) => name.includes("password"))).toEqual([]);
  });

  it("starts Web3Signer with the password in a file in memory that only it can read", () => {
    const [config, run, bin, secret] = ["config", "run", "bin", "secret"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const path of [config, run, bin]) mkdirSync(path);
    writeFileSync(join(config, "web3signer.yaml"), content("web3signer.yaml"));
    writeFileSync(secret, "00c0ffee\n");
    writeFileSync(join(bin, "web3signer"), '#!/bin/sh\necho "$@"\nenv\n');
    chmodSync(join(bin, "web3signer"), 0o755);
    const script = content("web3signer.sh")
      .replaceAll("/run/secrets/postgres-password", secret)
      .replaceAll("/run/web3signer", run)
      .replaceAll("/config/", `${config}/`)
      .replaceAll("/opt/web3signer/bin", bin);
    const output = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });
    expect(output).toContain(`--config-file=${run}/config.yaml eth2\n`);
    expect(output).not.toContain("00c0ffee");
    const file = join(run, "config.yaml");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parse(readFileSync(file, "utf8"))).toEqual({
      ...(parse(content("web3signer.yaml")) as object),
      "eth2.slashing-protection-db-password": "00c0ffee",
    });
  });
});
