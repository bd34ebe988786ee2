#!/usr/bin/env node
// Writes a Capella genesis state for the embedded devnet:  node genesis-state.mjs SPEC.json
//
// A process of its own, because Lodestar's preset is fixed per process. SPEC.json:
// { chainFile, executionGenesisFile, validatorCount, withdrawalAddress, genesisTime (unix seconds), output }
import fs from "node:fs";
import { activatePreset } from "./lodestar-preset.mjs";

const spec = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const chain = JSON.parse(fs.readFileSync(spec.chainFile, "utf8"));
activatePreset(chain.preset);

const { createIChainForkConfig, chainConfigFromJson } = await import("@lodestar/config");
const { minimalChainConfig } = await import("@lodestar/config/presets");
const { ssz } = await import("@lodestar/types");
const { nodeUtils } = await import("@lodestar/beacon-node");
const { createBlockchain } = await import("@ethereumjs/blockchain");
const { createCommonFromGethGenesis, parseGethGenesisState } = await import("@ethereumjs/common");

const executionBlock = await executionGenesisBlock(JSON.parse(fs.readFileSync(spec.executionGenesisFile, "utf8")));
const config = createIChainForkConfig({ ...minimalChainConfig, ...chainConfigFromJson(chain.config) });
const { state } = nodeUtils.initDevState(config, spec.validatorCount, {
  genesisTime: spec.genesisTime,
  eth1BlockHash: executionBlock.hash(),
  eth1Timestamp: Number(executionBlock.header.timestamp),
});

const credentials = Buffer.concat([
  Buffer.from([1]),
  Buffer.alloc(11),
  Buffer.from(spec.withdrawalAddress.slice(2), "hex"),
]);
for (let index = 0; index < state.validators.length; index++)
  state.validators.get(index).withdrawalCredentials = credentials;
state.commit();
state.genesisValidatorsRoot = state.validators.hashTreeRoot();

// The interop state pretends that its validators came through the deposit contract; on this chain none has.
state.eth1Data = ssz.phase0.Eth1Data.toViewDU({
  depositRoot: ssz.phase0.DepositDataRootList.hashTreeRoot([]),
  depositCount: 0,
  blockHash: executionBlock.hash(),
});
state.eth1DepositIndex = 0;

const { header } = executionBlock;
const payloadHeader = ssz.capella.ExecutionPayloadHeader;
state.latestExecutionPayloadHeader = payloadHeader.toViewDU({
  ...payloadHeader.defaultValue(),
  parentHash: header.parentHash,
  feeRecipient: header.coinbase.bytes,
  stateRoot: header.stateRoot,
  receiptsRoot: header.receiptTrie,
  logsBloom: header.logsBloom,
  prevRandao: header.mixHash,
  blockNumber: 0,
  gasLimit: Number(header.gasLimit),
  gasUsed: 0,
  timestamp: Number(header.timestamp),
  extraData: header.extraData,
  baseFeePerGas: header.baseFeePerGas,
  blockHash: executionBlock.hash(),
  transactionsRoot: ssz.bellatrix.Transactions.hashTreeRoot([]),
  withdrawalsRoot: ssz.capella.Withdrawals.hashTreeRoot([]),
});
state.commit();

const temporary = `${spec.output}.${process.pid}`;
fs.writeFileSync(temporary, state.serialize());
fs.renameSync(temporary, spec.output);
const hex = (bytes) => `0x${Buffer.from(bytes).toString("hex")}`;
console.log(
  JSON.stringify({
    executionBlockHash: hex(executionBlock.hash()),
    genesisValidatorsRoot: hex(state.genesisValidatorsRoot),
    genesisForkVersion: hex(config.GENESIS_FORK_VERSION),
    genesisTime: state.genesisTime,
  }),
);
process.exit(0);

/** The block that every execution client derives from the same geth-format genesis file. */
async function executionGenesisBlock(gethGenesis) {
  const common = createCommonFromGethGenesis(gethGenesis, { chain: "devnet" });
  const blockchain = await createBlockchain({ common, genesisState: parseGethGenesisState(gethGenesis) });
  return blockchain.genesisBlock;
}
