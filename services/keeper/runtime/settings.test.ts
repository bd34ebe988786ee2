import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { describe, expect, it } from "vitest";
import { PROTOCOL_CONTRACTS } from "../../../components/protocol/contracts.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { KeeperSettingsError } from "./errors.ts";
import { loadSettings, LOOPS, parseSettings } from "./settings.ts";

const ADDRESS = "0x00000000000000000000000000000000000000AA";
const LEAST = {
  name: "keeper-1",
  chainId: 1337,
  executionRpc: "http://127.0.0.1:8545",
  beaconApi: "http://127.0.0.1:5052",
  contracts: Object.fromEntries(
    [...PROTOCOL_CONTRACTS, "DepositContract"].map((name) => [name, ADDRESS.toLowerCase()]),
  ),
  accounts: { member: { keyFile: "keys/member.key" } },
  listen: { address: "127.0.0.1", port: 0 },
};

function faultsOf(settings: unknown): readonly string[] {
  try {
    parseSettings("test", JSON.stringify(settings));
    return [];
  } catch (error) {
    return error instanceof KeeperSettingsError ? error.data.faults : [errorMessage(error)];
  }
}

describe("a keeper's settings", () => {
  it("are few: the rest has defaults, in YAML as in JSON", async () => {
    const settings = parseSettings("test", JSON.stringify(LEAST));
    expect(settings).toMatchObject({
      ...LEAST,
      fromBlock: 0,
      loops: [...LOOPS],
      settled: "finalized",
      dryRun: false,
      perValidatorLimit: 2_000,
      deposits: { maxGasPriceGwei: 30, minKeys: 1, maxWaitSeconds: 86_400 },
      exits: { deadlineSeconds: 345_600, maxFeeWei: "1000000000000000" },
    });
    expect(settings.prometheus).toBeUndefined();
    const file = join(mkdtempSync(join(tmpdir(), "ethstake-settings-")), "keeper.yaml");
    writeFileSync(file, stringify(LEAST));
    expect(await loadSettings(file)).toEqual(settings);
  });

  it("are refused with all faults at once", () => {
    const faults = faultsOf({
      ...LEAST,
      name: "Keeper One",
      chainId: 0,
      executionRpc: "ftp://127.0.0.1",
      contracts: { ...LEAST.contracts, StakingPool: "0x12", Stranger: ADDRESS },
      accounts: { member: { signerUrl: "x" }, nobody: {} },
      loops: ["reports", "routing"],
      settled: 0,
      turnSeconds: -1,
      listen: { address: "127.0.0.1", port: 70_000 },
      prometheus: { url: "http://prometheus:9090", query: "", tolerance: 2 },
      deposits: { minKeys: 101 },
      exits: { maxFeeWei: "0.5" },
      surprise: true,
    });
    const places = [
      "name",
      "chainId",
      "executionRpc",
      "contracts.StakingPool",
      "accounts.member",
      "accounts",
      "loops.1",
      "settled",
      "turnSeconds",
      "listen.port",
      "prometheus.query",
      "prometheus.tolerance",
      "deposits.minKeys",
      "exits.maxFeeWei",
      "(all)",
    ];
    expect(places.filter((place) => !faults.some((fault) => fault.startsWith(`${place}: `)))).toEqual([]);
    expect(faults.some((fault) => fault.includes("Stranger"))).toBe(true);
  });

  it("name every contract", () => {
    const { ServiceLevel: _, ...contracts } = LEAST.contracts;
    expect(faultsOf({ ...LEAST, contracts })).toEqual([expect.stringContaining("contracts.ServiceLevel")]);
    expect(faultsOf({ ...LEAST, loops: [] })).toHaveLength(1);
  });

  it("are refused when they are no settings, or cannot be read", async () => {
    expect(() => parseSettings("test", "a: [b")).toThrow("neither YAML nor JSON");
    expect(() => parseSettings("test", "")).toThrow("(all)");
    await expect(loadSettings("/nowhere/keeper.yaml")).rejects.toMatchObject({ code: "KEEPER_SETTINGS" });
  });
});
