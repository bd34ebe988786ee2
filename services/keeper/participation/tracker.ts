import { BeaconApiError } from "../../../provider/beacon/api.ts";
import type { BeaconBlock } from "../beacon/block.ts";
import type { BeaconReader, BlockHeader, ChainParameters } from "../beacon/reader.ts";
import { ourDuties, type EpochDuties } from "./duties.ts";
import type { DutyStore } from "./duty-store.ts";
import {
  EPOCHS_AFTER,
  EPOCHS_BEFORE,
  evaluateEpoch,
  rootsOf,
  type ChainSegment,
  type EpochParticipation,
} from "./evaluate.ts";

/** Blocks are asked for so many at a time. */
const BLOCKS_AT_A_TIME = 4;
/** What a node says while it syncs, or what stands before it while it is away: not that it has no such state. */
const PASSING_STATUSES = [408, 429, 502, 503, 504];

/** An epoch's participation with its blocks and those of the epoch after, for who counts more than attestations. */
export interface TrackedEpoch extends EpochParticipation {
  readonly blocks: readonly BeaconBlock[];
  readonly following: readonly BeaconBlock[];
}

/**
 * Follows the finalised chain epoch by epoch. It keeps a few epochs' blocks in memory, and their duties on disk too where it has a place:
 * what is lost with the process is read again.
 */
export class ParticipationTracker {
  readonly #reader: BeaconReader;
  readonly #duties = new Map<number, EpochDuties>();
  /** Finalised blocks by epoch. */
  readonly #blocks = new Map<number, readonly BeaconBlock[]>();
  readonly #store: DutyStore | undefined;
  #forgottenBefore: number | undefined;

  /** @param store where duties outlive the process; absent: nowhere */
  constructor(reader: BeaconReader, store?: DutyStore) {
    this.#reader = reader;
    this.#store = store;
  }

  /** The newest epoch that can be judged: all blocks that may carry its attestations are final. */
  async newestComplete(): Promise<number> {
    return (await this.#reader.finalizedEpoch()) - EPOCHS_AFTER - 1;
  }

  /**
   * Writes down the duties of the epochs around the head, while every node knows them: of the one before, the present and the next one,
   * whose shuffling is fixed as well (MIN_SEED_LOOKAHEAD). A keeper that is away for two epochs misses none.
   * @param isOurs by validator index
   */
  async noteDuties(isOurs: (index: number) => boolean): Promise<void> {
    const { slotsPerEpoch } = await this.#reader.parameters();
    const head = await this.#reader.head();
    const epoch = Math.floor(head.slot / slotsPerEpoch);
    for (const each of [epoch - 1, epoch, epoch + 1]) {
      if (each < 0 || (await this.#isNoted(each))) continue;
      await this.#readDuties(each, head, isOurs);
    }
  }

  /**
   * What our validators did in an epoch that is complete.
   * @returns undefined when the beacon node does not know who had to attest when, or lacks blocks: for now, or for good
   */
  async evaluate(epoch: number, isOurs: (index: number) => boolean): Promise<TrackedEpoch | undefined> {
    const parameters = await this.#reader.parameters();
    this.#keepAround(epoch);
    const segment = await this.#segment(epoch, parameters);
    if (!(await this.#isWhole(segment.blocks, epoch, parameters))) {
      // It may fetch them yet.
      this.#blocks.clear();
      return undefined;
    }
    const rootAt = rootsOf(segment);
    const noted = await this.#noted(epoch);
    const duties =
      noted && rootAt(noted.anchor.slot) === noted.anchor.root
        ? noted
        : await this.#dutiesOfOld(epoch, segment, parameters, isOurs);
    if (!duties) return undefined;
    const blocks = this.#blocks.get(epoch) ?? [];
    const following = this.#blocks.get(epoch + 1) ?? [];
    return { ...evaluateEpoch(epoch, duties, segment, parameters), blocks, following };
  }

  /** Lets go of noted duties that no window needs any more. Asked in every slot, it looks at the disk once a window. */
  async forgetDutiesBefore(epoch: number): Promise<void> {
    if (epoch === this.#forgottenBefore) return;
    for (const known of this.#duties.keys()) if (known < epoch) this.#duties.delete(known);
    await this.#store?.forgetBefore(epoch);
    this.#forgottenBefore = epoch;
  }

  async #readDuties(
    epoch: number,
    { slot, root, stateRoot }: BlockHeader,
    isOurs: (index: number) => boolean,
  ): Promise<EpochDuties> {
    const committees = await this.#reader.committees(stateRoot, epoch);
    const duties = ourDuties(epoch, { slot, root }, committees, isOurs);
    this.#duties.set(epoch, duties);
    await this.#store?.save(duties);
    return duties;
  }

  /** Whether an epoch's duties are noted, of a block that is still on the chain: one that was left behind may have had others. */
  async #isNoted(epoch: number): Promise<boolean> {
    const noted = await this.#noted(epoch);
    return noted !== undefined && (await this.#reader.header(noted.anchor.slot))?.root === noted.anchor.root;
  }

  async #noted(epoch: number): Promise<EpochDuties | undefined> {
    const known = this.#duties.get(epoch) ?? (await this.#store?.load(epoch));
    if (known) this.#duties.set(epoch, known);
    return known;
  }

  /** Duties of an epoch that was not followed: nodes that keep old states tell them. */
  async #dutiesOfOld(
    epoch: number,
    { blocks }: ChainSegment,
    { slotsPerEpoch }: ChainParameters,
    isOurs: (index: number) => boolean,
  ): Promise<EpochDuties | undefined> {
    const block = blocks.find(({ slot }) => slot >= epoch * slotsPerEpoch);
    if (!block) return undefined;
    const header = await this.#reader.header(block.slot);
    if (!header) return undefined;
    return await this.#readDuties(epoch, header, isOurs).catch((error: unknown) => {
      // A node that answers, but has no such state: another one may.
      const { status } = error instanceof BeaconApiError ? error.data : {};
      if (status !== undefined && !PASSING_STATUSES.includes(status)) return undefined;
      throw error;
    });
  }

  async #segment(epoch: number, { slotsPerEpoch }: ChainParameters): Promise<ChainSegment> {
    const first = Math.max(0, epoch - EPOCHS_BEFORE);
    const blocks: BeaconBlock[] = [];
    for (let each = first; each <= epoch + EPOCHS_AFTER; each++) {
      const known = this.#blocks.get(each) ?? (await this.#readBlocks(each, slotsPerEpoch));
      this.#blocks.set(each, known);
      blocks.push(...known);
    }
    return { rootBefore: blocks[0]?.parentRoot, blocks };
  }

