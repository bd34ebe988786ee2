import { zeroHash, type Hex } from "viem";
import { BeaconApiError } from "../../../provider/beacon/api.ts";
import { FAR_FUTURE_EPOCH, type BeaconReader, type BlockHeader, type ValidatorRecord } from "../beacon/reader.ts";
import { StateProofError } from "../runtime/errors.ts";
import { isProvable, PROVABLE_FORKS, type StateProofs, type StateRequest, type ValidatorProof } from "./state.ts";

/** IBeaconVerifier.StateAnchor without a historical state: why a state's root is trusted. */
export interface StateAnchor {
  /** Unix seconds of the execution block whose parent the header is. */
  readonly timestamp: bigint;
  readonly header: {
    readonly slot: bigint;
    readonly proposerIndex: bigint;
    readonly parentRoot: Hex;
    readonly stateRoot: Hex;
    readonly bodyRoot: Hex;
  };
  readonly historicalSlot: bigint;
  readonly historicalStateRoot: Hex;
  readonly historicalProof: readonly Hex[];
}

/** Validators whose proofs are asked for. */
export interface Wanted {
  readonly keys: readonly Hex[];
  /** Whether one is, by what the state has of it. */
  readonly isWanted: (record: ValidatorRecord) => boolean;
  /** Unix seconds: a state must be of a block whose child is younger. */
  readonly after: number;
}

/** Proofs in one state. */
export interface Proven {
  readonly anchor: StateAnchor;
  readonly validators: readonly ValidatorProof[];
}

/** A block that can be an anchor, and the anchor. */
interface AnchoredBlock {
  readonly block: BlockHeader;
  readonly anchor: StateAnchor;
}

/** Slots for which proofs are used again: the chain knows roots of 8,191 slots (EIP-4788), and transactions take their time. */
const LIFETIME_SLOTS = 4_096;

/** Makes proofs of the beacon state for contracts that know block roots by EIP-4788. */
export class StateProver {
  readonly #reader: BeaconReader;
  #last: Proven | undefined;
  #failed: { readonly stateRoot: Hex; readonly error: unknown } | undefined;
  #working: Promise<unknown> = Promise.resolve();
  readonly #prove: (request: StateRequest) => Promise<StateProofs>;

  /** @param prove hashes a state, in this thread or another one */
  constructor(reader: BeaconReader, prove: (request: StateRequest) => Promise<StateProofs>) {
    this.#reader = reader;
    this.#prove = prove;
  }

  /**
   * Branches of validators in the state of the newest block up to a slot, or of an earlier one that was hashed for them already.
   * @returns validators that the state has; undefined while no state is young enough, or its block is the last one
   * @throws {@link StateProofError} when the state is of another fork than contracts have verifiers for, or not its block's
   */
  async prove(slot: number, wanted: Wanted): Promise<Proven | undefined> {
    // One state at a time: two would not fit into a keeper's memory.
    const turn = this.#working.then(() => this.#proveNow(slot, wanted));
    this.#working = turn.catch(() => undefined);
    return await turn;
  }

  /** Lets go of proofs that the contracts did not take. */
  forget(): void {
    this.#last = undefined;
  }

  async #proveNow(slot: number, { keys, isWanted, after }: Wanted): Promise<Proven | undefined> {
    const anchored = await this.#anchor(slot);
    if (!anchored || anchored.anchor.timestamp <= after) return undefined;
    const { block, anchor } = anchored;
    const records: ValidatorRecord[] = [];
    for await (const part of this.#reader.validators(block.stateRoot, keys)) records.push(...part.filter(isWanted));
    const known = this.#last;
    if (known && known.anchor.timestamp > after && block.slot - Number(known.anchor.header.slot) < LIFETIME_SLOTS) {
      const validators = records.flatMap((record) => known.validators.filter((proof) => isStillSo(proof, record)));
      if (validators.length === records.length) return { anchor: known.anchor, validators };
    }
    if (records.length === 0) return { anchor, validators: [] };
    // What failed for a state fails again for it.
    if (this.#failed?.stateRoot === block.stateRoot) throw this.#failed.error;
    try {
      const indices = records.map(({ index }) => index);
      this.#last = { anchor, validators: await this.#branches(block, indices) };
    } catch (error) {
      this.#failed = { stateRoot: block.stateRoot, error };
      throw error;
    }
    return this.#last;
  }

  /** The newest block up to a slot, as an anchor: the block after it has its root. @returns undefined while none follows */
  async #anchor(slot: number): Promise<AnchoredBlock | undefined> {
    const block = await this.#reader.lastHeader(slot);
    const next = await this.#reader.headerFrom(block.slot + 1);
    const child = next && (await this.#reader.block(next.slot));
    if (!child) return undefined;
    if (child.parentRoot !== block.root)
      throw new BeaconApiError(
        this.#reader.client.url,
        `lacks blocks after slot ${block.slot}: ask another node, or later`,
      );
    const { parentRoot, stateRoot, proposerIndex, bodyRoot } = block;
    return {
      block,
      anchor: {
        timestamp: BigInt(child.payload.timestamp),
        header: { slot: BigInt(block.slot), proposerIndex: BigInt(proposerIndex), parentRoot, stateRoot, bodyRoot },
        historicalSlot: 0n,
        historicalStateRoot: zeroHash,
        historicalProof: [],
      },
    };
  }

  async #branches({ slot, stateRoot }: BlockHeader, indices: readonly number[]): Promise<readonly ValidatorProof[]> {
    const { fork, bytes } = await this.#reader.state(slot, stateRoot, isProvable);
    if (!isProvable(fork) || !bytes)
      throw new StateProofError(slot, `is of ${fork}, and there are verifiers for ${PROVABLE_FORKS.join(", ")}`);
    const { root, validators } = await this.#prove({ fork, bytes, indices });
    if (root !== stateRoot) throw new StateProofError(slot, `has the root ${root}, and its block names ${stateRoot}`);
    return validators;
  }
}

/** Whether a proof says what a later state has of its validator, as far as contracts judge it. */
function isStillSo({ index, validator }: ValidatorProof, record: ValidatorRecord): boolean {
  return (
    Number(index) === record.index &&
    validator.slashed === record.slashed &&
    (validator.exitEpoch === FAR_FUTURE_EPOCH) === (record.exitEpoch === Infinity) &&
    validator.withdrawalCredentials === record.withdrawalCredentials
  );
}
