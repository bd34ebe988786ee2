/** A class of EthereumJS's client that answers requests, as far as it is looked at. */
interface Answers {
  readonly prototype: { estimateGas(params: readonly [request: object, block?: string]): Promise<string> };
}

/** Lets a class give estimates that libraries can use; see estimates.mjs. */
export function improveEstimates(Eth: Answers): void;
