import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs, type KeymanagerArgs } from "./common.ts";

export interface RemoteKeysArgs {
  /** The validator client that is to run the keys. */
  readonly keymanager: Input<KeymanagerArgs>;
  readonly publicKeys: Input<Input<string>[]>;
  /** Web3Signer as the validator client sees it. */
  readonly signerUrl: Input<string>;
}

/** Keys that a remote signer holds, named to the one validator client that runs them. */
export class RemoteKeys extends CustomResource {
  /** Keys that the validator client ran when it was last asked. */
  declare readonly known: Output<string[]>;

  constructor(name: string, args: RemoteKeysArgs, options?: CustomResourceOptions) {
    super("ethstake:index:RemoteKeys", name, withOutputs(args, ["known"]), options);
  }
}
