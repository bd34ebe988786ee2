import { formatTransactionReceipt, toHex, type Hex, type PublicClient, type RpcTransactionReceipt } from "viem";

/** A transaction in a block. */
export interface Inclusion {
  readonly transactionHash: Hex;
  readonly blockNumber: bigint;
  /** Undefined when the client has the block but no receipt of the transaction. */
  readonly status: "success" | "reverted" | undefined;
}

/** By hash, as every client answers in ordinary times; undefined when it has no receipt of any of them. */
export async function inclusionByHash(client: PublicClient, hashes: readonly Hex[]): Promise<Inclusion | undefined> {
  for (const hash of hashes) {
    // No receipt yet, or no answer: both are waited out.
    const receipt = await client.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt) return { transactionHash: hash, blockNumber: receipt.blockNumber, status: receipt.status };
  }
  return undefined;
}

/**
 * By looking through blocks. A client can lose its index from a transaction to its receipt, e.g. when a block was replaced and the
 * index of the old one is cleaned up after that of the new one was written; the transaction is in the chain all the same.
 * @param fromBlock the first block that may hold it
 * @returns undefined when no block since then holds any of the hashes
 */
export async function inclusionInBlocks(
  client: PublicClient,
  hashes: readonly Hex[],
  fromBlock: bigint,
): Promise<Inclusion | undefined> {
  const head = await client.getBlockNumber({ cacheTime: 0 });
  for (let blockNumber = head; blockNumber >= fromBlock; blockNumber--) {
    const { transactions } = await client.getBlock({ blockNumber });
    const transactionHash = transactions.find((hash) => hashes.includes(hash));
    if (transactionHash === undefined) continue;
    return { transactionHash, blockNumber, status: await statusInBlock(client, transactionHash, blockNumber) };
  }
  return undefined;
}

async function statusInBlock(client: PublicClient, hash: Hex, blockNumber: bigint): Promise<Inclusion["status"]> {
  try {
    // Not among viem's typed methods; every client in the catalogue serves it.
    const receipts = await client.request<{ Parameters: [Hex]; ReturnType: RpcTransactionReceipt[] | null }>({
      method: "eth_getBlockReceipts" as never,
      params: [toHex(blockNumber)] as never,
    });
    const receipt = receipts?.find(({ transactionHash }) => transactionHash === hash);
    return receipt && formatTransactionReceipt(receipt).status;
  } catch {
    return undefined;
  }
}
