import type { PublicClient } from "viem";
import { describe, expect, it } from "vitest";
import { paidOutSince } from "./payouts.ts";

/** A block a slot, each with withdrawals by validator index in gwei; as viem gives them: numbers in hex. */
function chainOf(blocks: readonly (readonly (readonly [index: number, gwei: number])[])[]) {
  const asked: bigint[] = [];
  const client = {
    getBlock: ({ blockNumber }: { blockNumber: bigint }) => {
      asked.push(blockNumber);
      return Promise.resolve({
        timestamp: 1_000n + blockNumber * 12n,
        withdrawals: (blocks[Number(blockNumber)] ?? []).map(([index, gwei]) => ({
          index: "0x1",
          validatorIndex: `0x${index.toString(16)}`,
          amount: `0x${gwei.toString(16)}`,
        })),
      });
    },
  } as unknown as PublicClient;
  return { client, asked };
}

describe("what the chain paid out", () => {
  const blocks = [
    [],
    [[7, 5]],
    [
      [7, 100],
      [8, 40],
      [300, 1],
    ],
    [],
    [
      [7, 2],
      [9, 9],
    ],
    [[7, 1_000]],
  ] as const;

  it("is summed in wei from a moment to a block, of the validators that are asked about", async () => {
    const { client, asked } = chainOf(blocks);
    const paid = await paidOutSince(client, new Set([7, 8, 300, 12]), 1_000 + 2 * 12, 4n);
    expect([...paid].sort(([left], [right]) => left - right)).toEqual([
      [7, 102n * 10n ** 9n],
      [8, 40n * 10n ** 9n],
      [300, 10n ** 9n],
    ]);
    // Back to the first block before the moment, and no further.
    expect(asked).toEqual([4n, 3n, 2n, 1n]);
  });

  it("ends at the chain's first block, and is nothing without withdrawals", async () => {
    const { client } = chainOf(blocks);
    expect([...(await paidOutSince(client, new Set([7]), 0, 1n))]).toEqual([[7, 5n * 10n ** 9n]]);
    expect((await paidOutSince(client, new Set([1]), 0, 5n)).size).toBe(0);
    expect((await paidOutSince(client, new Set([7]), 5_000, 5n)).size).toBe(0);
  });

  it("is not guessed from a client that leaves withdrawals out", async () => {
    const client = { getBlock: () => Promise.resolve({ timestamp: 2_000n }) } as unknown as PublicClient;
    await expect(paidOutSince(client, new Set([7]), 0, 3n)).rejects.toThrow();
  });
});
