import { array, assert, bigInt, boolean, integer, option, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseExits, exitsNeeded, reasonToWait, VALIDATOR_WEI, type ExitCandidate } from "./economics.ts";

const POLICY = { maxGasPriceGwei: 30, minKeys: 4, maxWaitSeconds: 3_600 };
const GWEI = 10n ** 9n;

describe("deposits", () => {
  it.each([
    [{ keys: 0, gasPrice: GWEI, secondsSinceLast: 1e9 }, "no key"],
    [{ keys: 4, gasPrice: 30n * GWEI, secondsSinceLast: 0 }, undefined],
    [{ keys: 9, gasPrice: 30n * GWEI + 1n * 10n ** 7n, secondsSinceLast: 1e9 }, "30.01 gwei"],
    [{ keys: 3, gasPrice: GWEI, secondsSinceLast: 3_599 }, "3 of 4 keys"],
    [{ keys: 3, gasPrice: GWEI, secondsSinceLast: 3_600 }, undefined],
  ])("with %o wait because of %s", (market, reason) => {
    const said = reasonToWait(market, POLICY);
    if (reason === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(reason);
  });
});

const NOBODY: ExitCandidate = { operatorId: 1, staying: 10, requestedExits: 0, suspended: false, target: undefined };

describe("exits", () => {
  it("are as many as all requests need beyond what is there or coming", () => {
    const none = { buffered: 0n, withdrawalVault: 0n, executionVault: 0n, leaving: 0n, askedExits: 0 };
    expect(exitsNeeded({ ...none, queued: 0n })).toBe(0);
    expect(exitsNeeded({ ...none, queued: 1n })).toBe(1);
    expect(exitsNeeded({ ...none, queued: VALIDATOR_WEI * 3n })).toBe(3);
    expect(exitsNeeded({ ...none, queued: VALIDATOR_WEI * 3n + 1n, askedExits: 1, leaving: VALIDATOR_WEI })).toBe(2);
    expect(
      exitsNeeded({
        ...none,
        queued: VALIDATOR_WEI,
        buffered: 1n,
        withdrawalVault: 2n,
        executionVault: VALIDATOR_WEI - 3n,
      }),
    ).toBe(0);
  });

  it("come from those above their target, then from suspended ones, then from whoever has most", () => {
    const candidates = [
      { ...NOBODY, operatorId: 1, staying: 10 },
      { ...NOBODY, operatorId: 2, staying: 2, suspended: true, requestedExits: 5 },
      { ...NOBODY, operatorId: 3, staying: 5, target: 4 },
      { ...NOBODY, operatorId: 4, staying: 10 },
    ];
    expect(chooseExits(candidates, 1)).toEqual(new Map([[3, 1]]));
    expect(chooseExits(candidates, 3)).toEqual(
      new Map([
        [2, 7],
        [3, 1],
      ]),
    );
    expect(chooseExits(candidates, 5)).toEqual(
      new Map([
        [1, 1],
        [2, 7],
        [3, 1],
        [4, 1],
      ]),
    );
  });

  it("are enough and no more, and equals share", () => {
    const candidateOf = record({
      staying: integer({ min: 0, max: 20 }),
      requestedExits: integer({ min: 0, max: 9 }),
      suspended: boolean(),
      target: option(integer({ min: 0, max: 20 }), { nil: undefined }),
    });
    assert(
      property(array(candidateOf, { maxLength: 5 }), integer({ min: 0, max: 60 }), (drawn, exits) => {
        const candidates = drawn.map((candidate, index) => ({ operatorId: index + 1, ...candidate }));
        const asked = candidates.map(({ operatorId, requestedExits }) => ({
          more: (chooseExits(candidates, exits).get(operatorId) ?? requestedExits) - requestedExits,
        }));
        const staying = candidates.reduce((sum, each) => sum + each.staying, 0);
        expect(asked.reduce((sum, { more }) => sum + more, 0)).toBe(Math.min(exits, staying));
        candidates.forEach((candidate, index) => expect(asked[index]?.more).toBeLessThanOrEqual(candidate.staying));
        // Among operators like each other nobody keeps two more than another gave.
        const plain = candidates.map((each) => ({ ...each, suspended: false, target: undefined, staying: 10 }));
        const shares = plain.map(
          ({ operatorId, requestedExits }) =>
            (chooseExits(plain, exits).get(operatorId) ?? requestedExits) - requestedExits,
        );
        if (shares.length > 0) expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
    assert(
      property(bigInt({ min: 0n, max: 10n ** 21n }), bigInt({ min: 0n, max: 10n ** 21n }), (queued, buffered) => {
        const demand = { queued, buffered, withdrawalVault: 0n, executionVault: 0n, leaving: 0n, askedExits: 0 };
        const exits = BigInt(exitsNeeded(demand));
        expect(buffered + exits * VALIDATOR_WEI >= queued).toBe(true);
        expect(exits === 0n || buffered + (exits - 1n) * VALIDATOR_WEI < queued).toBe(true);
      }),
    );
  });
});
