import { keccak256, type Hex, type PublicClient } from "viem";
import { beforeEach, describe, expect, it } from "vitest";
import { KEY_STATE } from "./abi.ts";
import { RegistryIndex } from "./registry.ts";

const REGISTRY = "0x00000000000000000000000000000000000000aa";
const key = (name: number): Hex => `0x${name.toString(16).padStart(96, "0")}`;

type Log = { blockNumber: bigint; transactionHash: Hex } & (
  | { eventName: "KeyTaken"; args: { operatorId: bigint; index: bigint; pubkey: Hex } }
  | { eventName: "KeyStateChanged"; args: { pubkeyHash: Hex; state: number } }
  | { eventName: "ExitsRequested"; args: { operatorId: bigint; requestedExits: bigint } }
  | { eventName: "BondCharged"; args: { operatorId: bigint; by: Hex; asked: bigint } }
);

let logs: Log[];
let asked: [from: bigint, to: bigint][];
let delays: number[];
let failures: number;
let head: bigint;

/** As much of viem's client as the index uses. */
const client = {
  getBlockNumber: () => Promise.resolve(head),
  getContractEvents: async ({ fromBlock, toBlock }: { fromBlock: bigint; toBlock: bigint }) => {
    asked.push([fromBlock, toBlock]);
    await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0));
    if (failures-- > 0) throw new Error("unavailable");
    return logs.filter(({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= toBlock);
  },
} as unknown as PublicClient;

function take(block: bigint, name: number): void {
  const args = { operatorId: 1n, index: BigInt(name), pubkey: key(name).toUpperCase().replace("0X", "0x") as Hex };
  logs.push({ eventName: "KeyTaken", args, blockNumber: block, transactionHash: `0x${block.toString(16)}` });
}

function move(block: bigint, name: number, state: number): void {
  const args = { pubkeyHash: keccak256(key(name)), state };
  logs.push({ eventName: "KeyStateChanged", args, blockNumber: block, transactionHash: `0x${block.toString(16)}` });
}

beforeEach(() => {
  [logs, asked, delays, failures, head] = [[], [], [], 0, 100_000n];
});

describe("the index of the registry", () => {
  it("has keys as they were at a block, also at one before the newest it was asked about", async () => {
    take(10n, 1);
    take(12n, 2);
    move(20n, 1, KEY_STATE.proven);
    move(30n, 1, KEY_STATE.deposited);
    const index = new RegistryIndex(client, REGISTRY, 5n);
    const at = async (block: bigint) =>
      (await index.keysAt(block)).map(({ publicKey, state, since }) => [publicKey, state, since.block]);
    expect(await at(30n)).toEqual([
      [key(1), KEY_STATE.deposited, 30n],
      [key(2), KEY_STATE.taken, 12n],
    ]);
    expect(await at(29n)).toEqual([
      [key(1), KEY_STATE.proven, 20n],
      [key(2), KEY_STATE.taken, 12n],
    ]);
    expect(await at(11n)).toEqual([[key(1), KEY_STATE.taken, 10n]]);
    expect(await at(9n)).toEqual([]);
  });

  it("asks for each block once, in parts that public endpoints allow", async () => {
    const index = new RegistryIndex(client, REGISTRY, 100n);
    await index.keysAt(10_099n);
    await index.keysAt(10_099n);
    await index.exitRequests(1, 10_200n);
    expect(asked).toEqual([
      [100n, 5_099n],
      [5_100n, 10_099n],
      [10_100n, 10_200n],
    ]);
  });

  it("is the same for callers at the same time, and asks once for all", async () => {
    take(10n, 1);
    move(4_000n, 1, KEY_STATE.proven);
    move(8_000n, 1, KEY_STATE.deposited);
    const index = new RegistryIndex(client, REGISTRY, 0n);
    // The first answer of the second caller would come after the first caller has everything.
    delays = [0, 40, 0, 0];
    const [first, second] = await Promise.all([index.keysAt(9_000n), index.keysAt(9_000n)]);
    expect(second).toEqual(first);
    expect(first.map(({ state }) => state)).toEqual([KEY_STATE.deposited]);
    expect(asked).toEqual([
      [0n, 4_999n],
      [5_000n, 9_000n],
    ]);
  });

  it("has requests for exits and charges as they were at a block", async () => {
    const log = { transactionHash: "0x01" } as const;
    const ask = (blockNumber: bigint, operatorId: bigint, requestedExits: bigint): void =>
      void logs.push({ ...log, eventName: "ExitsRequested", args: { operatorId, requestedExits }, blockNumber });
    const charge = (blockNumber: bigint, operatorId: bigint, by: Hex, asked: bigint): void =>
      void logs.push({ ...log, eventName: "BondCharged", args: { operatorId, by, asked }, blockNumber });
    ask(10n, 1n, 2n);
    ask(11n, 2n, 9n);
    ask(20n, 1n, 5n);
    charge(12n, 1n, "0xAA", 7n);
    charge(13n, 1n, "0xbb", 100n);
    charge(14n, 1n, "0xaa", 3n);
    const index = new RegistryIndex(client, REGISTRY, 0n);
    expect(await index.exitRequests(1, 20n)).toEqual([
      { requestedExits: 2, block: 10n },
      { requestedExits: 5, block: 20n },
    ]);
    expect(await index.exitRequests(1, 19n)).toEqual([{ requestedExits: 2, block: 10n }]);
    expect(await index.exitRequests(3, 19n)).toEqual([]);
    expect(await index.askedOfBond(1, "0xaa", 14n)).toBe(10n);
    expect(await index.askedOfBond(1, "0xaa", 13n)).toBe(7n);
    expect(await index.askedOfBond(2, "0xaa", 13n)).toBe(0n);
    expect(asked).toEqual([[0n, 20n]]);
  });

  it("does not take what a client that is behind does not have for nothing", async () => {
    take(40n, 1);
    const index = new RegistryIndex(client, REGISTRY, 0n);
    head = 30n;
    await expect(index.keysAt(50n)).rejects.toThrow("is at block 30");
    head = 50n;
    expect(await index.keysAt(50n)).toHaveLength(1);
  });

  it("goes on after a failure where it was", async () => {
    take(10n, 1);
    const index = new RegistryIndex(client, REGISTRY, 0n);
    failures = 1;
    await expect(index.keysAt(50n)).rejects.toThrow("unavailable");
    expect(await index.keysAt(50n)).toHaveLength(1);
  });
});
