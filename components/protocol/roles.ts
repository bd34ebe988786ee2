import { keccak256, stringToHex, type Hex } from "viem";

/** Contracts of the protocol, by the names of their artifacts. */
export type ProtocolContract = "StakingPool" | "OperatorRegistry" | "WithdrawalVault" | "ExecutionRewardsVault";

/** Who holds which role; the pool itself holds POOL_ROLE on what it draws from. */
export interface RoleHolders<Value> {
  /** Upgrades implementations. */
  readonly upgrader: Value;
  /** Stops staking and deposits. */
  readonly pauser: Value;
  /** Changes caps and bonds. */
  readonly parameters: Value;
  /** Sends buffered ETH to the deposit contract. */
  readonly depositor: Value;
  /** Settles rewards. */
  readonly reporter: Value;
  /** Vets operators' keys. */
  readonly operatorManager: Value;
}

/** One role on one contract. */
export interface RoleGrant {
  readonly contract: ProtocolContract;
  /** The role's constant, e.g. PAUSER_ROLE. */
  readonly role: string;
  /** keccak256 of the constant's name. */
  readonly id: Hex;
  readonly holder: keyof RoleHolders<unknown> | "pool";
}

/** Every role that the protocol needs, and nothing more. */
export const ROLE_GRANTS: readonly RoleGrant[] = [
  ...(["StakingPool", "OperatorRegistry", "WithdrawalVault", "ExecutionRewardsVault"] as const).map((contract) =>
    grant(contract, "UPGRADER_ROLE", "upgrader"),
  ),
  grant("StakingPool", "PAUSER_ROLE", "pauser"),
  grant("StakingPool", "PARAMETER_ROLE", "parameters"),
  grant("StakingPool", "DEPOSITOR_ROLE", "depositor"),
  grant("StakingPool", "REPORTER_ROLE", "reporter"),
  grant("OperatorRegistry", "PARAMETER_ROLE", "parameters"),
  grant("OperatorRegistry", "OPERATOR_MANAGER_ROLE", "operatorManager"),
  ...(["OperatorRegistry", "WithdrawalVault", "ExecutionRewardsVault"] as const).map((contract) =>
    grant(contract, "POOL_ROLE", "pool"),
  ),
];

function grant(contract: ProtocolContract, role: string, holder: RoleGrant["holder"]): RoleGrant {
  return { contract, role, id: keccak256(stringToHex(role)), holder };
}
