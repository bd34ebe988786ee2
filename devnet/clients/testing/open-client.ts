import { Chain } from "@ethereumjs/client/dist/esm/src/blockchain/chain.js";
import { Config } from "@ethereumjs/client/dist/esm/src/config.js";
import { VMExecution } from "@ethereumjs/client/dist/esm/src/execution/vmexecution.js";
import { createCommonFromGethGenesis, type Common, type GenesisState, type GethGenesis } from "@ethereumjs/common";
import { MemoryLevel } from "memory-level";

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

/**
 * What EthereumJS's client is made of, as far as tests look at it: its own chain, at its genesis, and what runs blocks.
 * @param genesisState accounts at genesis: balance, code and storage
 */
export async function openClient(genesisState: GenesisState = {}): Promise<{
  readonly common: Common;
  readonly chain: Chain;
  readonly execution: VMExecution;
}> {
  const common = createCommonFromGethGenesis(GENESIS, { chain: "devnet" });
  const config = new Config({ common, saveReceipts: true });
  const chain = await Chain.create({ config, chainDB: new MemoryLevel(), genesisState });
  await chain.open();
  const execution = new VMExecution({ config, chain, metaDB: new MemoryLevel(), stateDB: new MemoryLevel() });
  await execution.open();
  return { common, chain, execution };
}
