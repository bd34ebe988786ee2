import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs, type ChainArgs, type SenderArgs } from "./common.ts";

/** A read of the chain. */
export interface SettingRead {
  /** Contract to ask; the setting's target by default. */
  readonly target?: Input<string>;
  /** Solidity signature, e.g. `function stakeCap() view returns (uint256)`. */
  readonly signature: Input<string>;
  readonly args?: Input<readonly Input<unknown>[]>;
  /** Index of the result where there are several; 0 by default. */
  readonly result?: Input<number>;
}

/** Filled in right before a transaction: the wanted value, or the integer that is missing to it. */
export interface Placeholder {
  readonly placeholder: "value" | "shortfall";
}

/** A write to the chain. Arguments may be placeholders, or `{ read: ... }` for what the chain says right before sending. */
export interface SettingWrite {
  readonly signature: Input<string>;
  readonly args?: Input<readonly Input<unknown>[]>;
  /** Wei sent along, as a decimal string or a placeholder. */
  readonly valueWei?: Input<string | Placeholder>;
}

export interface SettingArgs {
  readonly chain: Input<ChainArgs>;
  readonly sender: Input<SenderArgs>;
  /** Contract that is written to. */
  readonly target: Input<string>;
  readonly read: Input<SettingRead>;
  readonly write: Input<SettingWrite>;
  /** What the reader should return; integers as decimal strings. */
  readonly value: Input<unknown>;
  /** `equal` (default), or `atLeast` for an integer that must not be below the value. */
  readonly compare?: Input<"equal" | "atLeast">;
  /** Sent when the setting leaves the program; without it the chain keeps the value. */
  readonly undo?: Input<SettingWrite>;
  /** Timelock that the write goes through where the sender may not make it itself; the sender is its proposer. */
  readonly timelock?: Input<string>;
  /** Role that the write needs: taken by the sender while it is still the target's admin, at the first set-up. */
  readonly role?: Input<string>;
  /** Artifact whose ABI names the target's errors. */
  readonly artifact?: Input<string>;
}

/** One desired on-chain value, written only where the chain says otherwise. */
export class Setting extends CustomResource {
  /** What the reader returned last. */
  declare readonly current: Output<unknown>;

  constructor(name: string, args: SettingArgs, options?: CustomResourceOptions) {
    super("ethstake:index:Setting", name, withOutputs(args, ["current"]), options);
  }
}
