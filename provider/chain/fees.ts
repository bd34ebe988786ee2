import { parseGwei, type PublicClient } from "viem";

/** EIP-1559 fees of a transaction, in wei per gas. */
export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** What a proposer is offered per gas: enough for any public network in ordinary times. */
const PRIORITY_FEE = parseGwei("1");
/** Clients take a replacement only when both fees rise by a tenth or more; an eighth is on the safe side. */
const BUMP_NUMERATOR = 1125n;
const BUMP_DENOMINATOR = 1000n;

/** Fees that hold while the base fee doubles, from the newest block's base fee. */
export async function currentFees(client: PublicClient): Promise<Fees> {
  const block = await client.getBlock({ blockTag: "latest" });
  return { maxPriorityFeePerGas: PRIORITY_FEE, maxFeePerGas: (block.baseFeePerGas ?? 0n) * 2n + PRIORITY_FEE };
}

/** Fees for replacing a transaction: an eighth above the last ones, or the current ones where those are higher. */
export function bumpedFees(last: Fees, current: Fees): Fees {
  const higher = (left: bigint, right: bigint): bigint => (left > right ? left : right);
  const bump = (fee: bigint): bigint => (fee * BUMP_NUMERATOR + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR;
  return {
    maxPriorityFeePerGas: higher(bump(last.maxPriorityFeePerGas), current.maxPriorityFeePerGas),
    maxFeePerGas: higher(bump(last.maxFeePerGas), current.maxFeePerGas),
  };
}
