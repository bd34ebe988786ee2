import { ssz } from "beacon-state-types";
import { bytesToHex, type Hex } from "viem";
import { hashPairs, merkleize, merkleizeProgressive, mixIn, numberLeaf, toChunks, type Merkleized } from "./merkle.ts";

/** Forks whose states the contracts have verifiers for (contracts/src/BeaconVerifier.sol, GloasBeaconVerifier.sol). */
export const PROVABLE_FORKS = ["electra", "fulu", "gloas"] as const;
export type ProvableFork = (typeof PROVABLE_FORKS)[number];

/** A state, and which of its validators are to be proven. */
export interface StateRequest {
  readonly fork: ProvableFork;
  /** The state in SSZ. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Indices of validators. */
  readonly indices: readonly number[];
}

/** IBeaconVerifier.ValidatorProof: a validator, and its branch in the state. Epochs are uint64, FAR_FUTURE_EPOCH as the chain has it. */
export interface ValidatorProof {
  readonly index: bigint;
  readonly validator: {
    readonly pubkey: Hex;
    readonly withdrawalCredentials: Hex;
    /** Gwei. */
    readonly effectiveBalance: bigint;
    readonly slashed: boolean;
    readonly activationEligibilityEpoch: bigint;
    readonly activationEpoch: bigint;
    readonly exitEpoch: bigint;
    readonly withdrawableEpoch: bigint;
  };
  /** Siblings from the validator's up to those below the state's root. */
  readonly proof: readonly Hex[];
}

/** A state's root, and branches in it. */
export interface StateProofs {
  readonly root: Hex;
  /** Of the validators that the state has, in the order that was asked for. */
  readonly validators: readonly ValidatorProof[];
}

/** What is used of the types of SSZ: where a container's fields lie, and the roots of those that are small. */
interface StateType {
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly depth: number;
  /** Of progressive containers. */
  readonly activeFields?: { readonly uint8Array: Uint8Array };
  getFieldRanges(
    data: DataView,
    start: number,
    end: number,
  ): readonly { readonly start: number; readonly end: number }[];
}
interface FieldType {
  deserialize(bytes: Uint8Array): unknown;
  hashTreeRoot(value: unknown): Uint8Array;
}

const VALIDATOR_BYTES = 121;
/** Lists with an entry for each validator: nearly all of a state. Bytes of an entry; log2 of the chunks that the list may have. */
const BIG_LISTS: Readonly<Record<string, { readonly size: number; readonly depth: number }>> = {
  validators: { size: VALIDATOR_BYTES, depth: 40 },
  balances: { size: 8, depth: 38 },
  previousEpochParticipation: { size: 1, depth: 35 },
  currentEpochParticipation: { size: 1, depth: 35 },
  inactivityScores: { size: 8, depth: 38 },
};
const PUBKEY_BYTES = 48;
/** Of a Validator's eight fields those after the key: where they begin, and how long they are (phase0/beacon-chain.md, Validator). */
const VALIDATOR_FIELDS = [
  [48, 32],
  [80, 8],
  [88, 1],
  [89, 8],
  [97, 8],
  [105, 8],
  [113, 8],
] as const;
const CHUNK = 32;
/** Validators that are hashed at a time. */
const BLOCK = 4_096;

/** Whether a fork, as the beacon API names it, has states that can be proven. */
export function isProvable(fork: string): fork is ProvableFork {
  return (PROVABLE_FORKS as readonly string[]).includes(fork);
}

/**
 * Hashes a state and takes branches from it (ssz/merkle-proofs.md). The lists of all validators are hashed in one pass over their bytes:
 * the library that knows the state's layout would make objects of them, and hashes the rest.
 * @throws when the bytes are no state of the fork. Whether they are the right state, the root tells
 */
