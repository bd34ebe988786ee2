import { encodeAbiParameters, keccak256, parseAbiParameters, type Abi, type Hex } from "viem";
import type { StateAnchor } from "../proofs/prover.ts";
import type { ValidatorProof } from "../proofs/state.ts";
import { DEPOSITS_ABI, KEY_STATE, PROOF_ABI, REGISTRY_ABI, WITHDRAWAL_VAULT_ABI } from "../protocol/abi.ts";
import type { FakeBeacon } from "./fake-beacon.ts";
import type { FakeExecution, MemoryContract } from "./fake-execution.ts";
import { reader, type FakeProtocol } from "./fake-protocol.ts";

const CREDENTIALS = 2n;

/** A proof as it came in a transaction. */
export interface ReceivedProof {
  readonly anchor: StateAnchor;
  readonly proof: ValidatorProof;
}

/** BeaconDeposits and what it asks of the registry and the vault, in memory: keys from their pre-deposit on (contracts/src). */
export class FakeDeposits {
  attestationAllowed = true;
  /** What the vault takes for its own. */
  ownCredentials: Hex = `0x${"00".repeat(32)}`;
  readonly proofs: ReceivedProof[] = [];
  readonly completed: Hex[] = [];
  readonly #keys = new Map<
    Hex,
    { readonly operatorId: number; readonly index: number; readonly publicKey: Hex; state: number }
  >();
  readonly #execution: FakeExecution;
  readonly #protocol: FakeProtocol;
  #nonce = 0n;
  #lastPreDeposit = 0;

  constructor(execution: FakeExecution, protocol: FakeProtocol) {
    this.#execution = execution;
    this.#protocol = protocol;
    const { addresses } = protocol;
    const registry = execution.contracts.get(addresses.OperatorRegistry.toLowerCase());
    const read = reader(REGISTRY_ABI, {
      keyOf: ([hash]) => {
        const key = this.#keys.get(hash as Hex);
        return [BigInt(key?.operatorId ?? 0), BigInt(key?.index ?? 0), key?.state ?? 0];
      },
    });
    const contracts: Readonly<Record<string, MemoryContract>> = {
      [addresses.BeaconDeposits]: this.#deposits(),
      [addresses.WithdrawalVault]: reader(WITHDRAWAL_VAULT_ABI, {
        isOwnCredentials: ([credentials]) => credentials === this.ownCredentials,
      }),
      [addresses.OperatorRegistry]: {
        abi: REGISTRY_ABI,
        read: (name, args, block) =>
          name === "keyOf" ? read.read(name, args, block) : registry?.read(name, args, block),
      },
    };
    for (const [address, contract] of Object.entries(contracts))
      execution.contracts.set(address.toLowerCase(), contract);
  }

  /** Pre-deposits for validators of the beacon chain in the head's block. */
  preDeposit(beacon: FakeBeacon, operatorId: number, indices: readonly number[]): void {
    for (const index of indices) {
      const publicKey = beacon.validators[index]?.publicKey ?? "0x";
      this.#keys.set(keccak256(publicKey), { operatorId, index, publicKey, state: KEY_STATE.taken });
      const args = { operatorId: BigInt(operatorId), index: BigInt(index), pubkey: publicKey };
      this.#execution.emit(this.#protocol.addresses.OperatorRegistry, REGISTRY_ABI, "KeyTaken", args);
    }
    this.#execution.emit(this.#protocol.addresses.BeaconDeposits, DEPOSITS_ABI, "PreDeposited", {
      keys: BigInt(indices.length),
      withdrawalCredentials: this.ownCredentials,
      waitingKeys: BigInt(indices.length),
    });
    this.#lastPreDeposit = this.#now;
  }

  /** State of a validator's key. */
  stateOf(beacon: FakeBeacon, index: number): number | undefined {
    return this.#keys.get(keccak256(beacon.validators[index]?.publicKey ?? "0x"))?.state;
  }

  get #now(): number {
    return this.#execution.genesisTime + this.#execution.head * 12;
  }

  #deposits(): MemoryContract {
    const abi: Abi = [...DEPOSITS_ABI, ...PROOF_ABI];
    const digest = ([valid, invalid]: readonly unknown[]): Hex =>
      keccak256(
        encodeAbiParameters(parseAbiParameters("uint256, bytes32[], bytes32[]"), [
          this.#nonce,
          valid as Hex[],
          invalid as Hex[],
        ]),
      );
    const taken = (hash: Hex): void => {
      if (this.#keys.get(hash)?.state !== KEY_STATE.taken) throw new Error("not taken");
    };
    return {
      ...reader(abi, {
        attestationAllowed: () => this.attestationAllowed,
        attestationDigest: digest,
        "check:attestCredentials": ([valid, invalid]) => {
          if (this.#protocol.agreedOn(CREDENTIALS) !== digest([valid, invalid])) throw new Error("not agreed");
          [...(valid as Hex[]), ...(invalid as Hex[])].forEach(taken);
        },
        "check:proveCredentials": ([anchor, proof]) => {
          if (Number((anchor as StateAnchor).timestamp) <= this.#lastPreDeposit) throw new Error("stale proof");
          taken(keccak256((proof as ValidatorProof).validator.pubkey));
        },
        "check:completeDeposits": ([pubkeys]) => {
          for (const key of split(pubkeys as Hex))
            if (this.#keys.get(keccak256(key))?.state !== KEY_STATE.proven) throw new Error("not proven");
        },
      }),
      write: (name, [first, second]) => {
        if (name === "attestCredentials") {
          this.#nonce += 1n;
          for (const hash of first as Hex[]) this.#move(hash, KEY_STATE.proven);
          for (const hash of second as Hex[]) this.#move(hash, KEY_STATE.invalid);
        } else if (name === "proveCredentials") {
          const [anchor, proof] = [first as StateAnchor, second as ValidatorProof];
          this.proofs.push({ anchor, proof });
          const isOwn = proof.validator.withdrawalCredentials === this.ownCredentials;
          this.#move(keccak256(proof.validator.pubkey), isOwn ? KEY_STATE.proven : KEY_STATE.invalid);
        } else
          for (const key of split(first as Hex)) {
            this.completed.push(key);
            this.#move(keccak256(key), KEY_STATE.deposited);
          }
      },
    };
  }

  #move(hash: Hex, state: number): void {
    const key = this.#keys.get(hash);
    if (!key) return;
    key.state = state;
    const args = { operatorId: BigInt(key.operatorId), index: BigInt(key.index), pubkeyHash: hash, state };
    this.#execution.emit(this.#protocol.addresses.OperatorRegistry, REGISTRY_ABI, "KeyStateChanged", args);
  }
}

function split(pubkeys: Hex): Hex[] {
  return (pubkeys.slice(2).match(/.{96}/g) ?? []).map((key): Hex => `0x${key}`);
}
