import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs, type KeymanagerArgs, type SshArgs } from "./common.ts";

export interface ValidatorKeysArgs {
  /** File with a BIP-39 mnemonic, mode 0600, or `vault:MOUNT/PATH#FIELD`. */
  readonly mnemonicFile: Input<string>;
  /** Make the mnemonic from fresh entropy when the file does not exist. */
  readonly generateMnemonic?: Input<boolean>;
  /** First EIP-2334 index; 0 by default. */
  readonly startIndex?: Input<number>;
  readonly count: Input<number>;
  /** Folder for EIP-2335 keystores and their passwords, mode 0700. */
  readonly keystoreDirectory: Input<string>;
  /** The one validator client that signs with the keys. */
  readonly keymanager?: Input<KeymanagerArgs>;
  /** Beacon node that tells which keys are on the chain already. */
  readonly beaconUrl?: Input<string>;
  /** Host on whose loopback the beacon node is; this machine by default. */
  readonly beaconSsh?: Input<SshArgs>;
}

/** A range of a mnemonic's validator keys, stored and loaded. State holds public keys, paths and digests only. */
export class ValidatorKeys extends CustomResource {
  /** 48 bytes in hex each. */
  declare readonly publicKeys: Output<string[]>;
  /** EIP-2334 paths, in the order of publicKeys. */
  declare readonly paths: Output<string[]>;
  /** Keys that the validator client had loaded when it was last asked. */
  declare readonly loaded: Output<string[]>;

  constructor(name: string, args: ValidatorKeysArgs, options?: CustomResourceOptions) {
    super(
      "ethstake:index:ValidatorKeys",
      name,
      withOutputs(args, ["publicKeys", "paths", "keystoreDigests", "loaded"]),
      options,
    );
  }
}
