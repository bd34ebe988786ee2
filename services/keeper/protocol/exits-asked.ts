import { REGISTRY_ABI } from "./abi.ts";
import type { Protocol } from "./protocol.ts";

/**
 * How many exits since the beginning an operator had been asked for by a time.
 * @param askedUntil Unix seconds
 * @param toBlock newest execution block that is looked at; absent: the chain's
 */
export async function exitsAskedUntil(
  { client, contracts, fromBlock }: Protocol,
  operatorId: number,
  askedUntil: number,
  toBlock?: bigint,
): Promise<number> {
  const events = await client.getContractEvents({
    address: contracts.OperatorRegistry,
    abi: REGISTRY_ABI,
    eventName: "ExitsRequested",
    args: { operatorId: BigInt(operatorId) },
    fromBlock,
    ...(toBlock === undefined ? {} : { toBlock }),
    strict: true,
  });
  let asked = 0;
  for (const { args, blockNumber } of events) {
    const { timestamp } = await client.getBlock({ blockNumber });
    if (Number(timestamp) <= askedUntil) asked = Number(args.requestedExits);
  }
  return asked;
}
