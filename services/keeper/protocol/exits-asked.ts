import type { Protocol } from "./protocol.ts";

/**
 * How many exits since the beginning an operator had been asked for by a time.
 * @param askedUntil Unix seconds
 * @param block newest execution block that is looked at; it must not change any more
 */
export async function exitsAskedUntil(
  { client, registry }: Protocol,
  operatorId: number,
  askedUntil: number,
  block: bigint,
): Promise<number> {
  let asked = 0;
  for (const { requestedExits, block: blockNumber } of await registry.exitRequests(operatorId, block)) {
    const { timestamp } = await client.getBlock({ blockNumber });
    if (Number(timestamp) <= askedUntil) asked = requestedExits;
  }
  return asked;
}
