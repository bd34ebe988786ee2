/** Contracts of the protocol by the names they have in a stack, in the order in which they are deployed. */
export const PROTOCOL_CONTRACTS = [
  "OperatorRegistry",
  "WithdrawalVault",
  "ExecutionRewardsVault",
  "CoverageFund",
  "BeaconProofs",
  "ReportConsensus",
  "LossReview",
  "Guardians",
  "StakingPool",
  "WithdrawalQueue",
  "BeaconDeposits",
  "RewardDistribution",
  "ServiceLevel",
] as const;

/** A contract of the protocol. */
export type ProtocolContract = (typeof PROTOCOL_CONTRACTS)[number];

/** The committees are three instances of one contract: the oracle members, the reviewers of large losses, the guardians. */
const COMMITTEES: readonly ProtocolContract[] = ["ReportConsensus", "LossReview", "Guardians"];

/** Name of the Solidity contract behind a contract of the protocol. */
export function sourceName(contract: ProtocolContract): string {
  return COMMITTEES.includes(contract) ? "ReportConsensus" : contract;
}

/** Whether a contract is called through a proxy. The queue is not: nobody can change what holds leavers' ether. */
export function isProxied(contract: ProtocolContract): boolean {
  return contract !== "WithdrawalQueue";
}
