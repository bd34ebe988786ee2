import {
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { keccak256, parseEther, stringToHex } from "viem";
import { Contract, Setting, type ChainArgs, type SenderArgs } from "../../provider/sdk/index.ts";
import { childOptions } from "../options.ts";
import { artifactPath, builtArtifact } from "./artifacts.ts";
import { isProxied, PROTOCOL_CONTRACTS, sourceName, type ProtocolContract } from "./contracts.ts";
import { parametersOf, type Parameter, type ProtocolParameters } from "./parameters.ts";
import { ROLE_GRANTS, type RoleGrant, type RoleHolders } from "./roles.ts";

export type { ProtocolParameters } from "./parameters.ts";

/** An account that signs, and the address it has. */
export interface AccountArgs {
  readonly address: Input<string>;
  readonly keyFile: Input<string>;
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
}

/** Wei. An initialiser runs once, so its arguments never change: the setting `bondPerKey` takes over from this right after. */
const INITIAL_BOND_PER_KEY = parseEther("2").toString();

/** The staking contracts behind their proxies, with every role, member and parameter as a setting. */
export class Protocol extends ComponentResource {
  /** Addresses by name. */
  readonly addresses: Readonly<Record<ProtocolContract, Output<string>>>;
  readonly stakingPool: Output<string>;
  readonly operatorRegistry: Output<string>;
  readonly withdrawalVault: Output<string>;
  readonly executionRewardsVault: Output<string>;
  readonly beaconDeposits: Output<string>;
  /** Credentials of the WithdrawalVault for new validators. */
  readonly withdrawalCredentials: Output<string>;
  /** What must be in place before anybody uses the contracts. */
  readonly wiring: readonly Resource[];

  constructor(name: string, args: ProtocolArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:Protocol", name, {}, options);
    const child = childOptions(this, options);
    const contracts = deploy(args, child);
    const addresses = Object.fromEntries(
      PROTOCOL_CONTRACTS.map((contract) => [contract, contracts[contract].address]),
    ) as Record<ProtocolContract, Output<string>>;

    const grants = ROLE_GRANTS.map((grant) => roleSetting(args, addresses, grant, child));
    const granted = (contract: ProtocolContract, role: string): Resource[] =>
      grants.filter((_grant, index) => ROLE_GRANTS[index]?.contract === contract && ROLE_GRANTS[index].role === role);
    const members = memberSettings(args, addresses, (contract) => ({
      ...child,
      dependsOn: granted(contract, "MEMBERSHIP_ROLE"),
    }));
    const parameters = parametersOf(args.parameters).map((parameter) =>
      parameterSetting(args, addresses, parameter, {
        ...child,
        dependsOn: granted(parameter.contract, parameter.role),
      }),
    );
    const treasury = new Setting(
      "RewardDistribution-treasury",
      {
        chain: args.chain,
        sender: { keyFile: args.roles.parameters.keyFile },
        target: addresses.RewardDistribution,
        read: { signature: "function treasury() view returns (address)" },
        write: { signature: "function setTreasury(address)", args: [{ placeholder: "value" }] },
        value: args.treasury,
        artifact: artifactPath("RewardDistribution.sol", "RewardDistribution"),
      },
      { ...child, dependsOn: granted("RewardDistribution", "PARAMETER_ROLE") },
    );
    const keyRegistry = new Setting(
      "WithdrawalVault-keyRegistry",
      {
        chain: args.chain,
        sender: { keyFile: args.admin.keyFile },
        target: addresses.WithdrawalVault,
        read: { signature: "function keyRegistry() view returns (address)" },
        write: { signature: "function setKeyRegistry(address)", args: [{ placeholder: "value" }] },
        value: addresses.OperatorRegistry,
        artifact: artifactPath("WithdrawalVault.sol", "WithdrawalVault"),
      },
      child,
    );

    this.addresses = addresses;
    this.stakingPool = addresses.StakingPool;
    this.operatorRegistry = addresses.OperatorRegistry;
    this.withdrawalVault = addresses.WithdrawalVault;
    this.executionRewardsVault = addresses.ExecutionRewardsVault;
    this.beaconDeposits = addresses.BeaconDeposits;
    this.withdrawalCredentials = output(addresses.WithdrawalVault).apply(
      (address) =>
        `${args.parameters.compounding ? "0x02" : "0x01"}${"00".repeat(11)}${address.slice(2).toLowerCase()}`,
    );
    this.wiring = [...grants, ...members, ...parameters, treasury, keyRegistry];
    this.registerOutputs({ addresses, withdrawalCredentials: this.withdrawalCredentials });
  }
}

/** All contracts, each after those whose addresses it takes. */
function deploy(args: ProtocolArgs, child: CustomResourceOptions): Record<ProtocolContract, Contract> {
  const sender: SenderArgs = { keyFile: args.admin.keyFile };
  const admin = args.admin.address;
  const contract = (
    name: ProtocolContract,
    constructorArgs: Input<unknown>[] = [],
    initializerArgs: Input<string>[] = [admin],
  ): Contract => {
    const source = sourceName(name);
    return new Contract(
      name,
      {
        chain: args.chain,
        sender,
        artifact: builtArtifact(`${source}.sol`, source),
        constructorArgs,
        // Committees have the same code and arguments: the salt gives each its own address.
        ...(source === name ? {} : { salt: keccak256(stringToHex(name)) }),
        ...(isProxied(name)
          ? {
              proxy: {
                artifact: builtArtifact("ERC1967Proxy.sol", "ERC1967Proxy"),
                initializer: { function: "initialize", args: initializerArgs },
              },
            }
          : {}),
      },
      child,
    );
  };
  const registry = contract("OperatorRegistry", [], [admin, INITIAL_BOND_PER_KEY]);
  const withdrawalVault = contract("WithdrawalVault");
  const rewardsVault = contract("ExecutionRewardsVault");
  const coverageFund = contract("CoverageFund");
  const proofs = contract("BeaconProofs");
  const consensus = contract("ReportConsensus");
  const lossReview = contract("LossReview");
  const guardians = contract("Guardians");
  const pool = contract("StakingPool", [registry.address, withdrawalVault.address, rewardsVault.address]);
  const queue = contract("WithdrawalQueue", [pool.address, guardians.address]);
  const deposits = contract("BeaconDeposits", [
    {
      depositContract: args.depositContract,
      pool: pool.address,
      registry: registry.address,
      withdrawalVault: withdrawalVault.address,
      proofs: proofs.address,
      consensus: consensus.address,
    },
  ]);
  const { minEpochsPerFrame, ...clock } = args.time;
  const distribution = contract(
    "RewardDistribution",
    [
      {
        pool: pool.address,
        registry: registry.address,
        coverageFund: coverageFund.address,
        consensus: consensus.address,
        lossReview: lossReview.address,
      },
      { ...clock, minEpochsPerFrame },
    ],
    [admin, args.treasury],
  );
  const serviceLevel = contract("ServiceLevel", [
    {
      registry: registry.address,
      coverageFund: coverageFund.address,
      consensus: consensus.address,
      proofs: proofs.address,
      withdrawalVault: withdrawalVault.address,
    },
    { ...clock, windowEpochs: args.serviceLevel.windowEpochs, minAppealWindow: args.serviceLevel.minAppealSeconds },
  ]);
  return {
    OperatorRegistry: registry,
    WithdrawalVault: withdrawalVault,
    ExecutionRewardsVault: rewardsVault,
    CoverageFund: coverageFund,
    BeaconProofs: proofs,
    ReportConsensus: consensus,
    LossReview: lossReview,
    Guardians: guardians,
    StakingPool: pool,
    WithdrawalQueue: queue,
    BeaconDeposits: deposits,
    RewardDistribution: distribution,
    ServiceLevel: serviceLevel,
  };
}

function roleSetting(
  args: ProtocolArgs,
  addresses: Readonly<Record<ProtocolContract, Output<string>>>,
  { contract, role, id, holder }: RoleGrant,
  options: CustomResourceOptions,
): Setting {
  const account: Input<string> =
    holder in addresses
      ? addresses[holder as ProtocolContract]
      : args.roles[holder as keyof RoleHolders<unknown>].address;
  const source = sourceName(contract);
  return new Setting(
    `${contract}-${role}`,
    {
      chain: args.chain,
      sender: { keyFile: args.admin.keyFile },
      target: addresses[contract],
      read: {
        signature: "function hasRole(bytes32 role, address account) view returns (bool)",
        args: [id, account],
      },
      write: { signature: "function grantRole(bytes32 role, address account)", args: [id, account] },
      undo: { signature: "function revokeRole(bytes32 role, address account)", args: [id, account] },
      value: true,
      artifact: artifactPath(`${source}.sol`, source),
    },
    options,
  );
}

function memberSettings(
  args: ProtocolArgs,
  addresses: Readonly<Record<ProtocolContract, Output<string>>>,
  options: (committee: ProtocolContract) => CustomResourceOptions,
): Setting[] {
  const committees: [ProtocolContract, readonly Input<string>[]][] = [
    ["ReportConsensus", args.committees.oracle],
    ["LossReview", args.committees.reviewers],
    ["Guardians", args.committees.guardians],
  ];
  return committees.flatMap(([committee, members]) =>
    members.map(
      (member, index) =>
        new Setting(
          `${committee}-member-${index + 1}`,
          {
            chain: args.chain,
            sender: { keyFile: args.roles.membership.keyFile },
            target: addresses[committee],
            read: { signature: "function isMember(address account) view returns (bool)", args: [member] },
            write: { signature: "function addMember(address member)", args: [member] },
            undo: { signature: "function removeMember(address member)", args: [member] },
            value: true,
            artifact: artifactPath("ReportConsensus.sol", "ReportConsensus"),
          },
          options(committee),
        ),
    ),
  );
}

function parameterSetting(
  args: ProtocolArgs,
  addresses: Readonly<Record<ProtocolContract, Output<string>>>,
  { contract, getter, setter, type, value, role }: Parameter,
  options: CustomResourceOptions,
): Setting {
  const source = sourceName(contract);
  const holder = role === "MEMBERSHIP_ROLE" ? args.roles.membership : args.roles.parameters;
  return new Setting(
    `${contract}-${getter}`,
    {
      chain: args.chain,
      sender: { keyFile: holder.keyFile },
      target: addresses[contract],
      read: { signature: `function ${getter}() view returns (${type})` },
      write: { signature: `function ${setter}(${type})`, args: [{ placeholder: "value" }] },
      value,
      artifact: artifactPath(`${source}.sol`, source),
    },
    options,
  );
}
