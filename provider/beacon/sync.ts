import { setTimeout as sleep } from "node:timers/promises";
import { EthstakeError } from "../../lib/errors.ts";
import type { OperationContext } from "../resource.ts";
import type { BeaconClient } from "./api.ts";

/** How long a beacon node is waited for, and how often it is asked, in milliseconds. From a checkpoint it takes some minutes. */
const SYNC_PATIENCE_MS = 900_000;
const SYNC_POLL_MS = 5_000;

/** The beacon node does not follow the chain's head yet. */
export class BeaconNodeSyncingError extends EthstakeError<{ url: string }> {
  readonly code = "BEACON_NODE_SYNCING";
  constructor(url: string) {
    super(
      `The beacon node at ${url} is still syncing.`,
      { url },
      { remedy: "Run it again once it is synced; nothing is lost." },
    );
  }
}

/**
 * Waits for a beacon node: one that was started by the same run may still be on its way to the head, and what it says of keys before is of
 * the past.
 * @throws {@link BeaconNodeSyncingError}
 */
export async function awaitSynced(
  beacon: BeaconClient,
  { log, signal }: Pick<OperationContext, "log" | "signal">,
): Promise<void> {
  for (const deadline = Date.now() + SYNC_PATIENCE_MS; !(await beacon.isSynced()); ) {
    if (Date.now() > deadline || signal.aborted) throw new BeaconNodeSyncingError(beacon.url);
    log(`waiting for the beacon node at ${beacon.url}, which is syncing`);
    await sleep(SYNC_POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
