import { spawnSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { projectPath } from "../../lib/paths.ts";

const MARK = randomUUID();
/** A question that nobody asked before. */
const INPUT = {
  language: "Solidity",
  sources: { "A.sol": { content: `// SPDX-License-Identifier: MIT\n// ${MARK}\ncontract A {}` } },
  settings: { outputSelection: { "*": { "*": ["abi"] } } },
};
const compiler = readFileSync(projectPath("node_modules/solc/package.json"), "utf8");
const nameOf = (question: string): string =>
  projectPath(
    join("node_modules/.cache/ethstake-solc", createHash("sha256").update(`${compiler}\0${question}`).digest("hex")),
  );
const solc = (args: string[], input = "") =>
  spawnSync(process.execPath, [projectPath("contracts/bin/solc"), ...args], { input, encoding: "utf8" });

describe("the compiler that forge calls", () => {
  afterEach(() => rmSync(nameOf(JSON.stringify(INPUT)), { force: true }));

  it("tells its version as forge reads it", () => {
    expect(solc(["--version"]).stdout).toMatch(/^Version: 0\.8\.30\+commit\.[0-9a-f]{8}\./m);
  });

  it("compiles, and keeps the answer for the same question of the same compiler", () => {
    const question = JSON.stringify(INPUT);
    const { stdout } = solc(["--standard-json"], question);
    expect(JSON.parse(stdout)).toMatchObject({ contracts: { "A.sol": { A: { abi: [] } } } });
    const file = nameOf(question);
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, "what was kept");
    expect(solc(["--standard-json"], question).stdout).toBe("what was kept");
  });

  it("names no folder of the machine, wherever a dependency lies", () => {
    const content = INPUT.sources["A.sol"];
    const given = { ...INPUT, sources: { "/project/src/A.sol": content } };
    const { stdout } = solc(["--standard-json", "--base-path", "/project"], JSON.stringify(given));
    expect(JSON.parse(stdout)).toMatchObject({ contracts: { "src/A.sol": {} } });
    rmSync(nameOf(JSON.stringify({ ...INPUT, sources: { "src/A.sol": content } })), { force: true });
  });

  it("refuses what forge does not ask", () => {
    expect(solc(["--asm"])).toMatchObject({ status: 2, stdout: "" });
  });
});
