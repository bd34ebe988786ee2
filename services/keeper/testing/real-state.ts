import { ssz } from "beacon-state-types";
import { bytesToHex, hexToBytes } from "viem";
import type { FakeBeacon } from "./fake-beacon.ts";

/** Gives a slot of a fake chain a real state, with that chain's validators as they are now. */
export function giveRealState(beacon: FakeBeacon, slot: number): void {
  const type = ssz.fulu.BeaconState;
  const state = type.defaultValue();
  state.slot = slot;
  state.validators = beacon.validators.map(({ publicKey, ...validator }) => ({
    ...validator,
    pubkey: hexToBytes(publicKey),
    withdrawalCredentials: new Uint8Array(32),
    effectiveBalance: 32e9,
    activationEligibilityEpoch: 0,
  }));
  state.balances = beacon.validators.map(() => 32e9);
  beacon.realState(slot, "fulu", new Uint8Array(type.serialize(state)), bytesToHex(type.hashTreeRoot(state)));
}
