/** What the execution chain says of deposits and charges. */
import type { Hex } from "viem";
import { slotAt } from "../../provider/beacon/api.ts";
import { REGISTRY_ABI } from "../keeper/protocol/abi.ts";
import { blockRanges } from "../keeper/protocol/block-ranges.ts";
import { depositLogs } from "../keeper/protocol/deposit-events.ts";
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
  protocol: Protocol,
  after: bigint,
  publicKeys: readonly Hex[],
): Promise<ReadonlyMap<Hex, readonly Deposit[]>> {
  const { client, beacon } = protocol;
  const parameters = await beacon.parameters();
  const wanted = new Set(publicKeys);
  const found = new Map<Hex, Deposit[]>();
  for await (const { publicKey, gwei, blockNumber } of depositLogs(
    protocol,
    after + 1n,
    await client.getBlockNumber(),
  )) {
    if (!wanted.has(publicKey)) continue;
    const time = Number((await client.getBlock({ blockNumber })).timestamp);
    found.set(publicKey, [...(found.get(publicKey) ?? []), { time, slot: slotAt(parameters, time), gwei }]);
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
