import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { testContext } from "../testing/context.ts";
import { genesisHandler } from "./genesis.ts";

const context = testContext();
let root: string;
let inputs: Parameters<typeof genesisHandler.create>[0];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ethstake-genesis-"));
  inputs = {
    directory: join(root, "net"),
    chainId: 32_382,
    secondsPerSlot: 2,
    slotsPerEpoch: 4,
    validatorCount: 4,
    delaySeconds: 1,
    accounts: { deployer: "10", staker: "1.5" },
  };
});

describe("Genesis", () => {
  it("makes a network once, with accounts of its own, and shows no secret", async () => {
    const { id, outputs } = await genesisHandler.create(inputs, context);
    expect(outputs.executionBlockHash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(outputs.genesisForkVersion).toMatch(/^0x[0-9a-f]{8}$/);
    const genesis = JSON.parse(readFileSync(outputs.executionGenesisFile, "utf8")) as {
      alloc: Record<string, { balance: string }>;
    };
    const staker = outputs.accountFiles["staker"];
    expect(BigInt(genesis.alloc[staker?.address ?? ""]?.balance ?? 0)).toBe(15n * 10n ** 17n);
    for (const file of [outputs.jwtFile, staker?.keyFile ?? ""]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(JSON.stringify(outputs)).not.toContain(readFileSync(file, "utf8").slice(2));
    }
    expect(statSync(inputs.directory).mode & 0o077).toBe(0);

    expect(await genesisHandler.create(inputs, context)).toEqual({ id, outputs });
    expect((await genesisHandler.read(id, outputs, context))?.outputs).toEqual(outputs);

    await genesisHandler.delete(id, outputs, context);
    expect(await genesisHandler.read(id, outputs, context)).toBeUndefined();
    expect(readdirSync(root)).toEqual([`net.ended-${outputs.genesisTime}`]);
    expect(existsSync(join(root, `net.ended-${outputs.genesisTime}`, "accounts", "staker.key"))).toBe(true);
    await genesisHandler.delete(id, outputs, context);
  }, 60_000);

  it("does not make another network over one that is there", async () => {
    const manifest = join(inputs.directory, "genesis", "manifest.json");
    mkdirSync(join(inputs.directory, "genesis"), { recursive: true });
    const text = JSON.stringify({
      genesisTime: 1,
      executionBlockHash: "0x",
      genesisValidatorsRoot: "0x",
      genesisForkVersion: "0x",
      digest: "other",
    });
    writeFileSync(manifest, text);
    await expect(genesisHandler.create(inputs, context)).rejects.toMatchObject({ code: "GENESIS_EXISTS" });
    expect(readFileSync(manifest, "utf8")).toBe(text);
    expect(readdirSync(inputs.directory)).toEqual(["genesis"]);
  });
});
