import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs, type ChainArgs, type SenderArgs, type SshArgs } from "./common.ts";

export interface DepositArgs {
  readonly chain: Input<ChainArgs>;
  /** The operator's manager. */
  readonly sender: Input<SenderArgs>;
  /** OperatorRegistry that the keys are registered with. */
  readonly registry: Input<string>;
  /** StakingPool whose WithdrawalVault must own the credentials. */
  readonly pool: Input<string>;
  /** Fee recipient of the keys, which must be the pool's ExecutionRewardsVault. */
  readonly executionRewardsVault?: Input<string>;
  /** Decimal string, from 1. */
  readonly operatorId: Input<string>;
  readonly publicKeys: Input<readonly Input<string>[]>;
  /** Where the keystores of these keys are. */
  readonly keystoreDirectory: Input<string>;
  /** 32 bytes in hex: type 0x01 or 0x02, 11 zero bytes, the vault's address. */
  readonly withdrawalCredentials: Input<string>;
  /** GENESIS_FORK_VERSION, 4 bytes in hex. */
  readonly genesisForkVersion: Input<string>;
  /** Beacon node that tells what became of the deposits. */
  readonly beaconUrl?: Input<string>;
  /** Host on whose loopback the beacon node is; this machine by default. */
  readonly beaconSsh?: Input<SshArgs>;
  /** Artifact of the registry, whose ABI names its errors. */
  readonly artifact?: Input<string>;
}

/** Signed deposit data of a range of keys, registered with the protocol. */
export class Deposit extends CustomResource {
  /** hash_tree_root(DepositData) of each key, in the order of publicKeys. */
  declare readonly depositDataRoots: Output<string[]>;

  constructor(name: string, args: DepositArgs, options?: CustomResourceOptions) {
    super("ethstake:index:Deposit", name, withOutputs(args, ["depositDataRoots"]), options);
  }
}
