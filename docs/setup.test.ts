import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectPath, projectRoot } from "../lib/paths.ts";

const run = promisify(execFile);

/** Stands in the document right before the block of commands that is executed here. */
const MARKER = "<!-- executed by docs/setup.test.ts -->\n```\n";
/** What cannot be as it is written: whose fork it is, and a download. Here they are this repository and its packages. */
const STAND_INS: readonly (readonly [written: string, here: string])[] = [
  ["https://github.com/YOU/ethstake.git", projectRoot],
  ["npm ci", `ln -s ${projectPath("node_modules")} node_modules`],
];

const text = readFileSync(projectPath("docs/SETUP.md"), "utf8");
const commands = (text.split(MARKER)[1] ?? "")
  .split("\n```")[0]
  ?.split("\n")
  .map((line) => line.replace(/ +#.*$/, ""))
  .filter((line) => line !== "");

describe("docs/SETUP.md: fork, edit one file, preview", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "ethstake-setup-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is fewer than ten commands", () => {
    expect(text.split(MARKER)).toHaveLength(2);
    expect(commands?.length).toBeGreaterThan(0);
    expect(commands?.length).toBeLessThan(10);
  });

  it("plans the operator's node with what was edited, without a network", { timeout: 180_000 }, async () => {
    const script = STAND_INS.reduce(
      (all, [written, here]) => {
        expect(all).toContain(written);
        return all.replace(written, here);
      },
      commands?.join("\n") ?? "",
    );
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
    const { stdout } = await run("sh", ["-euc", script], {
      cwd: folder,
      env: { ...Object.fromEntries(environment), npm_config_offline: "true" },
    });
    const edits = [...(commands?.join("\n") ?? "").matchAll(/-e 's\/[^/]+\/([^/]+)\/'/g)].map(([, edit = ""]) => edit);
    expect(edits.length).toBeGreaterThan(0);
    const settings = readFileSync(join(folder, "ethstake/Pulumi.operator.yaml"), "utf8");
    for (const edit of edits) expect(settings).toContain(edit);
    const vault = /executionRewardsVault: "(0x\w+)"/.exec(settings)?.[1] ?? "";
    expect(stdout).toMatch(new RegExp(`feeRecipient +${vault}`));
    expect(stdout).toContain("node-1-services create");
    expect(stdout).toMatch(/Preview of operator: \d+ to create/);
  });
});
