import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAddress, parseAbi, parseEther } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkInputs, diffInputs, erase } from "../resource.ts";
import { testContext } from "../testing/context.ts";
import { FakeChain } from "../testing/fake-chain.ts";
import { satisfies, settingHandler } from "./setting.ts";

const POOL = "0x00000000000000000000000000000000000000c1";
const ABI = parseAbi([
  "function cap() view returns (uint256)",
  "function setCap(uint256 cap)",
  "function counts() view returns (uint256 total, uint256 limit)",
  "function owner() view returns (address)",
  "function setOwner(address owner)",
  "function stake(bytes32 seen) payable",
  "function root() view returns (bytes32)",
]);
const ROOT = `0x${"ab".repeat(32)}`;
const context = testContext();
type Inputs = Parameters<typeof settingHandler.create>[0];

let chain: FakeChain;
let keyFile: string;
/** What the fake contract holds. */
let pool: { cap: bigint; owner: string; seen: unknown; deaf: boolean };

beforeEach(async () => {
  chain = await new FakeChain().start();
  keyFile = join(mkdtempSync(join(tmpdir(), "ethstake-setting-")), "key");
  writeFileSync(keyFile, generatePrivateKey(), { mode: 0o600 });
  pool = { cap: 5n, owner: "0x00000000000000000000000000000000000000AA", seen: undefined, deaf: false };
  chain.contracts.set(POOL, {
    abi: ABI,
    call: (name) => ({ cap: pool.cap, counts: [7n, pool.cap], owner: pool.owner, root: ROOT })[name],
    execute: (name, [first], value) => {
      if (pool.deaf) return;
      if (name === "setCap") pool.cap = first as bigint;
      if (name === "setOwner") pool.owner = first as string;
      if (name === "stake") pool = { ...pool, cap: pool.cap + value, seen: first };
    },
  });
});
afterEach(() => chain.stop());

function setting(part: Partial<Inputs>): Inputs {
  const inputs = {
    chain: chain.connection,
    sender: { keyFile },
    target: POOL,
    read: { signature: "function cap() view returns (uint256)" },
    write: { signature: "function setCap(uint256 cap)", args: [{ placeholder: "value" }] },
    value: "9",
    ...part,
  };
  const { inputs: checked, failures } = checkInputs(settingHandler.schema, inputs);
  expect(failures).toEqual([]);
  return checked as unknown as Inputs;
}

describe("Setting with equal", () => {
  it("writes where the chain says otherwise, and nothing the second time", async () => {
    const { outputs } = await settingHandler.create(setting({}), context);
    expect(outputs.current).toBe("9");
    expect(pool.cap).toBe(9n);
    expect((await settingHandler.create(setting({}), context)).outputs.current).toBe("9");
    expect(chain.received).toHaveLength(1);
  });

  it("finds drift by reading, shows it beside the wanted value, and repairs it", async () => {
    const inputs = setting({});
    const { id, outputs } = await settingHandler.create(inputs, context);
    expect((await settingHandler.read(id, outputs, context))?.outputs).toEqual(outputs);
    pool.cap = 1_000n;
    const read = await settingHandler.read(id, outputs, context);
    expect(read?.inputs.value).toBe("1000");
    expect(diffInputs(erase(settingHandler), read?.outputs as never, inputs as never)).toEqual({
      changed: ["value"],
      replaces: [],
    });
    expect((await settingHandler.update(id, outputs, inputs, context)).current).toBe("9");
    expect(pool.cap).toBe(9n);
  });

  it("compares addresses without regard to case, and picks one of several results", async () => {
    const owner = setting({
      read: { signature: "function owner() view returns (address)", args: [], result: 0 },
      value: pool.owner.toLowerCase(),
    });
    expect((await settingHandler.create(owner, context)).outputs.current).toBe(getAddress(pool.owner));
    const limit = setting({
      read: { signature: "function counts() view returns (uint256 total, uint256 limit)", args: [], result: 1 },
      value: "5",
    });
    expect((await settingHandler.create(limit, context)).outputs.current).toBe("5");
    expect(chain.received).toEqual([]);
  });

  it("says so when a write does not change what is read", async () => {
    pool.deaf = true;
    await expect(settingHandler.create(setting({}), context)).rejects.toMatchObject({
      code: "SETTING_NOT_TAKEN",
      data: { wanted: "9", current: "5" },
    });
  });

  it("names the function that cannot be read", async () => {
    chain.contracts.clear();
    await expect(settingHandler.create(setting({}), context)).rejects.toMatchObject({
      code: "SETTING_UNREADABLE",
      message: /function cap\(\)/,
    });
  });
});