  /**
   * Whether a slot without a block is one of the chain: a node that has not fetched old blocks does not tell them apart. Whatever comes
   * after such a slot names the block before it. Headers are asked for by slot: not every node finds old blocks by root.
   */
  async #isWhole(blocks: readonly BeaconBlock[], epoch: number, { slotsPerEpoch }: ChainParameters): Promise<boolean> {
    if (blocks.length === 0) return false;
    // Genesis is the parent of the first block.
    const first = Math.max(1, (epoch - EPOCHS_BEFORE) * slotsPerEpoch);
    const end = (epoch + EPOCHS_AFTER + 1) * slotsPerEpoch;
    const following = blocks.at(-1)?.slot === end - 1 ? undefined : await this.#reader.headerFrom(end);
    let next = first;
    for (const { slot, parentRoot } of following ? [...blocks, following] : blocks) {
      if (slot > next && (await this.#reader.headerUntil(next - 1))?.root !== parentRoot) return false;
      next = slot + 1;
    }
    return true;
  }

  async #readBlocks(epoch: number, slotsPerEpoch: number): Promise<BeaconBlock[]> {
    const slots = Array.from({ length: slotsPerEpoch }, (_, index) => epoch * slotsPerEpoch + index);
    // Genesis has a root and no block.
    if (epoch === 0) slots.shift();
    const blocks: BeaconBlock[] = [];
    for (let start = 0; start < slots.length; start += BLOCKS_AT_A_TIME) {
      const part = slots.slice(start, start + BLOCKS_AT_A_TIME);
      const found = await Promise.all(part.map((slot) => this.#reader.block(slot)));
      blocks.push(...found.filter((block) => block !== undefined));
    }
    return blocks;
  }

  /** Lets go of blocks and duties of other epochs than one is evaluated with: memory does not grow with what fails. */
  #keepAround(epoch: number): void {
    const isNear = (known: number): boolean => known >= epoch - EPOCHS_BEFORE && known <= epoch + EPOCHS_AFTER;
    for (const known of this.#blocks.keys()) if (!isNear(known)) this.#blocks.delete(known);
    for (const known of this.#duties.keys()) if (known < epoch) this.#duties.delete(known);
  }
}
