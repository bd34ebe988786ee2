import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { privateKeyToAddress } from "viem/accounts";
import { projectPath } from "../../lib/paths.ts";
import { KEEPER } from "./fixtures.ts";
import { keeperProgram, packProgram } from "./program.ts";
import { keysInput, keysRemoval, keysScript, privateKeyOf, programScript } from "./scripts.ts";
import type { KeeperSpec } from "./spec.ts";

const KEY = `0x${"a1".repeat(32)}` as const;
const OTHER = `0x${"b2".repeat(32)}` as const;

describe("a keeper's scripts", () => {
  let directory: string;
  let spec: KeeperSpec;
  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), "ethstake-keeper-")), "a keeper's");
    spec = { ...KEEPER, directory };
  });
  afterEach(() => rmSync(join(directory, ".."), { recursive: true, force: true }));
  const run = (script: string, input: string): string =>
    execFileSync("sh", ["-c", script], { input, encoding: "utf8", stdio: "pipe" });
  const modeOf = (file: string): string => (statSync(join(directory, file)).mode & 0o777).toString(8);

  it("bring the program, which runs where nothing is installed", async () => {
    const program = await keeperProgram();
    run(programScript(spec, program.digest), packProgram(program));
    const file = join(directory, "program/keeper.mjs");
    expect(readFileSync(file, "utf8")).toBe(program.source);
    expect(modeOf("program/keeper.mjs")).toBe("440");
    // It says what is wrong with its settings: its modules are all in it.
    const settings = join(directory, "keeper.json");
    writeFileSync(settings, "{}");
    expect(() => run(`node "$0" --settings "$1"`.replace("$0", file).replace("$1", settings), "")).toThrow(
      /KEEPER_SETTINGS/,
    );
  });

  it("do not put a damaged program in its place", async () => {
    const program = await keeperProgram();
    expect(() => run(programScript(spec, "00".repeat(32)), packProgram(program))).toThrow(/damaged/);
    expect(existsSync(join(directory, "program/keeper.mjs"))).toBe(false);
  });

  it("have a program that does not tell where it was made, by tests or by a stack's program", async () => {
    const { source, digest } = await keeperProgram();
    const loader = JSON.stringify(projectPath("lib/typescript.cjs"));
    const script = `require(${loader}).load("components/keeper/program.ts").then((it) => it.keeperProgram()).then((it) => console.log(it.digest))`;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }).trim()).toBe(digest);
    expect(source).not.toContain("node_modules");
    expect(source).not.toContain(process.cwd());
  });

  it("bring keys for their owner alone, replace them, and take away those of others", () => {
    run(keysScript(spec), keysInput(spec, { "member-1": KEY, depositor: OTHER }));
    expect(readdirSync(join(directory, "secrets")).sort()).toEqual(["depositor.key", "member-1.key"]);
    expect(readFileSync(join(directory, "secrets/member-1.key"), "utf8")).toBe(`${KEY}\n`);
    expect(modeOf("secrets/member-1.key")).toBe("400");
    expect(modeOf("secrets")).toBe("700");

    // Half of an earlier run.
    writeFileSync(join(directory, "secrets/.member-1.incoming"), "half", { mode: 0o600 });
    const alone = { ...spec, accounts: { member: spec.accounts.member } };
    run(keysScript(alone), keysInput(alone, { "member-1": OTHER }));
    expect(readdirSync(join(directory, "secrets"))).toEqual(["member-1.key"]);
    expect(readFileSync(join(directory, "secrets/member-1.key"), "utf8")).toBe(`${OTHER}\n`);

    run(keysRemoval(spec), "anything");
    expect(readdirSync(join(directory, "secrets"))).toEqual([]);
  });

  it("take keys away where there are none", () => {
    mkdirSync(directory);
    expect(run(keysRemoval(spec), "")).toBe("");
    expect(run(keysRemoval({ directory: join(directory, "nowhere") }), "")).toBe("");
  });

  it("want every key", () => {
    expect(() => keysInput(spec, { "member-1": KEY })).toThrow(/account depositor is missing/);
  });
});

describe("a private key", () => {
  const address = privateKeyToAddress(KEY);

  it.each([KEY, `${KEY}\n`, KEY.slice(2), KEY.slice(2).toUpperCase()])("is taken as %j", (text) => {
    expect(privateKeyOf("member-1", address, text)).toBe(KEY);
  });

  it.each([
    ["", /is none/],
    [KEY.slice(4), /is none/],
    [`0x${"zz".repeat(32)}`, /is none/],
    [`0x${"ff".repeat(32)}`, /outside the range/],
    [OTHER, /is the one of 0x\w{40}, and the settings name/],
  ])("is refused as %j, and not repeated", (text, message) => {
    const refused = (): unknown => privateKeyOf("member-1", address, text);
    expect(refused).toThrow(message);
    try {
      refused();
    } catch (error) {
      if (text !== "") expect(inspect(error)).not.toContain(text.replace(/^0x/, ""));
    }
  });
});
