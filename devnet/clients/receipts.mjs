// Makes EthereumJS keep the receipts of blocks that a reorganisation takes from the chain.

/**
 * Replaces a method of the class ReceiptsManager. A forkchoice update may name a block below the present head, as a beacon node that is late
 * does, and the one above it at the next: the client forgets the receipts of what leaves the chain, and has none when it comes back, for a
 * block is run once. Receipts are found by their block's hash, and logs and
 * receipts are told of the chain's blocks only; a transaction of a block that left it for good may still be found by its hash.
 */
export function keepReceipts(ReceiptsManager) {
  ReceiptsManager.prototype.deleteReceipts = async function () {};
}
