import { BitArray } from "@chainsafe/ssz";
import { createIBeaconConfig } from "@lodestar/config";
import { minimalChainConfig } from "@lodestar/config/presets";
import {
  createCachedBeaconState,
  getBlockRootAtSlot,
  processSlots,
  PubkeyIndexMap,
  type CachedBeaconStateCapella,
} from "@lodestar/state-transition";
import { processAttestations } from "@lodestar/state-transition/block";
import { ssz } from "@lodestar/types";
import { bytesToHex, hexToBytes, keccak256, stringToHex, type Hex } from "viem";
import type { Attestation, BeaconBlock } from "../beacon/block.ts";
import type { Committee } from "../beacon/reader.ts";

/** SLOTS_PER_EPOCH of the minimal preset, which the importing test must have chosen before this module loads. */
export const SLOTS_PER_EPOCH = 8;
const GWEI = 10n ** 9n;

/** What one committee says, or a part of it, and when it gets onto the chain. */
export interface Said {
  /** Slots until it is included; later ones wait for the next block. */
  readonly delay: number;
  readonly wrongTarget: boolean;
  readonly wrongHead: boolean;
  /** Whether a member, by its position, takes part. */
  readonly takesPart: (position: number) => boolean;
}

/** An attestation that waits for a block. */
interface Waiting {
  readonly attestation: Attestation;
  readonly committee: number;
  readonly sourceRoot: Uint8Array;
  readonly from: number;
}

const CONFIG = createIBeaconConfig(
  {
    ...minimalChainConfig,
    ALTAIR_FORK_EPOCH: 0,
    BELLATRIX_FORK_EPOCH: 0,
    CAPELLA_FORK_EPOCH: 0,
  },
  Buffer.alloc(32, 1),
);

/**
 * A Capella chain whose state is Lodestar's and whose transition is the specification's: slots, epochs and attestations are processed by
 * `@lodestar/state-transition`. Blocks carry attestations and nothing else, and nothing is signed.
 */
export class SpecChain {
  readonly blocks: BeaconBlock[] = [];
  state: CachedBeaconStateCapella;
  #waiting: Waiting[] = [];

  /** @param validators active from genesis on */
  constructor(validators: number) {
    const state = ssz.capella.BeaconState.defaultViewDU();
    for (let index = 0; index < validators; index++) {
      const publicKey = Buffer.alloc(48);
      publicKey.writeUInt32BE(index + 1);
      state.validators.push(
        ssz.phase0.Validator.toViewDU({
          pubkey: publicKey,
          withdrawalCredentials: Buffer.alloc(32),
          effectiveBalance: Number(32n * GWEI),
          slashed: false,
          activationEligibilityEpoch: 0,
          activationEpoch: 0,
          exitEpoch: Infinity,
          withdrawableEpoch: Infinity,
        }),
      );
      state.balances.push(Number(32n * GWEI));
      state.inactivityScores.push(0);
      state.previousEpochParticipation.push(0);
      state.currentEpochParticipation.push(0);
    }
    state.latestBlockHeader = ssz.phase0.BeaconBlockHeader.toViewDU({
      slot: 0,
      proposerIndex: 0,
      parentRoot: Buffer.alloc(32),
      stateRoot: Buffer.alloc(32),
      bodyRoot: hexToBytes(keccak256(stringToHex("genesis"))),
    });
    state.commit();
    this.state = createCachedBeaconState(
      state,
      { config: CONFIG, pubkey2index: new PubkeyIndexMap(), index2pubkey: [] },
      { skipSyncCommitteeCache: true, skipSyncPubkeys: true },
    );
  }

  get slot(): number {
    return this.state.slot;
  }

  /** Committees of an epoch that the present state knows: its own, and the one before. */
  committees(epoch: number): Committee[] {
    const { epochCtx } = this.state;
    const committees: Committee[] = [];
    for (let slot = epoch * SLOTS_PER_EPOCH; slot < (epoch + 1) * SLOTS_PER_EPOCH; slot++)
      for (let index = 0; index < epochCtx.getCommitteeCountPerSlot(epoch); index++)
        committees.push({ slot, index, validators: [...epochCtx.getBeaconCommittee(slot, index)] });
    return committees;
  }

