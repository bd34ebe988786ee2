import { parseEther } from "viem";
import type { ProtocolContract } from "./contracts.ts";

/** Parameters of the protocol. Ether as decimal strings, times in seconds, fees and bounds in basis points. */
export interface ProtocolParameters {
  /** Most ether that the pool takes. */
  readonly stakeCap: string;
  /** Least ether of one stake. */
  readonly minimumStake: string;
  /** Most ether that can be staked in a day. */
  readonly stakeRateLimit: string;
  /** Ether kept back from deposits for withdrawals. */
  readonly reserve: string;
  /** Frames between the close of a batch of withdrawal requests and its finalisation. */
  readonly withdrawalDelayFrames: number;
  /** Seconds without a report after which anyone may process a frame. */
  readonly staleAfterSeconds: number;
  /** Ether that an operator posts for each key. */
  readonly bondPerKey: string;
  /** Seconds between asking for bond and taking it. */
  readonly bondCooldownSeconds: number;
  /** Requests of exits, partial withdrawals and consolidations a day. */
  readonly exitLimit: number;
  /** Whether new validators get 0x02 credentials. */
  readonly compounding: boolean;
  /** Most basis points of the pool by which a report raises it. */
  readonly maxIncreaseBps: number;
  /** Basis points of the pool above which a loss needs the reviewers. */
  readonly maxLossBps: number;
  /** Basis points of rewards for the treasury. */
  readonly protocolFeeBps: number;
  /** Basis points of rewards for the operators. */
  readonly operatorFeeBps: number;
  /** Epochs of a reporting frame. */
  readonly epochsPerFrame: number;
  /** Whether a quorum of oracle members may attest credentials, where the chain has no EIP-4788 to prove them. */
  readonly attestCredentials: boolean;
  /** Downtime that costs nothing, in basis points of a window. */
  readonly allowedDowntimeBps: number;
  /** Gwei that a missed epoch beyond it costs. */
  readonly penaltyPerMissedEpoch: number;
  /** Most that a window costs, in basis points of the bond that its keys require. */
  readonly maxPenaltyBps: number;
  /** Seconds in which a reported penalty can be dismissed. */
  readonly appealSeconds: number;
  /** Windows with a breach, of the last twelve, that suspend an operator. */
  readonly breachLimit: number;
  /** Votes that oracle members need at least; more than half of them always. */
  readonly oracleQuorum: number;
  readonly reviewerQuorum: number;
  readonly guardianQuorum: number;
}

/** One parameter on the chain: what reads it, what writes it, and what it shall be. */
export interface Parameter {
  readonly contract: ProtocolContract;
  readonly getter: string;
  readonly setter: string;
  readonly type: "uint256" | "bool";
  /** Integers as decimal strings. */
  readonly value: string | boolean;
  /** Name in the settings. */
  readonly setting: keyof ProtocolParameters;
  /** Role that the setter asks for, and who has it. */
  readonly role: "PARAMETER_ROLE" | "MEMBERSHIP_ROLE" | "UPGRADER_ROLE";
  readonly holder: "parameters" | "membership" | "oversight" | "upgrader";
}

/** Every parameter of the protocol that can be set, with the value that the settings want. */
export function parametersOf(settings: ProtocolParameters): Parameter[] {
  const ether = (contract: ProtocolContract, setting: keyof ProtocolParameters): Parameter =>
    parameter(contract, setting, setting, parseEther(String(settings[setting])).toString());
  const integer = (
    contract: ProtocolContract,
    setting: keyof ProtocolParameters,
    getter: string = setting,
  ): Parameter => parameter(contract, setting, getter, String(settings[setting]));
  const flag = (contract: ProtocolContract, setting: keyof ProtocolParameters, getter: string): Parameter =>
    parameter(contract, setting, getter, Boolean(settings[setting]));
  const quorum = (
    contract: ProtocolContract,
    setting: keyof ProtocolParameters,
    holder: "membership" | "oversight",
  ): Parameter => ({ ...integer(contract, setting, "minimumQuorum"), role: "MEMBERSHIP_ROLE", holder });

  return [
    ether("StakingPool", "stakeCap"),
    ether("StakingPool", "minimumStake"),
    ether("StakingPool", "stakeRateLimit"),
    ether("StakingPool", "reserve"),
    integer("StakingPool", "withdrawalDelayFrames", "withdrawalDelay"),
    integer("StakingPool", "staleAfterSeconds", "staleAfter"),
    ether("OperatorRegistry", "bondPerKey"),
    integer("OperatorRegistry", "bondCooldownSeconds", "bondCooldown"),
    integer("WithdrawalVault", "exitLimit"),
    flag("WithdrawalVault", "compounding", "compounding"),
    integer("RewardDistribution", "maxIncreaseBps"),
    integer("RewardDistribution", "maxLossBps"),
    integer("RewardDistribution", "protocolFeeBps"),
    integer("RewardDistribution", "operatorFeeBps"),
    integer("RewardDistribution", "epochsPerFrame"),
    { ...flag("BeaconDeposits", "attestCredentials", "attestationAllowed"), role: "UPGRADER_ROLE", holder: "upgrader" },
    integer("ServiceLevel", "allowedDowntimeBps"),
    integer("ServiceLevel", "penaltyPerMissedEpoch"),
    integer("ServiceLevel", "maxPenaltyBps"),
    integer("ServiceLevel", "appealSeconds", "appealWindow"),
    integer("ServiceLevel", "breachLimit"),
    quorum("ReportConsensus", "oracleQuorum", "membership"),
    quorum("LossReview", "reviewerQuorum", "oversight"),
    quorum("Guardians", "guardianQuorum", "oversight"),
  ];
}

function parameter(
  contract: ProtocolContract,
  setting: keyof ProtocolParameters,
  getter: string,
  value: string | boolean,
): Parameter {
  const setter = `set${getter.charAt(0).toUpperCase()}${getter.slice(1)}`;
  return {
    contract,
    getter,
    setter,
    type: typeof value === "boolean" ? "bool" : "uint256",
    value,
    setting,
    role: "PARAMETER_ROLE",
    holder: "parameters",
  };
}