describe("Setting with atLeast", () => {
  const stake = (value: string): Inputs =>
    setting({
      write: {
        signature: "function stake(bytes32 seen) payable",
        args: [{ read: { signature: "function root() view returns (bytes32)" } }],
        valueWei: { placeholder: "shortfall" },
      },
      value,
      compare: "atLeast",
    });

  it("sends what is missing, with what the chain says right then", async () => {
    pool.cap = parseEther("10");
    const { outputs } = await settingHandler.create(stake(parseEther("64").toString()), context);
    expect(chain.mined[0]?.value).toBe(parseEther("54"));
    expect(pool.seen).toBe(ROOT);
    expect(outputs.current).toBe(parseEther("64").toString());
  });

  it("sends nothing when there is more, and sees no drift in it", async () => {
    pool.cap = 100n;
    const inputs = stake("64");
    const { id, outputs } = await settingHandler.create(inputs, context);
    expect(chain.received).toEqual([]);
    pool.cap = 200n;
    const read = await settingHandler.read(id, outputs, context);
    expect(diffInputs(erase(settingHandler), read?.outputs as never, inputs as never).changed).toEqual([]);
    pool.cap = 1n;
    expect((await settingHandler.read(id, outputs, context))?.inputs.value).toBe("1");
  });
});

describe("Setting", () => {
  it("is undone where the program says how, and left where it does not", async () => {
    const undo = { signature: "function setCap(uint256 cap)", args: ["0"] };
    const { id, outputs } = await settingHandler.create(setting({ undo }), context);
    await settingHandler.delete(id, { ...outputs, undo: undefined }, context);
    expect(pool.cap).toBe(9n);
    await settingHandler.delete(id, outputs, context);
    expect(pool.cap).toBe(0n);
  });

  it("reports what its inputs lack, before anything is sent", async () => {
    const { failures } = checkInputs(settingHandler.schema, {
      chain: { rpcUrl: "x", chainId: "1" },
      sender: { keyFile: "" },
      target: "0x12",
      read: { signature: "cap()" },
      write: { signature: "event X()" },
      value: null,
    });
    expect(failures.map(({ property }) => property)).toEqual([
      "chain.rpcUrl",
      "chain.chainId",
      "sender.keyFile",
      "target",
      "read.signature",
      "write.signature",
      "value",
    ]);
    const wrong = setting({
      read: { signature: "function setCap(uint256 cap)", args: [], result: 0 },
      value: "many",
      compare: "atLeast",
    });
    expect((await settingHandler.validate?.(wrong, undefined))?.map(({ property }) => property)).toEqual([
      "read.signature",
      "value",
    ]);
    const index = setting({ read: { signature: "function cap() view returns (uint256)", args: [], result: 3 } });
    expect((await settingHandler.validate?.(index, undefined))?.map(({ property }) => property)).toEqual([
      "read.result",
    ]);
  });
});

describe("satisfies", () => {
  it.each([
    ["equal", "0xAB", "0xab", true],
    ["equal", true, "true", true],
    ["equal", 5, "5", true],
    ["equal", ["1", 2], ["1", "2"], true],
    ["equal", { a: 1, b: "x" }, { b: "x", a: "1" }, true],
    ["equal", "alice", "Alice", false],
    ["equal", "5", "6", false],
    ["atLeast", "10", "9", false],
    ["atLeast", "10", "10", true],
    ["atLeast", "9", "10", true],
  ] as const)("%s: wanted %j, current %j: %s", (compare, value, current, holds) => {
    expect(satisfies({ compare, value: value as never }, current)).toBe(holds);
  });
});
