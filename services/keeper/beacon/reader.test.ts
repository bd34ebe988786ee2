import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BeaconClient } from "../../../provider/beacon/api.ts";
import { FakeBeacon } from "../testing/fake-beacon.ts";
import { BeaconReader, type ValidatorRecord } from "./reader.ts";

let beacon: FakeBeacon;
let reader: BeaconReader;

beforeEach(async () => {
  beacon = await new FakeBeacon(1_000, { chainId: 1337, depositContract: `0x${"42".repeat(20)}` }).start();
  for (let index = 0; index < 4_100; index++)
    beacon.validators.push({
      publicKey: `0x${(index + 1).toString(16).padStart(96, "0")}`,
      activationEpoch: 0,
      exitEpoch: Infinity,
      slashed: index === 7,
      withdrawableEpoch: index === 7 ? 9 : Infinity,
    });
  beacon.head = 20;
  reader = new BeaconReader(new BeaconClient(beacon.url));
});
afterEach(() => beacon.stop());

const keys = (): `0x${string}`[] => beacon.validators.map(({ publicKey }) => publicKey);
async function read(state: string, ids = keys()): Promise<ValidatorRecord[]> {
  const all: ValidatorRecord[] = [];
  for await (const part of reader.validators(state, ids)) all.push(...part);
  return all;
}
const asked = (method: string): number => beacon.requests.filter((request) => request.startsWith(method)).length;

describe("validators", () => {
  it("come in parts, exactly as the state has them", async () => {
    const all = await read((await reader.head()).stateRoot, [...keys(), `0x${"ff".repeat(48)}`]);
    expect(all).toHaveLength(4_100);
    expect(all[7]).toEqual({
      index: 7,
      publicKey: keys()[7],
      status: "active_ongoing",
      withdrawalCredentials: `0x${"00".repeat(32)}`,
      balanceGwei: beacon.balanceAt(7, 20),
      effectiveBalanceGwei: 32_000_000_000n,
      slashed: true,
      activationEpoch: 0,
      exitEpoch: Infinity,
      withdrawableEpoch: 9,
    });
    expect(asked("POST")).toBe(2);
  });

  it("come from a node that takes keys in the URL only", async () => {
    beacon.takesBodies = false;
    expect(await read("head", keys().slice(0, 130))).toHaveLength(130);
    expect(await read("head", keys().slice(0, 10))).toHaveLength(10);
    // One to find out, three for 130, and one for 10.
    expect([asked("POST"), asked("GET")]).toEqual([1, 5]);
  });

  it("of a state that is not there do not make it ask by URL from then on", async () => {
    await expect(read(`0x${"ab".repeat(32)}`)).rejects.toMatchObject({ code: "BEACON_API", data: { status: 404 } });
    beacon.requests = [];
    expect(await read("head")).toHaveLength(4_100);
    expect([asked("POST"), asked("GET")]).toEqual([2, 0]);
  });

  it.each(["index", "balance", "validator"])("without %s are refused, whichever one it is", async (field) => {
    beacon.edit = (record) => {
      if (record["index"] === "4050") Reflect.deleteProperty(record, field);
    };
    await expect(read("head")).rejects.toThrow(field);
  });

  it.each([
    ["balance", "a lot"],
    ["balance", "-1"],
    ["balance", ""],
    ["index", "0x10"],
    ["status", 5],
  ])("whose %s is %j are refused", async (field, value) => {
    beacon.edit = (record) => void (record[field] = value);
    await expect(read("head", keys().slice(0, 3))).rejects.toThrow();
  });
});

describe("blocks and headers", () => {
  it("are those of the slot that was asked for", async () => {
    beacon.empty.add(19);
    expect(await reader.block(19)).toBeUndefined();
    expect(await reader.header(19)).toBeUndefined();
    expect((await reader.block(18))?.slot).toBe(18);
    expect((await reader.headerUntil(19))?.slot).toBe(18);
    expect((await reader.header((await reader.head()).parentRoot))?.slot).toBe(18);
  });

  it("are no answer while the node fails", async () => {
    beacon.disturb = () => ({ status: 503 });
    await expect(reader.block(18)).rejects.toMatchObject({ data: { status: 503 } });
    await expect(reader.parameters()).rejects.toMatchObject({ code: "BEACON_API" });
    beacon.disturb = () => undefined;
    expect(await reader.parameters()).toMatchObject({ slotsPerEpoch: 8, electraForkEpoch: 0, maxSeedLookahead: 1 });
  });
});
