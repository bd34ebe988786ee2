import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { activatePreset } from "../../devnet/clients/lodestar-preset.mjs";
import { readJson } from "../../lib/files.ts";

/** TIMELY_TARGET_FLAG_INDEX (altair/beacon-chain.md, Participation flag indices), as a bit. */
const TIMELY_TARGET = 1 << 1;
/** How often the head is looked at, in milliseconds: several times a slot. */
const INTERVAL_MS = 500;

/** What the beacon chain holds of an epoch's attestations. */
export interface Participation {
  readonly epoch: number;
  readonly active: number;
  /** Validators that were active and have no attestation with the right target. */
  readonly missed: number;
  /** Indices of those that have no attestation at all; unknown of an epoch after which no block came. */
  readonly absent?: readonly number[];
  /** Slot of the state that says so. */
  readonly seenAt: number;
}

const chainSchema = z.object({
  preset: z.object({ SLOTS_PER_EPOCH: z.number() }).catchall(z.number()),
  config: z.object({ SECONDS_PER_SLOT: z.coerce.number() }),
});
const genesisSchema = z.object({ data: z.object({ genesis_time: z.coerce.number() }) });

/** A network's time: seconds, and Unix seconds. */
interface Clock {
  readonly genesisTime: number;
  readonly secondsPerSlot: number;
  readonly slotsPerEpoch: number;
}

/**
 * Writes down which attestations arrived, epoch by epoch, from the states of a beacon node that stays up. The participation of an
 * epoch is complete in the last state of the next one; what a state says is replaced by what later states say. Epochs are the clock's:
 * one after which no block came has lost everything.
 */
export class ParticipationRecorder {
  readonly #epochs = new Map<number, Participation>();
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly #clock: Clock;

  private constructor(decode: Decode, clock: Clock, beaconApi: string) {
    this.#clock = clock;
    this.#done = this.#record(decode, beaconApi);
  }

  /** @param chainFile the network's genesis/consensus.json; Lodestar's types depend on it, so that a process can look at one network */
  static async start(chainFile: string, beaconApi: string): Promise<ParticipationRecorder> {
    const { preset, config } = chainSchema.parse(await readJson(chainFile));
    const response = await fetch(`${beaconApi}/eth/v1/beacon/genesis`);
    const clock = {
      genesisTime: genesisSchema.parse(await response.json()).data.genesis_time,
      secondsPerSlot: config.SECONDS_PER_SLOT,
      slotsPerEpoch: preset.SLOTS_PER_EPOCH,
    };
    decoder ??= loadDecoder(preset);
    return new ParticipationRecorder(await decoder, clock, beaconApi);
  }

  /** The epoch of this moment. */
  get epoch(): number {
    return this.epochAt(Date.now());
  }

  /** The epoch of a moment. @param time milliseconds of Unix time */
  epochAt(time: number): number {
    const { genesisTime, secondsPerSlot, slotsPerEpoch } = this.#clock;
    return Math.floor((time / 1_000 - genesisTime) / secondsPerSlot / slotsPerEpoch);
  }

  /** Epochs from one on that are over, and the epoch after each as well. */
  completeSince(first: number): Participation[] {
    const count = Math.max(0, this.epoch - 1 - first);
    const active = Math.max(0, ...[...this.#epochs.values()].map((each) => each.active));
    return Array.from({ length: count }, (_, index) => first + index).map(
      (epoch) => this.#epochs.get(epoch) ?? { epoch, active, missed: active, seenAt: 0 },
    );
  }

  /** Epochs for which a validator has no attestation at all. */
  absencesOf(validator: number): number[] {
    return this.completeSince(0).flatMap(({ epoch, absent = [] }) => (absent.includes(validator) ? [epoch] : []));
  }

  /** Waits until an epoch and the one after it are over. */
  async untilComplete(epoch: number): Promise<void> {
    while (this.epoch < epoch + 2) await sleep(INTERVAL_MS);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #record(decode: Decode, beaconApi: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const state = await fetch(`${beaconApi}/eth/v2/debug/beacon/states/head`, {
        headers: { accept: "application/octet-stream" },
        signal: AbortSignal.timeout(5_000),
      })
        .then(async (response) => decode(new Uint8Array(await response.arrayBuffer())))
        .catch(() => undefined);
      if (state) this.#look(state);
      await sleep(INTERVAL_MS);
    }
  }

  #look({ slot, validators, previousEpochParticipation }: State): void {
    const epoch = Math.floor(slot / this.#clock.slotsPerEpoch) - 1;
    if (epoch < 0) return;
    const active = validators.flatMap(({ activationEpoch, exitEpoch }, index) =>
      activationEpoch <= epoch && epoch < exitEpoch ? [index] : [],
    );
    const missed = active.filter((index) => ((previousEpochParticipation[index] ?? 0) & TIMELY_TARGET) === 0);
    const absent = active.filter((index) => previousEpochParticipation[index] === 0);
    this.#epochs.set(epoch, { epoch, active: active.length, missed: missed.length, absent, seenAt: slot });
  }
}

/** The part of a beacon state that is looked at. */
interface State {
  readonly slot: number;
  readonly validators: readonly { readonly activationEpoch: number; readonly exitEpoch: number }[];
  readonly previousEpochParticipation: readonly number[];
}
type Decode = (bytes: Uint8Array) => State;

/** A preset can be activated once. */
let decoder: Promise<Decode> | undefined;

async function loadDecoder(preset: Readonly<Record<string, number>>): Promise<Decode> {
  activatePreset(preset);
  const { ssz } = await import("@lodestar/types");
  return (bytes) => ssz.capella.BeaconState.deserialize(bytes);
}
