import type { Input, Output } from "@pulumi/pulumi";
import type { ChainArgs, SenderArgs } from "../../provider/sdk/index.ts";
import type { ProtocolContract } from "./contracts.ts";
import type { ProtocolParameters } from "./parameters.ts";
import type { VerifierArgs } from "./verifiers.ts";
import type { RoleHolders, TimelockName } from "./roles.ts";

/** An account that signs, and the address it has. */
export interface AccountArgs {
  readonly address: Input<string>;
  readonly sender: SenderArgs;
}

/** Members of the protocol's committees, by address. */
export interface CommitteeArgs {
  /** Oracle members: report frames, attest credentials, report downtime. */
  readonly oracle: readonly Input<string>[];
  /** Reviewers of losses above the limit. */
  readonly reviewers: readonly Input<string>[];
  /** Guardians: a quorum of them can stop claims for 72 hours. */
  readonly guardians: readonly Input<string>[];
}

/** Where and when frames end: fixed at deployment. */
export interface ChainTimeArgs {
  /** Unix time of slot 0. */
  readonly genesisTime: Input<string>;
  readonly secondsPerSlot: number;
  readonly slotsPerEpoch: number;
  /** The shortest frame that can ever be set, in epochs. */
  readonly minEpochsPerFrame: number;
}

/** The service level's clock: fixed at deployment. */
export interface ServiceLevelArgs {
  /** Epochs of a window: 6,750 are the 30 days of public networks. */
  readonly windowEpochs: number;
  /** Seconds below which the appeal window cannot be set: a day on public networks. */
  readonly minAppealSeconds: number;
}

/** Who governs: without it the accounts of {@link ProtocolArgs.roles} hold their roles themselves. */
export interface GovernanceArgs {
  /** Seconds between scheduling and making an upgrade, a grant or anything else that the admin may do. */
  readonly upgradeDelaySeconds: number;
  /** Seconds between scheduling and making a change of parameters or members. */
  readonly operationsDelaySeconds: number;
}

export interface ProtocolArgs {
  readonly chain: ChainArgs;
  /** Deploys, is the contracts' admin, and grants the roles. */
  readonly admin: AccountArgs;
  readonly roles: RoleHolders<AccountArgs>;
  readonly committees: CommitteeArgs;
  /** Gets the protocol's fees. */
  readonly treasury: Input<string>;
  /** The beacon chain's deposit contract. */
  readonly depositContract: Input<string>;
  readonly time: ChainTimeArgs;
  readonly serviceLevel: ServiceLevelArgs;
  readonly parameters: ProtocolParameters;
  /** Verifiers of beacon-state proofs, by rising slot; none where the chain has no EIP-4788. */
  readonly verifiers?: readonly VerifierArgs[];
  readonly governance?: GovernanceArgs | undefined;
}

/** Addresses of the protocol's contracts. */
export type Addresses = Readonly<Record<ProtocolContract, Output<string>>>;
/** Addresses of its timelocks. */
export type TimelockAddresses = Readonly<Record<TimelockName, Output<string>>>;

/** What a protocol's settings have in common. */
export interface Scope {
  readonly args: ProtocolArgs;
  readonly addresses: Addresses;
  readonly timelocks: TimelockAddresses | undefined;
}
