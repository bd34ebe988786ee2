import { ComponentResource, output, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { Setting } from "../../provider/sdk/index.ts";
import { childOptions } from "../options.ts";
import type { Addresses, ProtocolArgs, Scope, TimelockAddresses } from "./args.ts";
import { artifactPath } from "./artifacts.ts";
import { PROTOCOL_CONTRACTS, type ProtocolContract } from "./contracts.ts";
import { deploy } from "./deploy.ts";
import { adminAuthority, deployTimelocks, handOver } from "./governance.ts";
import { parametersOf } from "./parameters.ts";
import { ROLE_GRANTS } from "./roles.ts";
import { verifierSettings } from "./verifiers.ts";
import { memberSettings, parameterSetting, roleSetting } from "./wiring.ts";

export type { AccountArgs, ProtocolArgs } from "./args.ts";
export type { ProtocolParameters } from "./parameters.ts";

/** The staking contracts behind their proxies, with every role, member and parameter as a setting. */
export class Protocol extends ComponentResource {
  /** Addresses by name. */
  readonly addresses: Readonly<Record<ProtocolContract, Output<string>>>;
  readonly stakingPool: Output<string>;
  readonly operatorRegistry: Output<string>;
  readonly withdrawalVault: Output<string>;
  readonly executionRewardsVault: Output<string>;
  readonly beaconDeposits: Output<string>;
  /** Addresses of the timelocks; undefined without governance. */
  readonly timelocks: TimelockAddresses | undefined;
  /** Credentials of the WithdrawalVault for new validators. */
  readonly withdrawalCredentials: Output<string>;
  /** Artifact of the OperatorRegistry. */
  readonly registryArtifact = artifactPath("OperatorRegistry.sol", "OperatorRegistry");
  /** What must be in place before anybody uses the contracts. */
  readonly wiring: readonly Resource[];

  constructor(name: string, args: ProtocolArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:Protocol", name, {}, options);
    const child = childOptions(this, options);
    const timelocks = args.governance && deployTimelocks(args, args.governance, child);
    const contracts = deploy(args, timelocks?.UpgradeTimelock, child);
    const addresses = Object.fromEntries(
      PROTOCOL_CONTRACTS.map((contract) => [contract, contracts[contract].address]),
    ) as Addresses;
    const scope: Scope = { args, addresses, timelocks };

    const grants = ROLE_GRANTS.map((grant) => roleSetting(scope, grant, child));
    const granted = (contract: ProtocolContract, role: string): Resource[] =>
      grants.filter((_grant, index) => ROLE_GRANTS[index]?.contract === contract && ROLE_GRANTS[index].role === role);
    const members = memberSettings(scope, (contract) => ({
      ...child,
      dependsOn: granted(contract, "MEMBERSHIP_ROLE"),
    }));
    const parameters = [
      ...parametersOf(args.parameters),
      {
        contract: "RewardDistribution",
        getter: "treasury",
        setter: "setTreasury",
        type: "address",
        value: args.treasury,
        role: "PARAMETER_ROLE",
        holder: "parameters",
      } as const,
    ].map((parameter) =>
      parameterSetting(scope, parameter, { ...child, dependsOn: granted(parameter.contract, parameter.role) }),
    );
    const keyRegistry = new Setting(
      "WithdrawalVault-keyRegistry",
      {
        ...adminAuthority(scope),
        target: addresses.WithdrawalVault,
        read: { signature: "function keyRegistry() view returns (address)" },
        write: { signature: "function setKeyRegistry(address)", args: [{ placeholder: "value" }] },
        value: addresses.OperatorRegistry,
        artifact: artifactPath("WithdrawalVault.sol", "WithdrawalVault"),
      },
      child,
    );
    const verifiers = verifierSettings(scope, args.verifiers ?? [], {
      ...child,
      dependsOn: granted("BeaconProofs", "VERIFIER_ROLE"),
    });
    const wired = [...grants, ...members, ...parameters, ...verifiers, keyRegistry];

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
    this.timelocks = timelocks;
    this.wiring = timelocks ? handOver(scope, timelocks, { ...child, dependsOn: wired }) : wired;
    this.registerOutputs({ addresses, withdrawalCredentials: this.withdrawalCredentials });
  }
}
