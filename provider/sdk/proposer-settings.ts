import { CustomResource, type CustomResourceOptions, type Input } from "@pulumi/pulumi";
import { withOutputs, type KeymanagerArgs } from "./common.ts";

export interface ProposerSettingsArgs {
  readonly keymanager: Input<KeymanagerArgs>;
  readonly publicKeys: Input<Input<string>[]>;
  /** Gas limit that the keys' proposals ask for. */
  readonly gasLimit?: Input<number>;
  /** At most 32 bytes of UTF-8. */
  readonly graffiti?: Input<string>;
}

/** Gas limit and graffiti of a range of keys, where they differ from their validator client's own. */
export class ProposerSettings extends CustomResource {
  constructor(name: string, args: ProposerSettingsArgs, options?: CustomResourceOptions) {
    super("ethstake:index:ProposerSettings", name, withOutputs(args, []), options);
  }
}
