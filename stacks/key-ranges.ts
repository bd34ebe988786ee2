/** A range of an operator's keys: which node has it, where it begins in the mnemonic, how long it is. */
export interface AssignedKeyRange {
  readonly node: string;
  readonly startIndex: number;
  readonly count: number;
}

/** Gives each range its indices in the operator's mnemonic, one after the other: no index is in two ranges. */
export function assignKeyRanges(
  ranges: readonly { readonly node: string; readonly count: number }[],
): AssignedKeyRange[] {
  let next = 0;
  return ranges.map(({ node, count }) => {
    const startIndex = next;
    next += count;
    return { node, startIndex, count };
  });
}
