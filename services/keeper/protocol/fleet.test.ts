import type { PublicClient } from "viem";
import { beforeEach, describe, expect, it } from "vitest";
import type { BeaconReader, ValidatorRecord } from "../beacon/reader.ts";
import { KEY_STATE } from "./abi.ts";
import { Fleet } from "./fleet.ts";
import type { RegistryIndex } from "./registry.ts";
import type { Contracts, Protocol } from "./protocol.ts";

const key = (index: number, state: number, block: bigint) => ({
  operatorId: 1 + (index % 2),
  index,
  publicKey: `0x0${index}` as const,
  state,
  since: { block, transaction: "0x" as const },
});
const record = (index: number): ValidatorRecord => ({
  index: 100 + index,
  publicKey: `0x0${index}`,
  status: "active_ongoing",
  withdrawalCredentials: "0x",
  balanceGwei: 32n,
  effectiveBalanceGwei: 32n,
  slashed: false,
  activationEpoch: 1,
  exitEpoch: Infinity,
  withdrawableEpoch: Infinity,
});

let slot: number;
let reads: string[];
let failures: number;
let protocol: Protocol;

beforeEach(() => {
  [slot, reads, failures] = [17, [], 0];
  const client = {
    readContract: ({ functionName, args }: { functionName: string; args?: [bigint] }) => {
      if (functionName === "operatorCount") return Promise.resolve(30n);
      reads.push(`operator ${args?.[0]}`);
      return Promise.resolve({ name: `o${args?.[0]}`, bond: 1n, hasTarget: args?.[0] === 2n, targetKeys: 0n });
    },
    getBlock: ({ blockNumber }: { blockNumber: bigint }) => {
      reads.push(`block ${blockNumber}`);
      return Promise.resolve({ timestamp: blockNumber * 12n });
    },
  } as unknown as PublicClient;
  const beacon = {
    parameters: () => Promise.resolve({ slotsPerEpoch: 8 }),
    head: () => Promise.resolve({ slot, root: "0x", parentRoot: "0x", stateRoot: `0x${slot}` }),
    async *validators(state: string, ids: readonly string[]) {
      reads.push(`state ${state}: ${ids.join(" ")}`);
      if (failures-- > 0) throw new Error("unavailable");
      yield await Promise.resolve([record(1), record(3)]);
    },
  } as unknown as BeaconReader;
  const registry = {
    keysAt: () =>
      Promise.resolve([
        key(1, KEY_STATE.deposited, 5n),
        key(2, KEY_STATE.deposited, 5n),
        key(3, KEY_STATE.proven, 6n),
        key(4, KEY_STATE.invalid, 7n),
      ]),
  } as unknown as RegistryIndex;
  protocol = { client, beacon, contracts: {} as Contracts, fromBlock: 0n, registry };
});

describe("the fleet", () => {
  it("joins keys, validators and operators", async () => {
    const view = await new Fleet(protocol).view(9n);
    expect(view.validators.map((each) => [each.key.index, each.since, each.record?.index])).toEqual([
      [1, 60, 101],
      [2, 60, undefined],
      [3, 72, 103],
    ]);
    expect([...view.byIndex.keys()]).toEqual([101]);
    expect(view.operators.size).toBe(30);
    expect(view.operators.get(1)).toMatchObject({ name: "o1", target: undefined });
    expect(view.operators.get(2)?.target).toBe(0);
  });

  it("is read once an epoch, by all loops together, and again after a failure", async () => {
    const fleet = new Fleet(protocol);
    const [first, second] = await Promise.all([fleet.view(9n), fleet.view(9n)]);
    expect(second).toBe(first);
    slot = 23;
    expect(await fleet.view(9n)).toBe(first);
    expect(reads.filter((read) => read.startsWith("state"))).toEqual(["state 0x17: 0x01 0x02 0x03"]);
    slot = 24;
    failures = 1;
    await expect(fleet.view(9n)).rejects.toThrow("unavailable");
    expect(await fleet.view(9n)).not.toBe(first);
    // Blocks do not change their times.
    expect(reads.filter((read) => read.startsWith("block"))).toEqual(["block 5", "block 6"]);
  });
});
