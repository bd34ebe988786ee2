/** Blocks of one request for events: what Besu answers (--rpc-max-logs-range), and most public endpoints. */
const BLOCKS_PER_REQUEST = 5_000n;

/** Ends of a part of the chain, both included. */
export interface BlockRange {
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
}

/** Parts of the chain that one request each may ask about, the oldest first. Both ends are included. */
export function* blockRanges(first: bigint, last: bigint): Generator<BlockRange> {
  for (let fromBlock = first; fromBlock <= last; fromBlock += BLOCKS_PER_REQUEST) {
    const end = fromBlock + BLOCKS_PER_REQUEST - 1n;
    yield { fromBlock, toBlock: end < last ? end : last };
  }
}

/** As {@link blockRanges}, the newest first: for who looks for the last of something. */
export function* blockRangesBack(first: bigint, last: bigint): Generator<BlockRange> {
  for (let toBlock = last; toBlock >= first; toBlock -= BLOCKS_PER_REQUEST) {
    const begin = toBlock - BLOCKS_PER_REQUEST + 1n;
    yield { fromBlock: begin > first ? begin : first, toBlock };
  }
}
