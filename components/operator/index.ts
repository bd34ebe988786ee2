import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { parseEther } from "viem";
import {
  Deposit,
  FeeRecipient,
  ProposerSettings,
  RemoteKeys,
  Setting,
  ValidatorKeys,
  type ChainArgs,
  type KeymanagerArgs,
  type SshArgs,
} from "../../provider/sdk/index.ts";
import type { AccountArgs } from "../protocol/index.ts";
import { childOptions } from "../options.ts";

/** What an operator needs of the protocol that its validators work for: one of this stack, or one that exists. */
export interface OperatorProtocol {
  readonly operatorRegistry: Input<string>;
  readonly stakingPool: Input<string>;
  readonly executionRewardsVault: Input<string>;
  /** 32 bytes in hex. */
  readonly withdrawalCredentials: Input<string>;
  /** What must be in place before anybody uses the contracts. */
  readonly wiring: readonly Resource[];
  /** Artifact of the registry, whose ABI names its errors. */
  readonly registryArtifact: Input<string>;
}

/** Where a node has its keys. */
export interface KeyHolder {
  /** What holds the keystores: the validator client, or its Web3Signer. */
  readonly holder: Input<KeymanagerArgs>;
  /** The validator client, where it is not the holder. */
  readonly validator?: { readonly keymanager: Input<KeymanagerArgs>; readonly signerUrl: string } | undefined;
  readonly beacon: { readonly url: Input<string>; readonly ssh?: SshArgs | undefined };
}

/** A range of an operator's keys and the node that signs with them. */
export interface KeyRange {
  /** Name of the node. */
  readonly node: string;
  readonly count: number;
  /** First EIP-2334 index of the range in the operator's mnemonic. */
  readonly startIndex: number;
  readonly client: KeyHolder;
  /** Where they differ from the validator client's own. */
  readonly gasLimit?: number | undefined;
  readonly graffiti?: string | undefined;
}

export interface OperatorArgs {
  readonly chain: ChainArgs;
  readonly protocol: OperatorProtocol;
  /** The operator's manager: registers, posts the bond and submits keys. */
  readonly manager: AccountArgs;
  /** Holds OPERATOR_MANAGER_ROLE and vets the keys; absent where that is not this stack's to do. */
  readonly vetter?: AccountArgs | undefined;
  /** Ether, as a decimal string. */
  readonly bond: string;
  readonly keys: readonly KeyRange[];
  /** Folder for the mnemonic and the keystores. */
  readonly keyDirectory: string;
  /** Where the mnemonic is; the file `mnemonic` of the folder by default. */
  readonly mnemonicFile?: string | undefined;
  /** Whether a mnemonic is made from fresh entropy when there is none. */
  readonly generateMnemonic: boolean;
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
    const artifact = protocol.registryArtifact;
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
      const { holder, validator, beacon } = range.client;
      const beaconArgs = { beaconUrl: beacon.url, ...(beacon.ssh ? { beaconSsh: beacon.ssh } : {}) };
      const keys = new ValidatorKeys(
        rangeName,
        {
          mnemonicFile: args.mnemonicFile ?? `${args.keyDirectory}/mnemonic`,
          generateMnemonic: args.generateMnemonic,
          startIndex: range.startIndex,
          count: range.count,
          keystoreDirectory,
          keymanager: holder,
          ...beaconArgs,
        },
        child,
      );
      const named =
        validator &&
        new RemoteKeys(
          rangeName,
          { keymanager: validator.keymanager, publicKeys: keys.publicKeys, signerUrl: validator.signerUrl },
          { ...child, dependsOn: [keys] },
        );
      const keymanager = validator?.keymanager ?? holder;
      const known: CustomResourceOptions = { ...child, dependsOn: named ? [named] : [] };
      const feeRecipient = new FeeRecipient(
        rangeName,
        { keymanager, publicKeys: keys.publicKeys, feeRecipient: protocol.executionRewardsVault },
        known,
      );
      const { gasLimit, graffiti } = range;
      if (gasLimit !== undefined || graffiti !== undefined) {
        new ProposerSettings(
          rangeName,
          {
            keymanager,
            publicKeys: keys.publicKeys,
            ...(gasLimit === undefined ? {} : { gasLimit }),
            ...(graffiti === undefined ? {} : { graffiti }),
          },
          known,
        );
      }
      const deposit = new Deposit(
        rangeName,
        {
          chain,
          sender: manager.sender,
          registry: protocol.operatorRegistry,
          pool: protocol.stakingPool,
          executionRewardsVault: protocol.executionRewardsVault,
          operatorId,
          publicKeys: keys.publicKeys,
          keystoreDirectory,
          withdrawalCredentials: protocol.withdrawalCredentials,
          genesisForkVersion: args.genesisForkVersion,
          ...beaconArgs,
          artifact,
        },
        // Keys that could propose before their fee recipient is set would pay a stranger.
        { ...child, dependsOn: [bond, feeRecipient] },
      );
      return { keys, deposit };
    });
    const vetter = args.vetter;
    this.operatorId = operatorId;
    this.publicKeys = ranges.map(({ keys }) => keys.publicKeys);
    if (vetter === undefined) {
      this.ready = ranges.map(({ deposit }) => deposit);
      this.registerOutputs({ operatorId, publicKeys: this.publicKeys });
      return;
    }
    const vetting = new Setting(
      `${name}-vetted-keys`,
      {
        chain,
        sender: vetter.sender,
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
    this.ready = [vetting];
    this.registerOutputs({ operatorId, publicKeys: this.publicKeys });
  }
}
