/** What the execution chain says of deposits and charges. */
import type { Hex } from "viem";
import { slotAt } from "../../provider/beacon/api.ts";
import { DEPOSIT_CONTRACT_ABI, REGISTRY_ABI } from "../keeper/protocol/abi.ts";
import { blockRanges } from "../keeper/protocol/block-ranges.ts";
import type { Protocol } from "../keeper/protocol/protocol.ts";

/** A deposit for a validator. */
export interface Deposit {
  /** Unix seconds of its block, and the slot of that time. */
  readonly time: number;
  readonly slot: number;
  readonly gwei: bigint;
}

/** Deposits after a block for some validators, by public key in lower case. */
export async function depositsOf(
  { client, beacon, contracts }: Protocol,
  after: bigint,
  publicKeys: readonly Hex[],
): Promise<ReadonlyMap<Hex, readonly Deposit[]>> {
  const parameters = await beacon.parameters();
  const wanted = new Set(publicKeys);
  const found = new Map<Hex, Deposit[]>();
  for (const range of blockRanges(after + 1n, await client.getBlockNumber())) {
    const logs = await client.getContractEvents({
      address: contracts.DepositContract,
      abi: DEPOSIT_CONTRACT_ABI,
      eventName: "DepositEvent",
      ...range,
      strict: true,
    });
    for (const { args, blockNumber } of logs) {
      const publicKey = args.pubkey.toLowerCase() as Hex;
      if (!wanted.has(publicKey)) continue;
      const time = Number((await client.getBlock({ blockNumber })).timestamp);
      const slot = slotAt(parameters, time);
      found.set(publicKey, [...(found.get(publicKey) ?? []), { time, slot, gwei: gweiOf(args.amount) }]);
    }
  }
  return found;
}

/** Wei charged for the service level since the deployment, by operator. */
export async function chargesOf({ client, contracts, fromBlock }: Protocol): Promise<ReadonlyMap<number, bigint>> {
  const charged = new Map<number, bigint>();
  for (const range of blockRanges(fromBlock, await client.getBlockNumber())) {
    const logs = await client.getContractEvents({
      address: contracts.OperatorRegistry,
      abi: REGISTRY_ABI,
      eventName: "BondCharged",
      ...range,
      strict: true,
    });
    for (const { args } of logs) {
      // Losses are charged, too: those are RewardDistribution's.
      if (args.by.toLowerCase() !== contracts.ServiceLevel.toLowerCase()) continue;
      const operatorId = Number(args.operatorId);
      charged.set(operatorId, (charged.get(operatorId) ?? 0n) + args.charged);
    }
  }
  return charged;
}

/** The deposit contract's amounts are 8 bytes, the least first. */
export function gweiOf(amount: Hex): bigint {
  return Buffer.from(amount.slice(2), "hex").readBigUInt64LE(0);
}
