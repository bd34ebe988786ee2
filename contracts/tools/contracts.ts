/** One Solidity file that the tools look at. */
export interface Target {
  /** The contract, abstract contract or library; also the name given on command lines. */
  readonly name: string;
  /** Its file, relative to contracts/. */
  readonly source: string;
  /** Deployed: its size is checked, and the layout of its storage namespaces. */
  readonly deployed: boolean;
  /** Deployed without a proxy: no other version ever meets its storage, so it needs no namespace. */
  readonly fixed?: boolean;
  /** What its unit tests' files begin with, where that is not its name. */
  readonly tests?: string;
  /** Tests that compile the code into themselves (internal library functions): compiled anew with each mutant. */
  readonly inlinedIn?: readonly string[];
}

/** Every contract the tools know: mutation testing, storage layouts and sizes. A new contract is one line here. */
export const TARGETS: readonly Target[] = [
  { name: "StakingPool", source: "src/StakingPool.sol", deployed: true },
  { name: "WithdrawalQueue", source: "src/WithdrawalQueue.sol", deployed: true, fixed: true },
  { name: "OperatorRegistry", source: "src/OperatorRegistry.sol", deployed: true },
  { name: "OperatorLedger", source: "src/abstract/OperatorLedger.sol", deployed: false, tests: "OperatorRegistry" },
  { name: "RewardDistribution", source: "src/RewardDistribution.sol", deployed: true },
  { name: "ReportConsensus", source: "src/ReportConsensus.sol", deployed: true },
  { name: "ServiceLevel", source: "src/ServiceLevel.sol", deployed: true },
  {
    name: "ShareToken",
    source: "src/abstract/ShareToken.sol",
    deployed: false,
    tests: "StakingPool",
    inlinedIn: ["test/fuzz/ShareToken.t.sol"],
  },
  { name: "ServiceTerms", source: "src/abstract/ServiceTerms.sol", deployed: false, tests: "ServiceLevel" },
  { name: "BeaconDeposits", source: "src/BeaconDeposits.sol", deployed: true },
  { name: "BeaconProofs", source: "src/BeaconProofs.sol", deployed: true },
  { name: "BeaconVerifier", source: "src/BeaconVerifier.sol", deployed: true, fixed: true },
  { name: "GloasBeaconVerifier", source: "src/GloasBeaconVerifier.sol", deployed: true, fixed: true },
  { name: "WithdrawalVault", source: "src/WithdrawalVault.sol", deployed: true },
  { name: "ExecutionRewardsVault", source: "src/ExecutionRewardsVault.sol", deployed: true },
  { name: "CoverageFund", source: "src/CoverageFund.sol", deployed: true },
  { name: "Governed", source: "src/abstract/Governed.sol", deployed: false },
  { name: "Bound", source: "src/abstract/Bound.sol", deployed: false },
  { name: "PoolBound", source: "src/abstract/PoolBound.sol", deployed: false },
  { name: "ExpiringPause", source: "src/abstract/ExpiringPause.sol", deployed: false },
  library("ShareMath"),
  library("QueueMath"),
  library("RateLimit"),
  library("Waterfall"),
  library("Penalty"),
  library("KeyBlob"),
  library("DepositData"),
];

/** A library of internal functions with its fuzz test. */
function library(name: string): Target {
  return {
    name,
    source: `src/libraries/${name}.sol`,
    deployed: false,
    inlinedIn: [`test/fuzz/${name}.t.sol`],
  };
}
