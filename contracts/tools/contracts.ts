/** One Solidity file that the tools look at. */
export interface Target {
  /** The contract, abstract contract or library; also the name given on command lines. */
  readonly name: string;
  /** Its file, relative to contracts/. */
  readonly source: string;
  /** Deployed behind a proxy: its size and, for its namespaces, its storage layout are checked. */
  readonly deployed: boolean;
  /** Tests that compile the code into themselves (internal library functions): compiled anew with each mutant. */
  readonly inlinedIn?: readonly string[];
}

/** Every contract the tools know: mutation testing, storage layouts and sizes. A new contract is one line here. */
export const TARGETS: readonly Target[] = [
  { name: "StakingPool", source: "src/StakingPool.sol", deployed: true },
  { name: "OperatorRegistry", source: "src/OperatorRegistry.sol", deployed: true },
  { name: "WithdrawalVault", source: "src/WithdrawalVault.sol", deployed: true },
  { name: "ExecutionRewardsVault", source: "src/ExecutionRewardsVault.sol", deployed: true },
  { name: "Governed", source: "src/abstract/Governed.sol", deployed: false },
  { name: "PoolBound", source: "src/abstract/PoolBound.sol", deployed: false },
  {
    name: "ShareMath",
    source: "src/libraries/ShareMath.sol",
    deployed: false,
    inlinedIn: ["test/fuzz/ShareMath.t.sol"],
  },
  {
    name: "KeyBlob",
    source: "src/libraries/KeyBlob.sol",
    deployed: false,
    inlinedIn: ["test/fuzz/KeyBlob.t.sol"],
  },
  {
    name: "DepositData",
    source: "src/libraries/DepositData.sol",
    deployed: false,
    inlinedIn: ["test/fuzz/DepositData.t.sol"],
  },
];
