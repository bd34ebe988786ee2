import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs, type KeymanagerArgs } from "./common.ts";

export interface FeeRecipientArgs {
  readonly keymanager: Input<KeymanagerArgs>;
  readonly publicKeys: Input<readonly Input<string>[]>;
  /** Address that receives the priority fees of blocks that these validators propose. */
  readonly feeRecipient: Input<string>;
}

/** The fee recipient of a range of keys in their validator client. */
export class FeeRecipient extends CustomResource {
  /** What the client uses for each key, in the order of publicKeys. */
  declare readonly current: Output<string[]>;

  constructor(name: string, args: FeeRecipientArgs, options?: CustomResourceOptions) {
    super("ethstake:index:FeeRecipient", name, withOutputs(args, ["current"]), options);
  }
}