  /** Goes on by a slot, with a block or without, and lets this slot's committees speak. */
  step(hasBlock: boolean, says: (committee: number) => readonly Said[]): void {
    this.state = processSlots(this.state, this.state.slot + 1) as CachedBeaconStateCapella;
    if (hasBlock) this.#propose();
    const epoch = Math.floor(this.slot / SLOTS_PER_EPOCH);
    for (const { slot, index, validators } of this.committees(epoch))
      if (slot === this.slot) for (const said of says(index)) this.#attest(index, validators.length, said);
  }

  /** Participation flags that the state has of the epoch before its own. */
  previousParticipation(): number[] {
    return [...this.state.previousEpochParticipation.getAll()];
  }

  #propose(): void {
    const parentRoot = this.state.latestBlockHeader.hashTreeRoot();
    const { slot } = this.state;
    this.state.latestBlockHeader = ssz.phase0.BeaconBlockHeader.toViewDU({
      slot,
      proposerIndex: 0,
      parentRoot,
      stateRoot: Buffer.alloc(32),
      bodyRoot: hexToBytes(keccak256(stringToHex(`body ${slot}`))),
    });
    const ready = this.#waiting.filter(({ from, attestation }) => from <= slot && slot <= attestation.slot + 8);
    this.#waiting = this.#waiting.filter(({ from }) => from > slot);
    processAttestations(
      2,
      this.state,
      ready.map(({ attestation, committee, sourceRoot }) => toSpec(attestation, committee, sourceRoot)),
      false,
    );
    this.state.commit();
    this.blocks.push(
      emptyBlock(
        slot,
        bytesToHex(parentRoot),
        ready.map(({ attestation }) => attestation),
      ),
    );
  }

  #attest(committee: number, length: number, { delay, wrongTarget, wrongHead, takesPart }: Said): void {
    const bits = BitArray.fromBoolArray(Array.from({ length }, (_, position) => takesPart(position)));
    if (bits.getTrueBitIndexes().length === 0) return;
    const { slot, currentJustifiedCheckpoint: source } = this.state;
    const epoch = Math.floor(slot / SLOTS_PER_EPOCH);
    const head = this.#headRoot();
    // In the epoch's first slot the newest block is both head and target.
    const target =
      slot % SLOTS_PER_EPOCH === 0 ? head : bytesToHex(getBlockRootAtSlot(this.state, epoch * SLOTS_PER_EPOCH));
    const attestation: Attestation = {
      aggregationBits: bytesToHex(ssz.phase0.CommitteeBits.serialize(bits)),
      committeeBits: undefined,
      slot,
      index: committee,
      headRoot: wrongHead ? keccak256(stringToHex("another head")) : head,
      sourceEpoch: source.epoch,
      targetEpoch: epoch,
      targetRoot: wrongTarget ? keccak256(stringToHex("another target")) : target,
    };
    this.#waiting.push({ attestation, committee, sourceRoot: source.root, from: slot + delay });
  }

  /** Root of the newest block: its header with the root of the state after it, which the next slot puts in. */
  #headRoot(): Hex {
    const header = this.state.latestBlockHeader.clone();
    if (header.stateRoot.every((byte) => byte === 0)) header.stateRoot = this.state.hashTreeRoot();
    return bytesToHex(header.hashTreeRoot());
  }
}

/** A block without a body's other contents. */
export function emptyBlock(slot: number, parentRoot: Hex, attestations: readonly Attestation[]): BeaconBlock {
  return {
    slot,
    parentRoot,
    stateRoot: keccak256(stringToHex(`state ${slot}`)),
    proposerIndex: 0,
    attestations,
    slashed: [],
    exited: [],
    exitRequests: [],
    payload: { blockNumber: BigInt(slot), feeRecipient: `0x${"00".repeat(20)}`, timestamp: slot * 12, withdrawals: [] },
  };
}

function toSpec(attestation: Attestation, index: number, sourceRoot: Uint8Array) {
  return {
    aggregationBits: ssz.phase0.CommitteeBits.deserialize(hexToBytes(attestation.aggregationBits)),
    data: {
      slot: attestation.slot,
      index,
      beaconBlockRoot: hexToBytes(attestation.headRoot),
      source: { epoch: attestation.sourceEpoch, root: sourceRoot },
      target: { epoch: attestation.targetEpoch, root: hexToBytes(attestation.targetRoot) },
    },
    signature: Buffer.alloc(96),
  };
}
