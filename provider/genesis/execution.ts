import type { Address, Hex } from "viem";
import { parseEther, toHex } from "viem";
import { DETERMINISTIC_DEPLOYER } from "../chain/artifact.ts";

/** Runtime code of the deterministic deployer, as it stands on public networks (Arachnid/deterministic-deployment-proxy). */
const DETERMINISTIC_DEPLOYER_CODE: Hex =
  "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

/** The canonical deposit contract (reference: mainnet and hoodi). */
export const DEPOSIT_CONTRACT: Address = "0x00000000219ab540356cBB839Cbe05303d7705Fa";

/** The execution genesis precedes the consensus genesis, so that block 1 is later than block 0 whatever the slot time. In seconds. */
const EXECUTION_LEAD_SECONDS = 60;

export interface ExecutionGenesisOptions {
  readonly chainId: number;
  /** Unix seconds of the consensus genesis. */
  readonly genesisTime: number;
  /** Balances in ether, as decimal strings. */
  readonly balances: Readonly<Record<Address, string>>;
  readonly depositContract: { readonly code: Hex; readonly storage: readonly (readonly [Hex, Hex])[] };
}

/** An execution genesis in geth's format, at the Shanghai fork from the first block on. */
export function renderExecutionGenesis(options: ExecutionGenesisOptions): object {
  const zeroBlocks = [
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "berlinBlock",
    "londonBlock",
    "mergeNetsplitBlock",
  ];
  const funded = Object.entries(options.balances).map(([address, ether]): [string, object] => [
    address,
    { balance: toHex(parseEther(ether)) },
  ]);
  return {
    config: {
      chainId: options.chainId,
      ...Object.fromEntries(zeroBlocks.map((name) => [name, 0])),
      terminalTotalDifficulty: 0,
      terminalTotalDifficultyPassed: true,
      shanghaiTime: 0,
      depositContractAddress: DEPOSIT_CONTRACT,
    },
    nonce: "0x0",
    timestamp: toHex(options.genesisTime - EXECUTION_LEAD_SECONDS),
    extraData: "0x",
    gasLimit: toHex(30_000_000),
    difficulty: "0x0",
    mixHash: `0x${"00".repeat(32)}`,
    coinbase: `0x${"00".repeat(20)}`,
    baseFeePerGas: toHex(1_000_000_000),
    number: "0x0",
    gasUsed: "0x0",
    parentHash: `0x${"00".repeat(32)}`,
    alloc: {
      ...Object.fromEntries<object>(funded),
      [DETERMINISTIC_DEPLOYER]: { balance: "0x0", code: DETERMINISTIC_DEPLOYER_CODE },
      [DEPOSIT_CONTRACT]: {
        balance: "0x0",
        code: options.depositContract.code,
        storage: Object.fromEntries<Hex>(options.depositContract.storage),
      },
    },
  };
}
