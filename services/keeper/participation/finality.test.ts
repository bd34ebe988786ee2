import { assert, array, constantFrom, property, record, type Arbitrary } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attestation, BeaconBlock } from "../beacon/block.ts";
import { EPOCHS_AFTER, EPOCHS_BEFORE, isFinalizing } from "./evaluate.ts";

const ROOT = `0x${"00".repeat(32)}` as const;
const GENESIS_EPOCH = 0;

/** What happens in an epoch. */
interface Epoch {
  /** Whether two thirds vote for its target by its own end, or by the next one's, or never. */
  readonly justified: "itself" | "next" | "never";
  /** Whether attestations of it get onto the chain in it, or in the next, or in neither. */
  readonly attested: "itself" | "next" | "never";
}

/** What the state has at the beginning of each epoch, and the blocks. */
interface Simulated {
  readonly finalizedIn: readonly number[];
  readonly justified: ReadonlySet<number>;
  readonly blocks: readonly (BeaconBlock & { readonly epoch: number })[];
}

/** weigh_justification_and_finalization, line by line (phase0/beacon-chain.md, Justification and finalization). */
function simulate(epochs: readonly Epoch[]): Simulated {
  let previousJustified = GENESIS_EPOCH;
  let currentJustified = GENESIS_EPOCH;
  let finalized = GENESIS_EPOCH;
  let bits = [false, false, false, false];
  const finalizedIn: number[] = [];
  const justified = new Set<number>();
  const blocks: Simulated["blocks"][number][] = [];
  epochs.forEach(({ justified: how, attested }, epoch) => {
    finalizedIn.push(finalized);
    const attestations: Attestation[] = [];
    if (epochs[epoch - 1]?.attested === "next") attestations.push(vote(epoch - 1, previousJustified));
    if (attested === "itself") attestations.push(vote(epoch, currentJustified));
    blocks.push({ ...BLOCK, epoch, slot: epoch * 8, attestations });

    // At its end.
    if (epoch <= GENESIS_EPOCH + 1) return;
    const oldPrevious = previousJustified;
    const oldCurrent = currentJustified;
    previousJustified = currentJustified;
    bits = [false, ...bits.slice(0, 3)];
    if (epochs[epoch - 1]?.justified !== "never") {
      currentJustified = epoch - 1;
      bits[1] = true;
    }
    if (how === "itself") {
      currentJustified = epoch;
      bits[0] = true;
    }
    if (bits[1]) justified.add(epoch - 1);
    if (bits[0]) justified.add(epoch);
    if (bits[1] && bits[2] && bits[3] && oldPrevious + 3 === epoch) finalized = oldPrevious;
    if (bits[1] && bits[2] && oldPrevious + 2 === epoch) finalized = oldPrevious;
    if (bits[0] && bits[1] && bits[2] && oldCurrent + 2 === epoch) finalized = oldCurrent;
    if (bits[0] && bits[1] && oldCurrent + 1 === epoch) finalized = oldCurrent;
  });
  return { finalizedIn, justified, blocks };
}

const BLOCK: BeaconBlock = {
  slot: 0,
  parentRoot: ROOT,
  stateRoot: ROOT,
  proposerIndex: 0,
  attestations: [],
  slashed: [],
  exited: [],
  exitRequests: [],
  payload: { blockNumber: 0n, feeRecipient: `0x${"00".repeat(20)}`, timestamp: 0, withdrawals: [] },
};

function vote(targetEpoch: number, sourceEpoch: number): Attestation {
  return {
    aggregationBits: "0x01",
    committeeBits: undefined,
    slot: targetEpoch * 8,
    index: 0,
    headRoot: ROOT,
    sourceEpoch,
    targetEpoch,
    targetRoot: ROOT,
  };
}

const epochOf: Arbitrary<Epoch> = record({
  justified: constantFrom("itself", "itself", "next", "never"),
  attested: constantFrom("itself", "itself", "itself", "next", "never"),
});

/** What is said of an epoch from the blocks that {@link evaluateEpoch} is given for the one before it. */
function said({ blocks }: Simulated, epoch: number): boolean {
  const first = epoch - EPOCHS_AFTER - EPOCHS_BEFORE;
  return isFinalizing(
    epoch,
    blocks.filter((block) => block.epoch >= first && block.epoch <= epoch),
  );
}

describe("finality told by blocks", () => {
  it("is never said to be there when the state's checkpoint is older than four epochs", () => {
    const verdicts = { yes: 0, no: 0 };
    assert(
      property(array(epochOf, { minLength: 5, maxLength: 24 }), (epochs) => {
        const chain = simulate(epochs);
        chain.finalizedIn.forEach((finalized, epoch) => {
          const yes = said(chain, epoch);
          verdicts[yes ? "yes" : "no"] += 1;
          if (yes) expect(finalized).toBeGreaterThanOrEqual(epoch - EPOCHS_BEFORE);
        });
      }),
      { numRuns: 2_000 },
    );
    expect(Math.min(verdicts.yes, verdicts.no)).toBeGreaterThan(1_000);
  });

  it("is missed only where a justified epoch never was a source, or nobody told", () => {
    let compared = 0;
    assert(
      property(array(epochOf, { minLength: 5, maxLength: 24 }), (drawn) => {
        const chain = simulate(drawn.map(({ justified }) => ({ justified, attested: "itself" })));
        chain.finalizedIn.forEach((finalized, epoch) => {
          const sources = new Set(
            chain.blocks.flatMap(({ attestations }) => attestations.map((each) => each.sourceEpoch)),
          );
          const isKnown = [...chain.justified].every((each) => each >= epoch || sources.has(each));
          if (!isKnown || epoch < EPOCHS_BEFORE) return;
          compared += 1;
          expect(said(chain, epoch)).toBe(finalized >= epoch - EPOCHS_BEFORE);
        });
      }),
      { numRuns: 2_000 },
    );
    expect(compared).toBeGreaterThan(1_000);
  });

  it.each(["itself", "next"] as const)("is there while each epoch is justified by %s's end", (justified) => {
    const chain = simulate(Array.from({ length: 30 }, () => ({ justified, attested: "itself" })));
    chain.finalizedIn.forEach((_, epoch) => expect(said(chain, epoch)).toBe(true));
  });

  it("comes back after an interruption", () => {
    const epochs = Array.from(
      { length: 30 },
      (_, epoch): Epoch => ({
        justified: epoch >= 10 && epoch < 18 ? "never" : "itself",
        attested: "itself",
      }),
    );
    const chain = simulate(epochs);
    const verdicts = chain.finalizedIn.map((_, epoch) => said(chain, epoch));
    expect(verdicts.indexOf(false)).toBe(13);
    expect(verdicts.lastIndexOf(false)).toBe(19);
  });
});
