import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { parseEther } from "viem";
import {
  Deposit,
  FeeRecipient,
  Setting,
  ValidatorKeys,
  type ChainArgs,
  type KeymanagerArgs,
} from "../../provider/sdk/index.ts";
import { artifactPath } from "../protocol/artifacts.ts";
import type { AccountArgs, Protocol } from "../protocol/index.ts";
import { childOptions } from "../options.ts";

/** A range of an operator's keys and the node that signs with them. */
export interface KeyRange {
  /** Name of the node. */
  readonly node: string;
  readonly count: number;
  /** First EIP-2334 index of the range in the operator's mnemonic. */
  readonly startIndex: number;
  readonly keymanager: Input<KeymanagerArgs>;
  readonly beaconUrl: Input<string>;
}

export interface OperatorArgs {
  readonly chain: ChainArgs;
  readonly protocol: Protocol;
  /** The operator's manager: registers, posts the bond and submits keys. */
  readonly manager: AccountArgs;
  /** Holds OPERATOR_MANAGER_ROLE: vets the keys. */
  readonly vetter: AccountArgs;
  /** Ether, as a decimal string. */
  readonly bond: string;
  readonly keys: readonly KeyRange[];
  /** Folder for the mnemonic and the keystores. */
  readonly keyDirectory: string;
  readonly genesisForkVersion: Input<string>;
}

/** An operator of the protocol with its bond and keys, each range of keys loaded, registered and paying fees to the protocol. */
export class Operator extends ComponentResource {
  /** Id in the registry, as a decimal string. */
  readonly operatorId: Output<string>;
  /** Public keys of each range. */
  readonly publicKeys: readonly Output<string[]>[];
  /** What must be in place before deposits are made to the keys. */
  readonly ready: readonly Resource[];

  constructor(name: string, args: OperatorArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:Operator", name, {}, options);
    const child = childOptions(this, options);
    const { chain, protocol, manager } = args;
    const artifact = artifactPath("OperatorRegistry.sol", "OperatorRegistry");
    const bondWei = parseEther(args.bond).toString();
    const registration = new Setting(
      `${name}-registered`,
      {
        chain,
        sender: manager.sender,
        target: protocol.operatorRegistry,
        read: { signature: "function operatorIdOf(address manager) view returns (uint256)", args: [manager.address] },
        write: {
          signature: "function registerOperator(string name, address rewardRecipient) payable",
          args: [name, manager.address],
          valueWei: bondWei,
        },
        value: "1",
        compare: "atLeast",
        artifact,
      },
      { ...child, dependsOn: [...protocol.wiring] },
    );
    const operatorId = registration.current.apply(String);
    const bond = new Setting(
      `${name}-bond`,
      {
        chain,
        sender: manager.sender,
        target: protocol.operatorRegistry,
        // Pre-deposits that will come back count: the bond is not topped up for them.
        read: { signature: "function heldBondOf(uint256 operatorId) view returns (uint256)", args: [operatorId] },
        write: {
          signature: "function addBond(uint256 operatorId) payable",
          args: [operatorId],
          valueWei: { placeholder: "shortfall" },
        },
        value: bondWei,
        compare: "atLeast",
        artifact,
      },
      child,
    );
    const ranges = args.keys.map((range) => {
      const rangeName = `${name}-${range.node}-${range.startIndex}`;
      const keystoreDirectory = `${args.keyDirectory}/keystores`;
      const keys = new ValidatorKeys(
        rangeName,
        {
          mnemonicFile: `${args.keyDirectory}/mnemonic`,
          generateMnemonic: true,
          startIndex: range.startIndex,
          count: range.count,
          keystoreDirectory,
          keymanager: range.keymanager,
        },
        child,
      );
      const feeRecipient = new FeeRecipient(
        rangeName,
        { keymanager: range.keymanager, publicKeys: keys.publicKeys, feeRecipient: protocol.executionRewardsVault },
        child,
      );
      const deposit = new Deposit(
        rangeName,
        {
          chain,
          sender: manager.sender,
          registry: protocol.operatorRegistry,
          pool: protocol.stakingPool,
          operatorId,
          publicKeys: keys.publicKeys,
          keystoreDirectory,
          withdrawalCredentials: protocol.withdrawalCredentials,
          genesisForkVersion: args.genesisForkVersion,
          beaconUrl: range.beaconUrl,
          artifact,
        },
        // Keys that could propose before their fee recipient is set would pay a stranger.
        { ...child, dependsOn: [bond, feeRecipient] },
      );
      return { keys, deposit };
    });
    const vetting = new Setting(
      `${name}-vetted-keys`,
      {
        chain,
        sender: args.vetter.sender,
        target: protocol.operatorRegistry,
        read: {
          signature:
            "function keyCounts(uint256 operatorId) view returns (uint256 total, uint256 vetted, uint256 taken, uint256 deposited)",
          args: [operatorId],
          result: 1,
        },
        write: {
          signature: "function setVettedKeys(uint256 operatorId, uint256 vettedKeys)",
          args: [operatorId, { placeholder: "value" }],
        },
        value: String(args.keys.reduce((sum, { count }) => sum + count, 0)),
        artifact,
      },
      { ...child, dependsOn: ranges.map(({ deposit }) => deposit) },
    );
    this.operatorId = operatorId;
    this.publicKeys = ranges.map(({ keys }) => keys.publicKeys);
    this.ready = [vetting];
    this.registerOutputs({ operatorId, publicKeys: this.publicKeys });
  }
}
