// What a transaction needs, as EthereumJS tells it (eth_estimateGas), made what libraries count on from other clients.

/** Gas of a transfer. */
const TRANSFER = 21_000n;

/**
 * Replaces a method of the client's Eth class.
 * - A request with the fees of EIP-1559 is of that type. The client takes one without a type, which libraries leave out, for a legacy
 *   one, and says that it offers no gas price.
 * - An estimate is enough to send with. The client tells what a call has cost once its refund was taken off; the refund comes at the end,
 *   and is a fifth of the gas at most (EIP-3529). Of what is left a call within the call gets all but a 64th (EIP-150).
 */
export function improveEstimates(Eth) {
  const { estimateGas } = Eth.prototype;
  Eth.prototype.estimateGas = async function ([request, block]) {
    const { type = "0x2", ...rest } = request;
    const names1559 = rest.maxFeePerGas !== undefined || rest.maxPriorityFeePerGas !== undefined;
    const spent = BigInt(await estimateGas.call(this, [names1559 ? { ...rest, type } : request, block]));
    const needed = spent > TRANSFER ? (spent * 5n * 64n) / (4n * 63n) + 1n : spent;
    return `0x${needed.toString(16)}`;
  };
}
