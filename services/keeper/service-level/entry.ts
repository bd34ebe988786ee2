import type { Address, Hex } from "viem";
import { epochStart } from "../../../provider/beacon/api.ts";
import type { BeaconBlock } from "../beacon/block.ts";
import type { ChainParameters } from "../beacon/reader.ts";
import type { TrackedEpoch } from "../participation/tracker.ts";
import { countEpoch, departuresIn, type Counts, type ServedValidator } from "./count.ts";

/** What an epoch is counted with beside its blocks. */
export interface EntryContext {
  readonly validators: ReadonlyMap<number, ServedValidator>;
  /** Indices of the validators by public key, for requests that name keys. */
  readonly indexOf: ReadonlyMap<Hex, number>;
  /** Exits and slashings of the window's epochs before, by validator (ServiceLedger.departures). */
  readonly earlier: ReadonlyMap<number, number>;
  /** The WithdrawalVault. */
  readonly vault: Address;
  readonly parameters: ChainParameters;
}

/** What the ledger holds of an epoch: operators' counts, and the validators whose exit or slashing its blocks carried. */
export function ledgerEntry(
  tracked: TrackedEpoch,
  { validators, indexOf, earlier, vault, parameters }: EntryContext,
): { readonly counts: Map<number, Counts>; readonly departures: number[] } {
  const departed = (blocks: readonly BeaconBlock[]): Map<number, number> =>
    departuresIn(
      blocks,
      parameters.slotsPerEpoch,
      (publicKey) => indexOf.get(publicKey),
      (index) => (validators.get(index)?.exitEpoch ?? Infinity) !== Infinity,
      vault,
    );
  const own = departed(tracked.blocks);
  const counts = countEpoch(tracked, {
    validators,
    departures: new Map([...departed(tracked.following), ...own, ...earlier]),
    epochStart: epochStart(parameters, tracked.epoch),
    maxSeedLookahead: parameters.maxSeedLookahead,
  });
  return { counts, departures: [...own.keys()] };
}
