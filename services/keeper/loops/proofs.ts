import { concatHex, ContractFunctionExecutionError, keccak256, type Hex } from "viem";
import type { Keeper } from "../keeper.ts";
import type { Proven, StateProver, Wanted } from "../proofs/prover.ts";
import { BEACON_PROOFS_ABI, PROOF_ABI, SERVICE_LEVEL_ABI } from "../protocol/abi.ts";
import type { FleetValidator, FleetView } from "../protocol/fleet.ts";
import type { Outcome } from "../runtime/loop.ts";

const WEI_PER_GWEI = 1e9;

/**
 * Proves the credentials of keys that are pre-deposited for, right or wrong, where a quorum may not attest them. One transaction a key;
 * dear gas waits, as for deposits.
 * @param isOpen whether a key still waits for it: another member may be faster
 */
export async function proveCredentials(
  keeper: Keeper,
  prover: StateProver,
  waiting: readonly FleetValidator[],
  isOpen: (validator: FleetValidator) => Promise<boolean>,
): Promise<Outcome> {
  const { protocol, settings, turns, accounts } = keeper;
  const gasPrice = Number(await protocol.client.getGasPrice()) / WEI_PER_GWEI;
  if (gasPrice > settings.deposits.maxGasPriceGwei) return "waiting";
  const byKey = new Map(waiting.map((validator) => [validator.key.publicKey, validator]));
  if (!(await turns.isMine(`proofs ${occasionOf([...byKey.keys()])}`))) return "waiting";
  // A state from before the newest pre-deposit proves nothing (BeaconDepositsStaleProof).
  const after = Math.max(...waiting.map(({ since }) => since));
  const proven = await provenIn(keeper, prover, { keys: [...byKey.keys()], after, isWanted: () => true });
  let acted = false;
  for (const proof of proven?.validators ?? []) {
    const validator = byKey.get(proof.validator.pubkey);
    if (!validator || !(await isOpen(validator))) continue;
    const sent = await accounts.member.send({
      contract: "BeaconDeposits",
      abi: PROOF_ABI,
      functionName: "proveCredentials",
      args: [proven?.anchor, proof],
      purpose: `Proving the credentials of validator ${proof.index}`,
    });
    acted = sent || acted;
  }
  return acted ? "acted" : "waiting";
}

/** Proves slashings of the protocol's validators, which suspends their operators at once. @returns whether one was sent */
export async function proveSlashings(keeper: Keeper, prover: StateProver, { byIndex }: FleetView): Promise<boolean> {
  const { turns, accounts } = keeper;
  const open: Hex[] = [];
  for (const { key, record } of byIndex.values())
    if (record.slashed && !(await isSlashingProven(keeper, key.publicKey))) open.push(key.publicKey);
  if (open.length === 0 || !(await turns.isMine(`slashings ${occasionOf(open)}`))) return false;
  const proven = await provenIn(keeper, prover, { keys: open, after: 0, isWanted: ({ slashed }) => slashed });
  let acted = false;
  for (const proof of proven?.validators ?? []) {
    if (await isSlashingProven(keeper, proof.validator.pubkey)) continue;
    const sent = await accounts.member.send({
      contract: "ServiceLevel",
      abi: PROOF_ABI,
      functionName: "proveSlashed",
      args: [proven?.anchor, proof],
      purpose: `Proving the slashing of validator ${proof.index}`,
    });
    acted = sent || acted;
  }
  return acted;
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
