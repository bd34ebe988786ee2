import { setTimeout as sleep } from "node:timers/promises";
import { EthstakeError } from "../lib/errors.ts";
import type { NetworkReader, ValidatorReport } from "./proofs.ts";

/** Says what is being waited for. */
export type Progress = (message: string) => void;

/** How long each stage may take before it counts as failed, in epochs of the network. */
const PATIENCE_EPOCHS = 40;

/** How far the head may be behind the clock, in slots: a missed proposal or two is ordinary. */
const HEAD_TOLERANCE_SLOTS = 4;
/** How long a beacon node may take to reach the clock, in milliseconds. */
const HEAD_PATIENCE_MS = 60_000;

/** The chain stands still although its processes run. */
export class DevnetStalledError extends EthstakeError<{ headSlot: number; clockSlot: number }> {
  readonly code = "DEVNET_STALLED";
  constructor(headSlot: number, clockSlot: number) {
    super(
      `The head stands at slot ${headSlot} while the clock says ${clockSlot}.`,
      { headSlot, clockSlot },
      {
        remedy:
          "The beacon node of this devnet cannot go on after all of its processes ended together (a reboot, say): run `npm run devnet:down` and start a new one.",
      },
    );
  }
}

/** Waits until the head is where the clock is. @throws {@link DevnetStalledError} */
export async function awaitHead(reader: NetworkReader): Promise<void> {
  const { genesisTime, secondsPerSlot } = reader.network;
  for (const deadline = Date.now() + HEAD_PATIENCE_MS; ; ) {
    const head = await reader.headSlot();
    const clock = Math.floor((Date.now() / 1_000 - genesisTime) / secondsPerSlot);
    if (head >= 1 && head >= clock - HEAD_TOLERANCE_SLOTS) return;
    if (Date.now() > deadline) throw new DevnetStalledError(head, clock);
    await sleep(250);
  }
}

/** Waits until the validators are active. */
export async function awaitActivation(reader: NetworkReader, progress: Progress): Promise<ValidatorReport[]> {
  return await until(reader, async () => {
    const validators = await reader.validators();
    const states = validators.map(
      ({ pubkey, status }) => `${pubkey.slice(0, 10)}… ${status === "unknown" ? "not seen yet" : status}`,
    );
    progress(
      `waiting for the beacon chain to activate the deposits: ${states.join(", ")}; head at slot ${await reader.headSlot()}`,
    );
    return validators.every(({ status }) => status.startsWith("active")) ? validators : undefined;
  });
}

/** Sends small payments with priority fees, as users of a chain do, until a block of ours has taken some. */
export async function awaitProposal(
  reader: NetworkReader,
  validators: readonly ValidatorReport[],
  progress: Progress,
): Promise<void> {
  const sender = await reader.senderOf("staker");
  const indices = validators.flatMap(({ index }) => (index === undefined ? [] : [index]));
  await until(reader, async () => {
    progress(
      `waiting for validator ${indices.join(" or ")} to propose a block with fees; head at slot ${await reader.headSlot()}`,
    );
    await sender.send({ purpose: "A payment with a priority fee", to: sender.account.address, value: 1n });
    const { balance, settled } = await reader.rewardsReceived();
    return balance + settled > 0n ? true : undefined;
  });
}

/** Waits for something, with the network's patience. */
export async function until<Value>(reader: NetworkReader, attempt: () => Promise<Value | undefined>): Promise<Value> {
  const { secondsPerSlot, slotsPerEpoch } = reader.network;
  for (
    const deadline = Date.now() + PATIENCE_EPOCHS * slotsPerEpoch * secondsPerSlot * 1_000;
    Date.now() < deadline;

  ) {
    const value = await attempt();
    if (value !== undefined) return value;
    await sleep(secondsPerSlot * 500);
  }
  throw new Error(`this did not happen within ${PATIENCE_EPOCHS} epochs`);
}
