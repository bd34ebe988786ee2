import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs } from "./common.ts";

export interface GenesisArgs {
  /** Folder of the network's files. */
  readonly directory: Input<string>;
  readonly chainId: Input<number>;
  readonly secondsPerSlot: Input<number>;
  readonly slotsPerEpoch: Input<number>;
  /** Validators active from genesis on, with the interop keys that everybody knows. */
  readonly validatorCount: Input<number>;
  /** From making the genesis to slot 0, in seconds. */
  readonly delaySeconds: Input<number>;
  /** Accounts to make and fund: name to ether, as decimal strings. */
  readonly accounts: Input<Record<string, Input<string>>>;
}

/** An account of a devnet. */
export interface DevnetAccount {
  readonly address: string;
  readonly keyFile: string;
}

/** The genesis of a devnet for both layers. */
export class Genesis extends CustomResource {
  /** Unix seconds of slot 0. */
  declare readonly genesisTime: Output<number>;
  declare readonly executionBlockHash: Output<string>;
  declare readonly genesisValidatorsRoot: Output<string>;
  declare readonly genesisForkVersion: Output<string>;
  declare readonly executionGenesisFile: Output<string>;
  /** What the Lodestar launcher reads: preset overrides and configuration. */
  declare readonly chainFile: Output<string>;
  declare readonly consensusParametersFile: Output<string>;
  declare readonly genesisStateFile: Output<string>;
  /** Secret between execution and consensus client, mode 0600. */
  declare readonly jwtFile: Output<string>;
  declare readonly depositContract: Output<string>;
  declare readonly accountFiles: Output<Record<string, DevnetAccount>>;

  constructor(name: string, args: GenesisArgs, options?: CustomResourceOptions) {
    const outputs = [
      "genesisTime",
      "executionBlockHash",
      "genesisValidatorsRoot",
      "genesisForkVersion",
      "executionGenesisFile",
      "chainFile",
      "consensusParametersFile",
      "genesisStateFile",
      "jwtFile",
      "depositContract",
      "accountFiles",
    ];
    super("ethstake:index:Genesis", name, withOutputs(args, outputs), options);
  }
}
