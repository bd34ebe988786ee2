import { keccak256, stringToHex, type Hex } from "viem";
import type { ProtocolContract } from "./contracts.ts";

/** Who holds which role outside the protocol's own contracts. */
export interface RoleHolders<Value> {
  /** Upgrades implementations. */
  readonly upgrader: Value;
  /** A guardian: stops staking, deposits and reports for a while. */
  readonly pauser: Value;
  /** Ends a pause early. */
  readonly resumer: Value;
  /** Changes caps, bonds, fees and bounds. */
  readonly parameters: Value;
  /** Adds and removes oracle members. */
  readonly membership: Value;
  /** Adds and removes the reviewers and the guardians, who watch over the former. */
  readonly oversight: Value;
  /** Pre-deposits for vetted keys. */
  readonly depositor: Value;
  /** Vets operators' keys, sets targets, asks for exits, suspends. */
  readonly operatorManager: Value;
  /** Requests exits and partial withdrawals of validators (EIP-7002). */
  readonly exits: Value;
  /** Requests consolidations (EIP-7251). */
  readonly consolidations: Value;
  /** Dismisses penalties on appeal. */
  readonly arbiter: Value;
  /** Proposes an emergency slash. */
  readonly emergency: Value;
}

/** The two timelocks of a governed protocol. */
export const TIMELOCKS = ["UpgradeTimelock", "OperationsTimelock"] as const;
export type TimelockName = (typeof TIMELOCKS)[number];

/** Which holders' roles a timelock has in their place, where the settings ask for timelocks. */
export const TIMELOCKED: Partial<Readonly<Record<keyof RoleHolders<unknown>, TimelockName>>> = {
  upgrader: "UpgradeTimelock",
  resumer: "OperationsTimelock",
  parameters: "OperationsTimelock",
  membership: "OperationsTimelock",
  oversight: "UpgradeTimelock",
  arbiter: "OperationsTimelock",
};

/** One role on one contract. */
export interface RoleGrant {
  readonly contract: ProtocolContract;
  /** The role's constant, e.g. PAUSER_ROLE. */
  readonly role: string;
  /** keccak256 of the constant's name. */
  readonly id: Hex;
  /** A role holder of the settings, or a contract of the protocol. */
  readonly holder: keyof RoleHolders<unknown> | ProtocolContract;
}

const UPGRADEABLE: readonly ProtocolContract[] = [
  "OperatorRegistry",
  "WithdrawalVault",
  "ExecutionRewardsVault",
  "CoverageFund",
  "BeaconProofs",
  "ReportConsensus",
  "LossReview",
  "Guardians",
  "StakingPool",
  "BeaconDeposits",
  "RewardDistribution",
  "ServiceLevel",
];
const PAUSABLE: readonly ProtocolContract[] = ["StakingPool", "BeaconDeposits", "RewardDistribution", "ServiceLevel"];

/** Every role that the protocol needs, and nothing more. */
export const ROLE_GRANTS: readonly RoleGrant[] = [
  ...UPGRADEABLE.map((contract) => grant(contract, "UPGRADER_ROLE", "upgrader")),
  ...PAUSABLE.flatMap((contract) => [
    grant(contract, "PAUSER_ROLE", "pauser"),
    grant(contract, "RESUMER_ROLE", "resumer"),
  ]),
  grant("ReportConsensus", "MEMBERSHIP_ROLE", "membership"),
  grant("LossReview", "MEMBERSHIP_ROLE", "oversight"),
  grant("Guardians", "MEMBERSHIP_ROLE", "oversight"),
  ...(
    [
      "StakingPool",
      "OperatorRegistry",
      "WithdrawalVault",
      "BeaconDeposits",
      "RewardDistribution",
      "ServiceLevel",
    ] as const
  ).map((contract) => grant(contract, "PARAMETER_ROLE", "parameters")),
  // Which states are believed decides where the pool's ether goes: as grave as an upgrade.
  grant("BeaconProofs", "VERIFIER_ROLE", "upgrader"),
  grant("OperatorRegistry", "OPERATOR_MANAGER_ROLE", "operatorManager"),
  grant("BeaconDeposits", "DEPOSITOR_ROLE", "depositor"),
  grant("WithdrawalVault", "EXIT_ROLE", "exits"),
  grant("WithdrawalVault", "CONSOLIDATION_ROLE", "consolidations"),
  grant("ServiceLevel", "ARBITER_ROLE", "arbiter"),
  grant("ServiceLevel", "EMERGENCY_ROLE", "emergency"),
  // The protocol's own wiring: each of these is bound for ever to the first account it is granted to.
  grant("StakingPool", "QUEUE_ROLE", "WithdrawalQueue"),
  grant("StakingPool", "DEPOSITS_ROLE", "BeaconDeposits"),
  grant("StakingPool", "DISTRIBUTION_ROLE", "RewardDistribution"),
  grant("OperatorRegistry", "POOL_ROLE", "StakingPool"),
  grant("OperatorRegistry", "DEPOSITS_ROLE", "BeaconDeposits"),
  grant("OperatorRegistry", "DISTRIBUTION_ROLE", "RewardDistribution"),
  grant("OperatorRegistry", "SERVICE_LEVEL_ROLE", "ServiceLevel"),
  grant("WithdrawalVault", "POOL_ROLE", "StakingPool"),
  grant("ExecutionRewardsVault", "POOL_ROLE", "StakingPool"),
  grant("CoverageFund", "COVER_ROLE", "RewardDistribution"),
];

function grant(contract: ProtocolContract, role: string, holder: RoleGrant["holder"]): RoleGrant {
  return { contract, role, id: keccak256(stringToHex(role)), holder };
}
