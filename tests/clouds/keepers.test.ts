import { existsSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROTOCOL_CONTRACTS } from "../../components/protocol/contracts.ts";
import type { RunResult } from "../../engine/index.ts";
import { DEPLOYMENT, done, exampleOf, messages, ROOT, Trial, type Settings } from "./trial.ts";

// Hoodi's machines with the keepers of an oracle member, on simulated clouds.
const KEYS = { "member-1": `0x${"a1".repeat(32)}`, "member-2": `0x${"b2".repeat(32)}` } as const;
/** What a keeper's state may grow to, in bytes: its program twice, as input and as output. */
const MOST_STATE = 1_000_000;

describe("keepers on simulated clouds", () => {
  const trial = new Trial("keepers");
  const keyFile = (name: string): string => join(trial.dir, `${name}.key`);
  let settings: Settings;
  let keepers: Settings[];

  beforeAll(() => {
    const accounts = Object.fromEntries(
      Object.entries(KEYS).map(([name, key]) => [
        name,
        { address: privateKeyToAddress(key), keyFile: relative(ROOT, keyFile(name)) },
      ]),
    );
    const contracts = Object.fromEntries(
      PROTOCOL_CONTRACTS.map((name, index) => [name, `0x${(index + 16).toString(16).repeat(20)}`]),
    );
    settings = { ...exampleOf("hoodi"), deployment: { ...DEPLOYMENT, contracts, accounts } };
    keepers = [
      { name: "keeper-1", host: "fra-1", node: "node-1", account: "member-1", fromBlock: 1_000_000 },
      { name: "keeper-2", host: "ams-1", node: "node-2", account: "member-2", fromBlock: 1_000_000 },
    ];
  });
  afterAll(() => trial.dispose());

  const errors = (result: RunResult): string => messages(result, ["error"]);
  const stateSize = (): number => Math.max(0, ...trial.stateFiles().map(({ text }) => text.length));
  const KEEPER = (name: string): string[] => [
    `create ${name}`,
    `create ${name}-bundle`,
    `create ${name}-keys`,
    `create ${name}-program`,
    `create ${name}-services`,
  ];
  let sizeWithout = 0;

  it("are not there without the setting", async () => {
    const result = await trial.up(settings);
    expect(errors(result)).toBe("");
    expect(done(result).filter((step) => / keeper/.test(step))).toEqual([]);
    expect(result.outputs).not.toHaveProperty("keepers");
    sizeWithout = stateSize();
  });

  it("are planned without their keys, which a reviewer does not have", async () => {
    const plan = await trial.preview({ ...settings, keepers });
    expect(errors(plan)).toBe("");
    expect(done(plan)).toEqual([...KEEPER("keeper-1"), ...KEEPER("keeper-2")].sort());
  });

  it("are not made with another account's key", async () => {
    writeFileSync(keyFile("member-1"), KEYS["member-2"], { mode: 0o600 });
    const wrong = await trial.up({ ...settings, keepers });
    expect(errors(wrong)).toMatch(/is the one of 0x\w+, and the settings name 0x\w+/);
    expect(done(wrong)).toEqual([]);
  });

  it("are made with every rule kept, change nothing a second time, and no key is in the state", async () => {
    for (const [name, key] of Object.entries(KEYS)) writeFileSync(keyFile(name), `${key}\n`, { mode: 0o600 });
    const first = await trial.upWithRules({ ...settings, keepers });
    expect(errors(first)).toBe("");
    expect(first.outputs["keepers"]).toMatchObject([
      { name: "keeper-1", target: "127.0.0.1:7380" },
      { name: "keeper-2", target: "127.0.0.1:7380" },
    ]);
    expect(done(await trial.up({ ...settings, keepers }))).toEqual([]);
    for (const { file, text } of trial.stateFiles())
      for (const key of Object.values(KEYS)) {
        expect(text.includes(key.slice(2)), file).toBe(false);
        expect(text.includes(Buffer.from(`${key}\n`).toString("base64")), file).toBe(false);
      }
  });

  it("grow the state by their program, twice each, and little else", () => {
    const each = (stateSize() - sizeWithout) / 2;
    console.log(`a keeper takes ${Math.round(each / 1_000)} kB of state`);
    expect(each).toBeGreaterThan(100_000);
    expect(each).toBeLessThan(MOST_STATE);
  });

  it("take a changed option as a change of their files and their service", async () => {
    const [one, two] = keepers;
    const changed = [{ ...one, exits: { deadlineSeconds: 172_800 } }, two];
    expect(done(await trial.up({ ...settings, keepers: changed }))).toEqual([
      "update keeper-1-bundle",
      "update keeper-1-services",
    ]);
    keepers = changed as Settings[];
  });

  it("ask the stack's Prometheus through what monitoring has beside it, and wait for that", async () => {
    const monitoring = { host: "fra-1" };
    const asking = keepers.map((keeper) => ({ ...keeper, prometheus: {} }));
    const watched = await trial.upWithRules({ ...settings, keepers: asking, monitoring });
    expect(errors(watched)).toBe("");
    const names = watched.steps.filter(({ op }) => op !== "same").map(({ name }) => name);
    for (const [keeper, host] of [
      ["keeper-1", "fra-1"],
      ["keeper-2", "ams-1"],
    ])
      expect(names.indexOf(`monitoring-${host ?? ""}-services`)).toBeLessThan(names.indexOf(`${keeper ?? ""}-bundle`));
    expect(done(await trial.up({ ...settings, keepers: asking, monitoring }))).toEqual([]);
    // Keepers leave its network before it goes.
    const without = await trial.up({ ...settings, keepers });
    expect(errors(without)).toBe("");
    const steps = without.steps.filter(({ op }) => op !== "same").map(({ op, name }) => `${op} ${name}`);
    expect(steps.indexOf("update keeper-2-services")).toBeLessThan(steps.indexOf("delete monitoring-ams-1-services"));
  });

  it("leave one after the other, keys and all; one written otherwise is the same key", async () => {
    writeFileSync(keyFile("member-2"), KEYS["member-2"].slice(2).toUpperCase(), { mode: 0o600 });
    expect(done(await trial.up({ ...settings, keepers: keepers.slice(1) }))).toEqual(
      KEEPER("keeper-1").map((step) => step.replace("create", "delete")),
    );
    expect(existsSync(keyFile("member-1"))).toBe(true);
  });
});
