import { Tree } from "@chainsafe/persistent-merkle-tree";
import { ssz } from "beacon-state-types";
import { array, assert, constantFrom, integer, nat, property, record, uniqueArray } from "fast-check";
import { bytesToHex } from "viem";
import { describe, expect, it, vi } from "vitest";
import { isProvable, proveInState, PROVABLE_FORKS, type ProvableFork } from "./state.ts";

// Each state has a hundred thousand leaves, whatever is in it.
vi.setConfig({ testTimeout: 120_000 });

const typeOf = (fork: ProvableFork) => ssz[fork].BeaconState as unknown as typeof ssz.electra.BeaconState;

const validatorOf = record({
  key: nat(),
  effectiveBalance: constantFrom(0, 1e9, 32e9, 2048e9),
  slashed: constantFrom(false, false, true),
  epoch: constantFrom(0, 7, 400_000, Infinity),
  flags: nat(7),
});
const stateOf = record({
  fork: constantFrom(...PROVABLE_FORKS),
  validators: array(validatorOf, { minLength: 1, maxLength: 90 }),
  slot: nat(20_000_000),
  pending: nat(3),
});

function makeState({ fork, validators, slot, pending }: ReturnType<typeof stateOf.generate>["value"]) {
  const type = typeOf(fork);
  const state = type.defaultValue();
  state.slot = slot;
  state.validators = validators.map(({ key, effectiveBalance, slashed, epoch }) => ({
    pubkey: Buffer.alloc(48, String(key)),
    withdrawalCredentials: Buffer.alloc(32, key & 255),
    effectiveBalance,
    slashed,
    activationEligibilityEpoch: epoch,
    activationEpoch: epoch,
    exitEpoch: Infinity,
    withdrawableEpoch: slashed ? 9_000 : Infinity,
  }));
  state.balances = validators.map(({ effectiveBalance }) => effectiveBalance + 1);
  state.previousEpochParticipation = validators.map(({ flags }) => flags);
  state.currentEpochParticipation = validators.map(({ flags }) => 7 - flags);
  state.inactivityScores = validators.map(({ flags }) => flags * 3);
  state.randaoMixes[5] = Buffer.alloc(32, slot & 255);
  state.pendingDeposits = Array.from({ length: pending }, (_, index) => ({
    pubkey: Buffer.alloc(48, index + 1),
    withdrawalCredentials: Buffer.alloc(32, 1),
    amount: 32e9,
    signature: Buffer.alloc(96, 3),
    slot,
  }));
  return state;
}

describe("branches of a state", () => {
  it("are those of a library that builds the whole tree, in each fork", () => {
    assert(
      property(stateOf, uniqueArray(nat(100), { maxLength: 5 }), (settings, indices) => {
        const type = typeOf(settings.fork);
        const state = makeState(settings);
        const bytes = new Uint8Array(type.serialize(state));
        const proven = proveInState({ fork: settings.fork, bytes, indices });
        expect(proven.root).toBe(bytesToHex(type.hashTreeRoot(state)));
        const tree = new Tree(type.value_toTree(state));
        const known = indices.filter((index) => index < settings.validators.length);
        expect(proven.validators.map(({ index }) => Number(index))).toEqual(known);
        for (const [at, index] of known.entries()) {
          const { gindex } = type.getPathInfo(["validators", index]);
          expect(proven.validators[at]?.proof).toEqual(tree.getSingleProof(gindex).map((node) => bytesToHex(node)));
          const { pubkey, slashed, effectiveBalance, activationEpoch, exitEpoch } = state.validators[index] ?? {};
          expect(proven.validators[at]?.validator).toMatchObject({
            pubkey: bytesToHex(pubkey ?? new Uint8Array()),
            slashed,
            effectiveBalance: BigInt(effectiveBalance ?? -1),
            activationEpoch: activationEpoch === Infinity ? 2n ** 64n - 1n : BigInt(activationEpoch ?? -1),
            exitEpoch: exitEpoch === Infinity ? 2n ** 64n - 1n : 0n,
          });
        }
      }),
      { numRuns: 12 },
    );
  });

  it("have another root when a byte is another", () => {
    const state = makeState({
      fork: "fulu",
      validators: [{ key: 1, effectiveBalance: 32e9, slashed: false, epoch: 0, flags: 7 }],
      slot: 100,
      pending: 1,
    });
    const bytes = new Uint8Array(typeOf("fulu").serialize(state));
    const { root } = proveInState({ fork: "fulu", bytes, indices: [] });
    assert(
      property(integer({ min: 0, max: bytes.length - 1 }), (at) => {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        let other: string | undefined;
        try {
          ({ root: other } = proveInState({ fork: "fulu", bytes: changed, indices: [] }));
        } catch {
          // No state at all: an offset, or a boolean that is none.
        }
        expect(other).not.toBe(root);
      }),
      { numRuns: 10 },
    );
  });

  it("are for forks that the contracts know", () => {
    expect(["deneb", "electra", "fulu", "gloas", "heze"].map(isProvable)).toEqual([false, true, true, true, false]);
  });
});
