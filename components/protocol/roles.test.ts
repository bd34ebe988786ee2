import { existsSync, readFileSync } from "node:fs";
import { keccak256, stringToHex } from "viem";
import { describe, expect, it } from "vitest";
import { projectPath } from "../../lib/paths.ts";
import { isProxied, PROTOCOL_CONTRACTS, sourceName, type ProtocolContract } from "./contracts.ts";
import { ROLE_GRANTS } from "./roles.ts";

describe("ROLE_GRANTS", () => {
  it("names each role of each contract once, by the hash that the contracts use", () => {
    const names = ROLE_GRANTS.map(({ contract, role }) => `${contract}.${role}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { role, id } of ROLE_GRANTS) expect(id).toBe(keccak256(stringToHex(role)));
  });

  it("grants only roles that the contract's own sources have", () => {
    for (const { contract, role } of ROLE_GRANTS)
      expect(sourceOf(sourceName(contract)), `${contract}.${role}`).toContain(`${role} = keccak256("${role}")`);
  });

  it("grants every role that the sources have", () => {
    for (const contract of PROTOCOL_CONTRACTS) {
      const names = [...sourceOf(sourceName(contract)).matchAll(/bytes32 public constant (?:override )?(\w+_ROLE) =/g)];
      const granted = ROLE_GRANTS.filter((grant) => grant.contract === contract).map(({ role }) => role);
      expect(granted.sort(), contract).toEqual([...new Set(names.map(([, name]) => name))].sort());
    }
  });

  it("lets every contract behind a proxy be upgraded, and gives modules' roles to contracts only", () => {
    const upgradeable = ROLE_GRANTS.filter(({ role }) => role === "UPGRADER_ROLE").map(({ contract }) => contract);
    expect(upgradeable.sort()).toEqual(PROTOCOL_CONTRACTS.filter(isProxied).sort());
    for (const { role, holder } of ROLE_GRANTS)
      expect(PROTOCOL_CONTRACTS.includes(holder as ProtocolContract)).toBe(MODULE_ROLES.has(role));
  });
});

const MODULE_ROLES = new Set([
  "POOL_ROLE",
  "QUEUE_ROLE",
  "DEPOSITS_ROLE",
  "DISTRIBUTION_ROLE",
  "SERVICE_LEVEL_ROLE",
  "COVER_ROLE",
]);

/** A contract's source with those of the protocol's own contracts that it inherits. */
function sourceOf(contract: string): string {
  const source = readFileSync(projectPath(existing(contract)), "utf8");
  const bases = new RegExp(`contract ${contract}\\b[^{]*? is ([^{]*)\\{`).exec(source)?.[1] ?? "";
  return bases
    .split(",")
    .map((base) => base.trim())
    .filter((base) => existsSync(projectPath(`contracts/src/abstract/${base}.sol`)))
    .reduce((sources, base) => sources + sourceOf(base), source);
}

function existing(contract: string): string {
  const file = `contracts/src/abstract/${contract}.sol`;
  return existsSync(projectPath(file)) ? file : `contracts/src/${contract}.sol`;
}
