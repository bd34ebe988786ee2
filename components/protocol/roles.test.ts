import { readFileSync } from "node:fs";
import { keccak256, stringToHex } from "viem";
import { describe, expect, it } from "vitest";
import { projectPath } from "../../lib/paths.ts";
import { ROLE_GRANTS } from "./roles.ts";

describe("ROLE_GRANTS", () => {
  it("names each role of each contract once, by the hash that the contracts use", () => {
    const names = ROLE_GRANTS.map(({ contract, role }) => `${contract}.${role}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { role, id } of ROLE_GRANTS) expect(id).toBe(keccak256(stringToHex(role)));
  });

  it("grants only roles that the contracts' sources have", () => {
    const sources = [
      "abstract/Governed",
      "abstract/PoolBound",
      "StakingPool",
      "OperatorRegistry",
      "WithdrawalVault",
      "ExecutionRewardsVault",
    ]
      .map((name) => {
        try {
          return readFileSync(projectPath(`contracts/src/${name}.sol`), "utf8");
        } catch {
          return "";
        }
      })
      .join("\n");
    for (const { role } of ROLE_GRANTS) expect(sources).toContain(`${role} = keccak256("${role}")`);
  });

  it("lets every contract be upgraded, and only the pool draw from the vaults", () => {
    expect(
      ROLE_GRANTS.filter(({ role }) => role === "UPGRADER_ROLE")
        .map(({ contract }) => contract)
        .sort(),
    ).toEqual(["ExecutionRewardsVault", "OperatorRegistry", "StakingPool", "WithdrawalVault"]);
    expect(ROLE_GRANTS.filter(({ role }) => role === "POOL_ROLE").every(({ holder }) => holder === "pool")).toBe(true);
  });
});
