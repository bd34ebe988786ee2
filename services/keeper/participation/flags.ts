/** Participation flags as bits (altair/beacon-chain.md, Participation flag indices). */
export const FLAG = { source: 1, target: 2, head: 4 } as const;

/** How an attestation came onto the chain. */
export interface Inclusion {
  /** Slots between the attestation's and its block's. */
  readonly delay: number;
  readonly correctTarget: boolean;
  readonly correctHead: boolean;
}

/**
 * The flags that an included attestation earns: get_attestation_participation_flag_indices of altair/beacon-chain.md, and of
 * deneb/beacon-chain.md, which takes the target however late it comes (EIP-7045). A block cannot carry one with a wrong source.
 */
export function participationFlags(
  { delay, correctTarget, correctHead }: Inclusion,
  slotsPerEpoch: number,
  isDeneb: boolean,
): number {
  let flags = 0;
  if (delay <= Math.floor(Math.sqrt(slotsPerEpoch))) flags |= FLAG.source;
  if (correctTarget && (isDeneb || delay <= slotsPerEpoch)) flags |= FLAG.target;
  // MIN_ATTESTATION_INCLUSION_DELAY
  if (correctTarget && correctHead && delay === 1) flags |= FLAG.head;
  return flags;
}
