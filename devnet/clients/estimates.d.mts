/** A class of EthereumJS's client that answers requests, as far as it is looked at. */
interface Answers {
  readonly prototype: { estimateGas(params: readonly [request: object, block?: string]): Promise<string> };
}

/** Lets a class take requests with the fees of EIP-1559 for what they are; see estimates.mjs. */
export function tellTypeByFees(Eth: Answers): void;
