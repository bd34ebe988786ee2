import { concatHex, ContractFunctionExecutionError, keccak256, type Hex } from "viem";
import type { Keeper } from "../keeper.ts";
import type { Proven, StateAnchor, StateProver, Wanted } from "../proofs/prover.ts";
import type { ValidatorProof } from "../proofs/state.ts";
import { BEACON_PROOFS_ABI, PROOF_ABI, SERVICE_LEVEL_ABI } from "../protocol/abi.ts";
import type { FleetValidator, FleetView } from "../protocol/fleet.ts";
import type { Outcome } from "../runtime/loop.ts";

const WEI_PER_GWEI = 1e9;

/** Slots for which one member proves: hashing a state takes a minute, and each key a slot. Two would pay for the same. */
const SHIFT_SLOTS = 150;

/** What can be proven of a validator: who takes the proof, and how it is called. */
const FACTS = {
  credentials: { contract: "BeaconDeposits", functionName: "proveCredentials", name: "credentials" },
  slashing: { contract: "ServiceLevel", functionName: "proveSlashed", name: "slashing" },
} as const;

/** What credentials are proven of. */
export interface WaitingKeys {
  readonly keys: readonly FleetValidator[];
  /** Unix seconds of the newest pre-deposit of all: states from before it prove nothing (BeaconDepositsStaleProof). */
  readonly lastPreDeposit: number;
  /** Whether a key still waits: another member may have been faster. */
  readonly isOpen: (validator: FleetValidator) => Promise<boolean>;
}

/**
 * Proves the credentials of keys that are pre-deposited for, right or wrong, where a quorum may not attest them. One transaction a key;
 * dear gas waits, as for deposits. Members take shifts.
 */
export async function proveCredentials(
  keeper: Keeper,
  prover: StateProver,
  { keys, lastPreDeposit, isOpen }: WaitingKeys,
): Promise<Outcome> {
  const { protocol, settings, clock, turns } = keeper;
  const gasPrice = Number(await protocol.client.getGasPrice()) / WEI_PER_GWEI;
  if (gasPrice > settings.deposits.maxGasPriceGwei) return "waiting";
  const isOnShift = async (): Promise<boolean> =>
    await turns.leads(`proofs ${Math.floor((await clock.slot()) / SHIFT_SLOTS)}`);
  if (!(await isOnShift())) return "waiting";
  const byKey = new Map(keys.map((validator) => [validator.key.publicKey, validator]));
  const proven = await provenIn(keeper, prover, {
    keys: [...byKey.keys()],
    after: lastPreDeposit,
    isWanted: () => true,
  });
  if (!proven) return "waiting";
  let acted = false;
  for (const proof of proven.validators) {
    const validator = byKey.get(proof.validator.pubkey);
    if (!validator || !(await isOpen(validator))) continue;
    if (!(await isOnShift())) break;
    const sent = await sendProof(keeper, FACTS.credentials, proven.anchor, proof);
    acted = sent || acted;
    if (sent) continue;
    // Stale by now, say: the next run takes a newer state.
    prover.forget();
    break;
  }
  return acted ? "acted" : "waiting";
}

/** Proves slashings of the protocol's validators, which suspends their operators at once. @returns whether one was sent */
export async function proveSlashings(keeper: Keeper, prover: StateProver, { byIndex }: FleetView): Promise<boolean> {
  const { turns } = keeper;
  const open: Hex[] = [];
  for (const { key, record } of byIndex.values())
    if (record.slashed && !(await isSlashingProven(keeper, key.publicKey))) open.push(key.publicKey);
  if (open.length === 0 || !(await turns.isMine(`slashings ${occasionOf(open)}`))) return false;
  const proven = await provenIn(keeper, prover, { keys: open, after: 0, isWanted: ({ slashed }) => slashed });
  if (!proven) return false;
  let acted = false;
  for (const proof of proven.validators) {
    if (await isSlashingProven(keeper, proof.validator.pubkey)) continue;
    const sent = await sendProof(keeper, FACTS.slashing, proven.anchor, proof);
    acted = sent || acted;
  }
  return acted;
}

/** Sends a proof of one validator. @returns as Transactions.send */
async function sendProof(
  { accounts }: Keeper,
  { contract, functionName, name }: (typeof FACTS)[keyof typeof FACTS],
  anchor: StateAnchor,
  proof: ValidatorProof,
): Promise<boolean> {
  return await accounts.member.send({
    contract,
    abi: PROOF_ABI,
    functionName,
    args: [anchor, proof],
    purpose: `Proving the ${name} of validator ${proof.index}`,
  });
}

async function isSlashingProven({ protocol }: Keeper, publicKey: Hex): Promise<boolean> {
  return await protocol.client.readContract({
    address: protocol.contracts.ServiceLevel,
    abi: SERVICE_LEVEL_ABI,
    functionName: "isSlashingProven",
    args: [keccak256(publicKey)],
  });
}

/** Proofs in the newest state that does not change any more; undefined while there is none, or no contract that verifies it. */
async function provenIn(
  { protocol, clock, log }: Keeper,
  prover: StateProver,
  wanted: Wanted,
): Promise<Proven | undefined> {
  const slot = await clock.stableSlot();
  if (slot <= 0) return undefined;
  try {
    await protocol.client.readContract({
      address: protocol.contracts.BeaconProofs,
      abi: BEACON_PROOFS_ABI,
      functionName: "verifierAt",
      args: [BigInt(slot)],
    });
  } catch (error) {
    if (!(error instanceof ContractFunctionExecutionError)) throw error;
    log.warn({ slot }, "no contract verifies proofs of this slot's fork: BeaconProofs.setVerifier");
    return undefined;
  }
  return await prover.prove(slot, wanted);
}

/** The same for all members who see the same keys. */
function occasionOf(publicKeys: readonly Hex[]): Hex {
  return keccak256(concatHex([...publicKeys].sort()));
}
