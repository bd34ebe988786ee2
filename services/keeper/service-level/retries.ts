/** Longest time between two tries, in slots: more than half a day on public networks. */
const LONGEST_WAIT = 4_096;

/** When epochs that could not be counted are looked at again: after one slot, two, four, and so on. */
export class Retries {
  readonly #epochs = new Map<number, { readonly wait: number; readonly slot: number }>();

  /** Whether an epoch was tried before. */
  wasTried(epoch: number): boolean {
    return this.#epochs.has(epoch);
  }

  /** Whether an epoch may be tried in a slot. */
  isDue(epoch: number, slot: number): boolean {
    return slot >= (this.#epochs.get(epoch)?.slot ?? 0);
  }

  /** Notes a try that failed. @returns the slot of the next one */
  failed(epoch: number, slot: number): number {
    const wait = Math.min(LONGEST_WAIT, 2 * (this.#epochs.get(epoch)?.wait ?? 0.5));
    this.#epochs.set(epoch, { wait, slot: slot + wait });
    return slot + wait;
  }

  /** Lets go of what is not tried any more. */
  forgetBefore(epoch: number): void {
    for (const known of this.#epochs.keys()) if (known < epoch) this.#epochs.delete(known);
  }
}
