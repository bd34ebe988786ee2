import { array, assert, bigInt, boolean, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { composeReport, type CompletedValidator, type OperatorBefore } from "./compose.ts";

const ETHER = 10n ** 18n;
const FRAME = { refSlot: 95n, withdrawalVaultBalance: 5n, executionVaultBalance: 7n, finalizeUpTo: 3 };
const WELL: CompletedValidator = {
  operatorId: 1,
  balance: 32n * ETHER,
  credited: true,
  exited: false,
  leaving: false,
  slashed: false,
  paidOut: 0n,
};
const NEW: OperatorBefore = { exitedKeys: 0, stuckKeys: 0, overdueExits: 0, chargedLoss: 0n };
const before = (changes: Partial<OperatorBefore>, operatorId = 1): Map<number, OperatorBefore> =>
  new Map([[operatorId, { ...NEW, ...changes }]]);

describe("a report", () => {
  it("sums what is credited, and says nothing of operators without news", () => {
    const validators = [WELL, { ...WELL, operatorId: 2, balance: 33n * ETHER }, { ...WELL, credited: false }];
    expect(composeReport(FRAME, validators, new Map())).toEqual({
      report: { ...FRAME, beaconBalance: 65n * ETHER, creditedValidators: 2, slashedValidators: 0 },
      updates: [],
    });
  });

  it("lays the loss of slashed validators to their operator once, payouts and losses of others left out", () => {
    const slashed = { ...WELL, slashed: true, balance: 30n * ETHER };
    const poor = { ...WELL, balance: 31n * ETHER };
    expect(composeReport(FRAME, [slashed, poor], new Map()).updates).toEqual([
      { operatorId: 1, exitedKeys: 0, stuckKeys: 0, loss: 2n * ETHER },
    ]);
    expect(composeReport(FRAME, [slashed, poor], before({ chargedLoss: 2n * ETHER })).updates).toEqual([]);
    expect(composeReport(FRAME, [slashed], before({ chargedLoss: ETHER })).updates).toMatchObject([{ loss: ETHER }]);
    // Paid out whole: what is not in the balance is in the vault.
    const gone = { ...slashed, balance: 0n, paidOut: 30n * ETHER, exited: true, leaving: true };
    expect(composeReport(FRAME, [gone], before({ chargedLoss: 2n * ETHER, exitedKeys: 1 })).updates).toEqual([]);
    expect(composeReport(FRAME, [{ ...slashed, balance: 40n * ETHER }], new Map()).updates).toEqual([]);
  });

  it("calls those stuck that were asked long ago and do not leave, until they do", () => {
    const leaving = { ...WELL, leaving: true };
    const stuck = (validators: CompletedValidator[], known: Partial<OperatorBefore>) =>
      composeReport(FRAME, validators, before(known)).updates.map(({ stuckKeys }) => stuckKeys);
    expect(stuck([WELL, WELL, leaving], { overdueExits: 2 })).toEqual([1]);
    expect(stuck([WELL, WELL, leaving], { overdueExits: 2, stuckKeys: 1 })).toEqual([]);
    expect(stuck([WELL, leaving, leaving], { overdueExits: 2, stuckKeys: 1 })).toEqual([0]);
    // Never more than it has.
    expect(stuck([WELL, { ...leaving, exited: true }], { overdueExits: 9 })).toEqual([1]);
  });

  it("names operators in rising order, 128 at most", () => {
    const validators = Array.from({ length: 130 }, (_, index) => ({ ...WELL, operatorId: 130 - index, exited: true }));
    const { updates } = composeReport(FRAME, validators, new Map());
    expect(updates.map(({ operatorId }) => operatorId)).toEqual(Array.from({ length: 128 }, (_, index) => index + 1));
  });

  it("is the same whatever the validators' order, never takes an exit back, and is not said twice", () => {
    const validatorOf = record({
      operatorId: integer({ min: 1, max: 3 }),
      balance: bigInt({ min: 0n, max: 40n * ETHER }),
      credited: boolean(),
      exited: boolean(),
      leaving: boolean(),
      slashed: boolean(),
      paidOut: bigInt({ min: 0n, max: 33n * ETHER }),
    });
    const knownOf = record({
      exitedKeys: integer({ min: 0, max: 2 }),
      stuckKeys: integer({ min: 0, max: 2 }),
      overdueExits: integer({ min: 0, max: 5 }),
      chargedLoss: bigInt({ min: 0n, max: 40n * ETHER }),
    });
    assert(
      property(array(validatorOf, { maxLength: 12 }), array(knownOf, { minLength: 3, maxLength: 3 }), (all, known) => {
        // What the registry has is never more than there is.
        const map = new Map(
          known.map((each, index) => {
            const own = all.filter(({ operatorId, credited }) => credited && operatorId === index + 1).length;
            const exitedKeys = Math.min(each.exitedKeys, own);
            return [index + 1, { ...each, exitedKeys, stuckKeys: Math.min(each.stuckKeys, own - exitedKeys) }];
          }),
        );
        const composed = composeReport(FRAME, all, map);
        expect(composeReport(FRAME, all.toReversed(), map)).toEqual(composed);
        for (const { operatorId, exitedKeys, stuckKeys, loss } of composed.updates) {
          const own = all.filter((each) => each.credited && each.operatorId === operatorId);
          const was = map.get(operatorId) ?? NEW;
          expect(exitedKeys).toBeGreaterThanOrEqual(was.exitedKeys);
          expect(exitedKeys + stuckKeys).toBeLessThanOrEqual(own.length);
          map.set(operatorId, { ...was, exitedKeys, stuckKeys, chargedLoss: was.chargedLoss + loss });
        }
        expect(composeReport(FRAME, all, map).updates).toEqual([]);
      }),
    );
  });
});
