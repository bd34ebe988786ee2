import type { PublicClient } from "viem";
import { z } from "zod";

const withdrawalsSchema = z.object({
  withdrawals: z.array(z.object({ validatorIndex: z.coerce.number(), amount: z.coerce.bigint() })),
});
const WEI_PER_GWEI = 10n ** 9n;

/**
 * Wei that the chain has paid out for validators since a moment, up to a block (EIP-4895). Looks through the blocks one by one: it is
 * asked for slashed validators only, of which there should be none.
 * @param since Unix seconds
 * @param indices validators
 */
export async function paidOutSince(
  client: PublicClient,
  indices: ReadonlySet<number>,
  since: number,
  upTo: bigint,
): Promise<Map<number, bigint>> {
  const paid = new Map<number, bigint>();
  for (let number = upTo; number > 0n; number--) {
    const block = await client.getBlock({ blockNumber: number });
    if (Number(block.timestamp) < since) break;
    const { withdrawals } = withdrawalsSchema.parse(block);
    for (const { validatorIndex, amount } of withdrawals)
      if (indices.has(validatorIndex))
        paid.set(validatorIndex, (paid.get(validatorIndex) ?? 0n) + amount * WEI_PER_GWEI);
  }
  return paid;
}
