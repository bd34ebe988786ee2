/** A beacon node, and how the others of its network reach it. */
export interface OwnBeaconNode {
  /** Where the network's beacon nodes are written down. */
  readonly folder: string;
  /** Its beacon API. */
  readonly url: string;
  /** Socket of its execution client, where that is geth. */
  readonly executionIpc?: string | undefined;
}

/**
 * Connects a beacon node with the others of its network, now and whenever a connection is lost.
 * @param intervalMs pause between two looks
 * @returns heads of the others that answered at the last look; undefined before the first
 */
export function keepConnected(
  own: OwnBeaconNode,
  intervalMs: number,
): { readonly heads: () => readonly { readonly slot: number; readonly root: string }[] | undefined };
