import { createBlock, type Block } from "@ethereumjs/block";
import { Chain } from "@ethereumjs/client/dist/esm/src/blockchain/chain.js";
import { Config } from "@ethereumjs/client/dist/esm/src/config.js";
import { ReceiptsManager } from "@ethereumjs/client/dist/esm/src/execution/receipt.js";
import { VMExecution } from "@ethereumjs/client/dist/esm/src/execution/vmexecution.js";
import { DBKey } from "@ethereumjs/client/dist/esm/src/util/metaDBManager.js";
import { createCommonFromGethGenesis, type GethGenesis } from "@ethereumjs/common";
import { MemoryLevel } from "memory-level";
import { afterEach, describe, expect, it } from "vitest";
import { keepReceipts } from "./receipts.mjs";

const FORKS = ["homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul"];
const GENESIS: GethGenesis = {
  config: {
    chainId: 32382,
    ...Object.fromEntries([...FORKS, "berlin", "london", "mergeNetsplit"].map((fork) => [`${fork}Block`, 0])),
    ...{ terminalTotalDifficulty: 0, terminalTotalDifficultyPassed: true, shanghaiTime: 0 },
  },
  ...{ nonce: "0x0", timestamp: "0x1", extraData: "0x", gasLimit: "0x1c9c380", difficulty: "0x0" },
  ...{ mixHash: `0x${"00".repeat(32)}`, coinbase: `0x${"00".repeat(20)}`, parentHash: `0x${"00".repeat(32)}` },
  ...{ baseFeePerGas: "0x3b9aca00", number: "0x0", gasUsed: "0x0", alloc: {} },
};
const forget = Object.getOwnPropertyDescriptor(ReceiptsManager.prototype, "deleteReceipts") ?? {};

/** The client's own chain, with two empty blocks that were run. */
async function clientWithTwoBlocks(): Promise<{ execution: VMExecution; blocks: Block[] }> {
  const common = createCommonFromGethGenesis(GENESIS, { chain: "devnet" });
  const config = new Config({ common, saveReceipts: true });
  const chain = await Chain.create({ config, chainDB: new MemoryLevel(), genesisState: {} });
  await chain.open();
  const execution = new VMExecution({ config, chain, metaDB: new MemoryLevel(), stateDB: new MemoryLevel() });
  await execution.open();
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
