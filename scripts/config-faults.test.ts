import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { stackNames } from "../stacks/stack-file.ts";
import { renderReport, validateStack } from "./config-faults.ts";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "ethstake-config-"))));
afterEach(() => rmSync(root, { recursive: true }));

function write(stack: string, text: string): void {
  writeFileSync(join(root, `Pulumi.${stack}.yaml`), text);
}

/** An operator's stack, with another line of settings. */
function operator(...lines: string[]): string {
  return [
    "config:",
    "  ethstake:network: hoodi",
    "  ethstake:acknowledgedForks: [Glamsterdam]",
    "  ethstake:hosts: [{ name: home-1, target: { kind: local }, dataVolume: { sizeGiB: 800 }, memoryGiB: 64 }]",
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}
const NODES =
  "ethstake:nodes: [{ name: node-1, host: home-1, execution: [{ client: reth }], consensus: [{ client: teku }] }]";
const VAULTS = [
  "ethstake:deployment:",
  '  executionRewardsVault: "0x7777777777777777777777777777777777777777"',
  '  withdrawalVault: "0x8888888888888888888888888888888888888888"',
];

describe("the stacks of this repository", () => {
  it.each(stackNames())("%s has no faults", (stack) => {
    expect(validateStack(stack)).toMatchObject({ ok: true, stack, faults: [] });
  });
});

describe("validateStack", () => {
  it("lists every fault at once, each with path, value and remedy", () => {
    write("bad", operator(NODES.replace("home-1", "home-2"), ...VAULTS, "ethstake:fleet: { maxProviderShare: 2 }"));
    const report = validateStack("bad", root);
    expect(report).toMatchObject({ ok: false, stack: "bad", network: "hoodi" });
    expect(report.faults.map(({ path }) => path).sort()).toEqual(["fleet.maxProviderShare", "nodes[0].host"]);
    expect(report.faults.find(({ path }) => path === "nodes[0].host")).toMatchObject({
      value: "home-2",
      remedy: expect.stringContaining("home-1") as string,
    });
    expect(renderReport(report)).toContain('ethstake:nodes[0].host = "home-2": must name one of the hosts');
  });

  it("neither decrypts nor shows encrypted values, whole or inside of others", () => {
    write("secret", operator(NODES, "ethstake:deployment: { secure: v1:whole:aaaa }"));
    expect(validateStack("secret", root)).toMatchObject({ ok: true, faults: [], notChecked: ["deployment"] });
    write("nested", operator(NODES, ...VAULTS.slice(0, 2), "  withdrawalVault: { secure: v1:part:bbbb }", "  x: 1"));
    const report = validateStack("nested", root);
    expect(report.notChecked).toEqual(["deployment.withdrawalVault"]);
    expect(report.faults.map(({ path }) => path)).toEqual(["deployment.x"]);
    expect(JSON.stringify(report) + renderReport(report)).not.toMatch(/v1:/);
  });

  it("still finds the faults around an encrypted value", () => {
    write("both", operator(NODES, ...VAULTS, "ethstake:protocol: { secure: v1:both:cccc }"));
    const report = validateStack("both", root);
    expect(report.faults.map(({ path }) => path)).toEqual(["deployment"]);
  });

  it("wants the network in the open", () => {
    write("dark", "config:\n  ethstake:network: { secure: v1:net:dddd }\n");
    expect(validateStack("dark", root).faults).toEqual([
      { path: "network", value: "[secret]", remedy: expect.stringContaining("not be encrypted") as string },
    ]);
  });

  it("gives null for what is not set, so that JSON has it", () => {
    write("none", "config: {}\n");
    const report = validateStack("none", root);
    expect(report).toMatchObject({ ok: false, network: null });
    expect(report.faults).toContainEqual(expect.objectContaining({ path: "network", value: null }));
  });

  it("says where a file is no YAML without quoting it", () => {
    write("broken", "config:\n  ethstake:a: [hunter2\n  ethstake:b: 1\n");
    const report = validateStack("broken", root);
    expect(report.ok).toBe(false);
    expect(report.faults[0]?.remedy).toMatch(/^line \d+: [A-Z_]+$/);
    expect(renderReport(report)).not.toContain("hunter2");
    write("list", "- 1\n");
    expect(validateStack("list", root).faults[0]?.remedy).toBe("it is not a mapping");
  });

  it.each(["missing", "../other", ""])("refuses the stack %j, which has no file", (stack) => {
    expect(() => validateStack(stack, root)).toThrow(expect.objectContaining({ code: "STACK_FILE_MISSING" }) as Error);
  });
});
