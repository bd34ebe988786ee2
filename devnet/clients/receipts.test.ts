import { createBlock, type Block } from "@ethereumjs/block";
import { ReceiptsManager } from "@ethereumjs/client/dist/esm/src/execution/receipt.js";
import type { VMExecution } from "@ethereumjs/client/dist/esm/src/execution/vmexecution.js";
import { DBKey } from "@ethereumjs/client/dist/esm/src/util/metaDBManager.js";
import { afterEach, describe, expect, it } from "vitest";
import { keepReceipts } from "./receipts.mjs";
import { openClient } from "./testing/open-client.ts";

const forget = Object.getOwnPropertyDescriptor(ReceiptsManager.prototype, "deleteReceipts") ?? {};

/** The client's own chain, with two empty blocks that were run. */
async function clientWithTwoBlocks(): Promise<{ execution: VMExecution; blocks: Block[] }> {
  const { common, chain, execution } = await openClient();
  const blocks: Block[] = [];
  for (let parent: Block = chain.genesis; blocks.length < 2; parent = blocks.at(-1) ?? parent) {
    const { number, timestamp, gasLimit, stateRoot } = parent.header;
    const header = {
      ...{ parentHash: parent.hash(), number: number + 1n, timestamp: timestamp + 12n },
      ...{ gasLimit, stateRoot, baseFeePerGas: parent.header.calcNextBaseFee() },
    };
    blocks.push(createBlock({ header, withdrawals: [] }, { common, setHardfork: true }));
  }
  // A block that the client built itself: its receipts are known.
  for (const block of blocks) await execution.runWithoutSetHead({ block }, [], true, true);
  return { execution, blocks };
}

/** Whether the newest block's receipts are there once the head was set to it, to its parent, and to it again. */
async function receiptsAfterStepBack(): Promise<boolean> {
  const { execution, blocks } = await clientWithTwoBlocks();
  const [parent, head] = blocks;
  if (!parent || !head) throw new Error("there are two blocks");
  for (const block of [parent, head, parent, head]) {
    expect(await execution.setHead([block])).toBe(true);
    // What the client does about blocks that left the chain it does later.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return (await execution.receiptsManager?.get(DBKey.Receipts, head.hash())) !== null;
}

describe("keepReceipts", () => {
  afterEach(() => void Object.defineProperty(ReceiptsManager.prototype, "deleteReceipts", forget));

  it("keeps receipts of a block that left the chain and came back, which the client would lose", async () => {
    expect(await receiptsAfterStepBack()).toBe(false);
    keepReceipts(ReceiptsManager);
    expect(await receiptsAfterStepBack()).toBe(true);
  });
});
