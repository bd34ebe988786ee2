// What a transaction needs, as EthereumJS tells it (eth_estimateGas). It takes a request without a type for a legacy one whatever fees it
// names, and then says that it offers no gas price: libraries leave the type out, and other clients tell it by the fees.

/** Replaces a method of the client's Eth class: a request that names the fees of EIP-1559 is of that type. */
export function tellTypeByFees(Eth) {
  const { estimateGas } = Eth.prototype;
  Eth.prototype.estimateGas = function ([request, block]) {
    const { type = "0x2", ...rest } = request;
    const names1559 = rest.maxFeePerGas !== undefined || rest.maxPriorityFeePerGas !== undefined;
    return estimateGas.call(this, [names1559 ? { ...rest, type } : request, block]);
  };
}
