import { assert, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import type { BeaconBlock } from "../beacon/block.ts";
import type { EpochParticipation } from "../participation/evaluate.ts";
import { addCounts, countEpoch, departuresIn, uptimeOf, type CountContext, type ServedValidator } from "./count.ts";

const EPOCH = 100;
const START = 40_000;
const LOOKAHEAD = 4;
const SERVING: ServedValidator = {
  index: 1,
  operatorId: 7,
  depositedAt: START - 1,
  activationEpoch: 3,
  exitEpoch: Infinity,
};

function context(validators: readonly ServedValidator[], departures: [number, number][] = []): CountContext {
  return {
    validators: new Map(validators.map((validator) => [validator.index, validator])),
    departures: new Map(departures),
    epochStart: START,
    maxSeedLookahead: LOOKAHEAD,
  };
}

function participation(flags: Record<number, number>, finalizing = true): EpochParticipation {
  const validators = new Map(
    Object.entries(flags).map(([index, value]) => [
      Number(index),
      { flags: value, inclusionDistance: undefined, contradicts: false },
    ]),
  );
  return { epoch: EPOCH, finalizing, validators };
}

function counted(changes: Partial<ServedValidator>, departures: [number, number][] = []): boolean {
  return countEpoch(participation({ 1: 0 }), context([{ ...SERVING, ...changes }], departures)).size > 0;
}

describe("an epoch's counts", () => {
  it("are validator-epochs by operator; without any flag they are missed", () => {
    const validators = [SERVING, { ...SERVING, index: 2 }, { ...SERVING, index: 3, operatorId: 9 }];
    expect(countEpoch(participation({ 1: 0, 2: 1, 3: 7, 99: 0 }), context(validators))).toEqual(
      new Map([
        [7, { assigned: 2, missed: 1 }],
        [9, { assigned: 1, missed: 0 }],
      ]),
    );
  });

  it("are none while the chain does not finalise", () => {
    expect(countEpoch(participation({ 1: 0 }, false), context([SERVING]))).toEqual(new Map());
  });

  it("leave out who was not the protocol's yet, or not active", () => {
    expect(counted({ depositedAt: START })).toBe(true);
    expect(counted({ depositedAt: START + 1 })).toBe(false);
    expect(counted({ activationEpoch: EPOCH })).toBe(true);
    expect(counted({ activationEpoch: EPOCH + 1 })).toBe(false);
    expect(counted({ activationEpoch: Infinity })).toBe(false);
    expect(counted({ exitEpoch: EPOCH })).toBe(false);
  });

  it("leave out who was leaving or slashed by the end of the epoch after", () => {
    const exitEpoch = EPOCH + 50;
    expect(counted({ exitEpoch }, [[1, EPOCH + 2]])).toBe(true);
    expect(counted({ exitEpoch }, [[1, EPOCH + 1]])).toBe(false);
    expect(counted({ exitEpoch }, [[1, EPOCH - 9]])).toBe(false);
    // No block began it: an ejection, at the latest so long before the exit.
    expect(counted({ exitEpoch: EPOCH + 2 + 1 + LOOKAHEAD })).toBe(true);
    expect(counted({ exitEpoch: EPOCH + 1 + 1 + LOOKAHEAD })).toBe(false);
  });

  it("are the same for who looks before an exit began and for who looks after", () => {
    assert(
      property(integer({ min: 1, max: 20 }), integer({ min: 0, max: 30 }), (after, queue) => {
        // Begun in a later epoch than those whose blocks decide; the chain sets the exit no earlier than this.
        const begun = EPOCH + 1 + after;
        const exitEpoch = begun + 1 + LOOKAHEAD + queue;
        expect(counted({ exitEpoch })).toBe(counted({}));
      }),
    );
  });
});

const BLOCK: BeaconBlock = {
  slot: 0,
  parentRoot: "0x",
  stateRoot: "0x",
  proposerIndex: 0,
  attestations: [],
  slashed: [],
  exited: [],
  exitRequests: [],
  payload: { blockNumber: 0n, feeRecipient: "0x", timestamp: 0, withdrawals: [] },
};

const VAULT = "0xeE";
const request = (publicKey: `0x${string}`, source: `0x${string}` = "0xEe") => ({ source, publicKey });

describe("departures", () => {
  it("are the first exit or slashing of each, and the vault's requests, only of those that did leave", () => {
    const blocks: BeaconBlock[] = [
      {
        ...BLOCK,
        slot: 33,
        exitRequests: [request("0xaa"), request("0xbb"), request("0xcc"), request("0xdd", "0x0e")],
      },
      { ...BLOCK, slot: 65, exited: [1, 2], slashed: [3] },
      { ...BLOCK, slot: 97, slashed: [2] },
    ];
    const indices: Readonly<Record<string, number>> = { "0xaa": 1, "0xbb": 5, "0xdd": 7 };
    expect(
      departuresIn(
        blocks,
        32,
        (key) => indices[key],
        (index) => index !== 5,
        VAULT,
      ),
    ).toEqual(
      new Map([
        [1, 1],
        [2, 2],
        [3, 2],
      ]),
    );
  });
});

describe("sums", () => {
  it("add up, and give the uptime", () => {
    const sums = new Map([[1, { assigned: 10, missed: 1 }]]);
    addCounts(
      sums,
      new Map([
        [1, { assigned: 10, missed: 2 }],
        [2, { assigned: 1, missed: 0 }],
      ]),
    );
    expect(sums).toEqual(
      new Map([
        [1, { assigned: 20, missed: 3 }],
        [2, { assigned: 1, missed: 0 }],
      ]),
    );
    expect(uptimeOf({ assigned: 20, missed: 3 })).toBeCloseTo(0.85, 12);
    expect(uptimeOf({ assigned: 0, missed: 0 })).toBe(1);
  });
});
