import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseSettings } from "../../services/keeper/runtime/settings.ts";
import { accountsWithKeys, renderKeeper } from "./bundle.ts";
import { KEEPER, KEEPER_FACTS } from "./fixtures.ts";
import type { KeeperSpec } from "./spec.ts";

interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<"keeper", Readonly<Record<string, unknown>>>>;
  readonly networks: unknown;
}

const fileOf = (spec: KeeperSpec, path: string): string =>
  renderKeeper(spec, KEEPER_FACTS).files.find((file) => file.path === path)?.content ?? "";
const composeOf = (spec: KeeperSpec): Compose => parse(fileOf(spec, "compose.yaml")) as Compose;
const { keeper } = composeOf(KEEPER).services;

describe("a keeper's container", () => {
  it("is the one that was looked over", () => {
    // `UPDATE_GOLDEN=1 npx vitest run components/keeper` writes it anew.
    const folder = new URL("golden/", import.meta.url);
    const file = new URL("keeper.yaml", folder);
    const content = fileOf(KEEPER, "compose.yaml");
    if (process.env.UPDATE_GOLDEN === "1") {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, content);
    }
    expect(content).toBe(readFileSync(file, "utf8"));
  });

  it("can do no more than it must", () => {
    expect(keeper).toMatchObject({
      user: "1000:1000",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      mem_limit: "1024m",
      restart: "unless-stopped",
      stop_grace_period: "30s",
      logging: { driver: "json-file", options: { "max-size": "50m", "max-file": "5" } },
    });
    expect(keeper).not.toHaveProperty("cap_add");
    expect(keeper).not.toHaveProperty("network_mode");
    expect(keeper["image"]).toMatch(/^node:\d+\.\d+\.\d+-trixie-slim(@sha256:[0-9a-f]{64})?$/);
  });

  it("is in the network of its node's clients, where Web3Signer is not, and in no other", () => {
    expect(keeper["networks"]).toEqual(["ethstake-node-1_default"]);
    expect(composeOf(KEEPER).networks).toEqual({ "ethstake-node-1_default": { external: true } });
    expect(composeOf(KEEPER).name).toBe("ethstake-keeper-1");
  });

  it("publishes its metrics on loopback or a private address", () => {
    expect(keeper["ports"]).toEqual(["127.0.0.1:7380:7380/tcp"]);
    const elsewhere = { ...KEEPER, metricsAddress: "10.42.1.10", port: 7_480 };
    expect(composeOf(elsewhere).services.keeper["ports"]).toEqual(["10.42.1.10:7480:7380/tcp"]);
    expect(renderKeeper(elsewhere, KEEPER_FACTS).target).toBe("10.42.1.10:7480");
  });

  it("writes into its data folder only", () => {
    const volumes = keeper["volumes"] as { source: string; target: string; read_only?: boolean }[];
    expect(volumes.filter(({ read_only }) => read_only !== true).map(({ target }) => target)).toEqual(["/data"]);
    expect(renderKeeper(KEEPER, KEEPER_FACTS).directories).toEqual([
      { path: "data/accounts", mode: "0700" },
      { path: "data/cache", mode: "0700" },
      { path: "secrets", mode: "0700" },
    ]);
  });

  it("is made anew for another program, other settings or another account, and for nothing else", () => {
    const hash = (spec: KeeperSpec, program = KEEPER_FACTS.program): string | undefined =>
      renderKeeper(spec, { ...KEEPER_FACTS, program }).services["keeper"];
    const member = { ...KEEPER.accounts.member, address: "0x5100000000000000000000000000000000000002" };
    const before = hash(KEEPER);
    expect(hash({ ...KEEPER })).toBe(before);
    expect(hash(KEEPER, "cd".repeat(32))).not.toBe(before);
    expect(hash({ ...KEEPER, dryRun: true })).not.toBe(before);
    expect(hash({ ...KEEPER, accounts: { ...KEEPER.accounts, member } })).not.toBe(before);
  });

  it("takes another version, which drops the digest of the pinned one", () => {
    const digest = `sha256:${"ab".repeat(32)}`;
    const image = (override: KeeperSpec["image"]): unknown =>
      composeOf({ ...KEEPER, ...(override ? { image: override } : {}) }).services.keeper["image"];
    expect(image({ tag: "26.0.0-slim" })).toBe("node:26.0.0-slim");
    expect(image({ tag: "26.0.0-slim", digest })).toBe(`node:26.0.0-slim@${digest}`);
  });
});

describe("a keeper's settings", () => {
  const settings = parseSettings("keeper.json", fileOf(KEEPER, "config/keeper.json"));

  it("are such that the keeper takes them", () => {
    expect(settings).toMatchObject({
      name: "keeper-1",
      chainId: 560_048,
      executionRpc: "http://execution:8545",
      beaconApi: "http://consensus:5052",
      settled: "finalized",
      fromBlock: 1_500_000,
      listen: { address: "0.0.0.0", port: 7_380 },
      dryRun: false,
    });
    expect(settings.contracts).toEqual(KEEPER_FACTS.contracts);
  });

  it("name accounts by files and signers, and put locks and journals where it can write", () => {
    expect(settings.accounts).toEqual({
      member: { keyFile: "/run/secrets/member-1.key" },
      depositor: { keyFile: "/run/secrets/depositor.key" },
      exits: { signerUrl: "http://10.42.1.20:9000", address: "0x4545454545454545454545454545454545454545" },
    });
    expect(settings).toMatchObject({ accountsDirectory: "/data/accounts", cacheDirectory: "/data/cache" });
    expect(accountsWithKeys(KEEPER).map(({ name }) => name)).toEqual(["member-1", "depositor"]);
  });

  it("hold what it was told", () => {
    const options: KeeperSpec["options"] = {
      deposits: { maxGasPriceGwei: 9, minKeys: 4, maxWaitSeconds: 3_600 },
      exits: { deadlineSeconds: 172_800, maxFeeWei: "1" },
      perValidatorLimit: 10,
    };
    expect(
      parseSettings("keeper.json", fileOf({ ...KEEPER, options, dryRun: true }, "config/keeper.json")),
    ).toMatchObject({ ...options, dryRun: true });
  });
});