export function proveInState({ fork, bytes, indices }: StateRequest): StateProofs {
  const type = ssz[fork].BeaconState as unknown as StateType;
  const ranges = type.getFieldRanges(
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    0,
    bytes.byteLength,
  );
  const names = Object.keys(type.fields);
  const isProgressive = type.activeFields !== undefined;
  const partOf = (name: string): Uint8Array => {
    const { start = 0, end = 0 } = ranges[names.indexOf(name)] ?? {};
    return bytes.subarray(start, end);
  };
  const validators = partOf("validators");
  const known = indices.filter((index) => (index + 1) * VALIDATOR_BYTES <= validators.length);

  let registry: Merkleized | undefined;
  const roots = new Uint8Array(names.length * CHUNK);
  for (const [at, name] of names.entries()) {
    const list = hashList(name, partOf(name), isProgressive, name === "validators" ? known : []);
    if (name === "validators") registry = list;
    const field = type.fields[name];
    const root = list?.root ?? field?.hashTreeRoot(field.deserialize(partOf(name)));
    if (root) roots.set(root, at * CHUNK);
  }
  const place = names.indexOf("validators");
  const state = type.activeFields
    ? mixIn(merkleizeProgressive(roots, [place]), toChunks(type.activeFields.uint8Array))
    : merkleize(roots, type.depth, [place]);
  const above = state.branches.get(place) ?? [];
  return {
    root: bytesToHex(state.root),
    validators: known.map((index) => ({
      index: BigInt(index),
      validator: readValidator(validators.subarray(index * VALIDATOR_BYTES, (index + 1) * VALIDATOR_BYTES)),
      proof: [...(registry?.branches.get(index) ?? []), ...above].map((node) => bytesToHex(node)),
    })),
  };
}

/** One of the big lists; undefined for other fields. */
function hashList(
  name: string,
  bytes: Uint8Array,
  isProgressive: boolean,
  positions: readonly number[],
): Merkleized | undefined {
  const list = BIG_LISTS[name];
  if (!list) return undefined;
  const leaves = name === "validators" ? validatorLeaves(bytes) : toChunks(bytes);
  const tree = isProgressive ? merkleizeProgressive(leaves, positions) : merkleize(leaves, list.depth, positions);
  return mixIn(tree, numberLeaf(bytes.length / list.size));
}

/** Roots of validators, 32 bytes each. */
function validatorLeaves(bytes: Uint8Array): Uint8Array {
  const count = bytes.length / VALIDATOR_BYTES;
  const leaves = new Uint8Array(count * CHUNK);
  for (let first = 0; first < count; first += BLOCK) {
    const size = Math.min(BLOCK, count - first);
    const keys = new Uint8Array(size * 2 * CHUNK);
    const fields = new Uint8Array(size * 8 * CHUNK);
    for (let index = 0; index < size; index++) {
      const start = (first + index) * VALIDATOR_BYTES;
      keys.set(bytes.subarray(start, start + PUBKEY_BYTES), index * 2 * CHUNK);
      VALIDATOR_FIELDS.forEach(([offset, length], field) =>
        fields.set(bytes.subarray(start + offset, start + offset + length), (index * 8 + field + 1) * CHUNK),
      );
    }
    const hashed = hashPairs(keys);
    for (let index = 0; index < size; index++)
      fields.set(hashed.subarray(index * CHUNK, (index + 1) * CHUNK), index * 8 * CHUNK);
    leaves.set(hashPairs(hashPairs(hashPairs(fields))), first * CHUNK);
  }
  return leaves;
}

function readValidator(bytes: Uint8Array): ValidatorProof["validator"] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    pubkey: bytesToHex(bytes.subarray(0, PUBKEY_BYTES)),
    withdrawalCredentials: bytesToHex(bytes.subarray(48, 80)),
    effectiveBalance: view.getBigUint64(80, true),
    slashed: view.getUint8(88) === 1,
    activationEligibilityEpoch: view.getBigUint64(89, true),
    activationEpoch: view.getBigUint64(97, true),
    exitEpoch: view.getBigUint64(105, true),
    withdrawableEpoch: view.getBigUint64(113, true),
  };
}
