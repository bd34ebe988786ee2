import {
  ComponentResource,
  output,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { parseEther } from "viem";
import { Contract, Setting, type ChainArgs, type SenderArgs } from "../../provider/sdk/index.ts";
import { childOptions } from "../options.ts";
import { artifactPath, builtArtifact } from "./artifacts.ts";
import { ROLE_GRANTS, type ProtocolContract, type RoleHolders } from "./roles.ts";

/** An account that signs, and the address it has. */
export interface AccountArgs {
  readonly address: Input<string>;
  readonly keyFile: Input<string>;
}

/** Parameters of the protocol; ether as decimal strings. */
export interface ProtocolParameters {
  readonly stakeCap: string;
  readonly minimumStake: string;
  readonly bondPerKey: string;
}

export interface ProtocolArgs {
  readonly chain: ChainArgs;
  /** Deploys, is the contracts' admin, and grants the roles. */
  readonly admin: AccountArgs;
  readonly roles: RoleHolders<AccountArgs>;
  /** The beacon chain's deposit contract. */
  readonly depositContract: Input<string>;
  readonly parameters: ProtocolParameters;
}

/** Wei. An initialiser runs once, so its arguments never change: the setting `bondPerKey` takes over from this right after. */
const INITIAL_BOND_PER_KEY = parseEther("2").toString();

/** The staking contracts behind their proxies, with every role and parameter as a setting. */
export class Protocol extends ComponentResource {
  readonly stakingPool: Output<string>;
  readonly operatorRegistry: Output<string>;
  readonly withdrawalVault: Output<string>;
  readonly executionRewardsVault: Output<string>;
  /** 0x01 credentials of the WithdrawalVault. */
  readonly withdrawalCredentials: Output<string>;
  /** What must be in place before anybody uses the contracts. */
  readonly wiring: readonly Resource[];

  constructor(name: string, args: ProtocolArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:Protocol", name, {}, options);
    const child = childOptions(this, options);
    const sender: SenderArgs = { keyFile: args.admin.keyFile };
    const proxied = (
      contract: ProtocolContract,
      constructorArgs: Input<string>[],
      initializerArgs: Input<string>[],
    ): Contract =>
      new Contract(
        contract,
        {
          chain: args.chain,
          sender,
          artifact: builtArtifact(`${contract}.sol`, contract),
          constructorArgs,
          proxy: {
            artifact: builtArtifact("ERC1967Proxy.sol", "ERC1967Proxy"),
            initializer: { function: "initialize", args: initializerArgs },
          },
        },
        child,
      );
    const registry = proxied("OperatorRegistry", [], [args.admin.address, INITIAL_BOND_PER_KEY]);
    const withdrawalVault = proxied("WithdrawalVault", [], [args.admin.address]);
    const rewardsVault = proxied("ExecutionRewardsVault", [], [args.admin.address]);
    const pool = proxied(
      "StakingPool",
      [args.depositContract],
      [args.admin.address, registry.address, withdrawalVault.address, rewardsVault.address],
    );
    const contracts: Record<ProtocolContract, Contract> = {
      StakingPool: pool,
      OperatorRegistry: registry,
      WithdrawalVault: withdrawalVault,
      ExecutionRewardsVault: rewardsVault,
    };

    const grants = ROLE_GRANTS.map(
      ({ contract, role, id, holder }) =>
        new Setting(
          `${contract}-${role}`,
          {
            chain: args.chain,
            sender,
            target: contracts[contract].address,
            read: {
              signature: "function hasRole(bytes32 role, address account) view returns (bool)",
              args: [id, holderAddress(holder)],
            },
            write: {
              signature: "function grantRole(bytes32 role, address account)",
              args: [id, holderAddress(holder)],
            },
            undo: {
              signature: "function revokeRole(bytes32 role, address account)",
              args: [id, holderAddress(holder)],
            },
            value: true,
            artifact: artifactPath(`${contract}.sol`, contract),
          },
          child,
        ),
    );
    function holderAddress(holder: keyof RoleHolders<unknown> | "pool"): Input<string> {
      return holder === "pool" ? pool.address : args.roles[holder].address;
    }

    const parameterSender: SenderArgs = { keyFile: args.roles.parameters.keyFile };
    const parameter = (contract: ProtocolContract, getter: string, setter: string, ether: string): Setting =>
      new Setting(
        `${contract}-${getter}`,
        {
          chain: args.chain,
          sender: parameterSender,
          target: contracts[contract].address,
          read: { signature: `function ${getter}() view returns (uint256)` },
          write: { signature: `function ${setter}(uint256)`, args: [{ placeholder: "value" }] },
          value: parseEther(ether).toString(),
          artifact: artifactPath(`${contract}.sol`, contract),
        },
        { ...child, dependsOn: grants.filter((_grant, index) => ROLE_GRANTS[index]?.role === "PARAMETER_ROLE") },
      );
    const parameters = [
      parameter("StakingPool", "stakeCap", "setStakeCap", args.parameters.stakeCap),
      parameter("StakingPool", "minimumStake", "setMinimumStake", args.parameters.minimumStake),
      parameter("OperatorRegistry", "bondPerKey", "setBondPerKey", args.parameters.bondPerKey),
    ];

    this.stakingPool = pool.address;
    this.operatorRegistry = registry.address;
    this.withdrawalVault = withdrawalVault.address;
    this.executionRewardsVault = rewardsVault.address;
    this.withdrawalCredentials = output(withdrawalVault.address).apply(
      (address) => `0x01${"00".repeat(11)}${address.slice(2).toLowerCase()}`,
    );
    this.wiring = [...grants, ...parameters];
    this.registerOutputs({
      stakingPool: this.stakingPool,
      operatorRegistry: this.operatorRegistry,
      withdrawalVault: this.withdrawalVault,
      executionRewardsVault: this.executionRewardsVault,
      withdrawalCredentials: this.withdrawalCredentials,
    });
  }
}
