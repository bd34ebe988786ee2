import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs, type ChainArgs, type SenderArgs } from "./common.ts";

export interface ContractArgs {
  readonly chain: Input<ChainArgs>;
  /** Deploys, and upgrades a proxy (for which it needs the contract's upgrade role). */
  readonly sender: Input<SenderArgs>;
  /** Foundry artifact, e.g. `contracts/out/StakingPool.sol/StakingPool.json`. */
  readonly artifact: Input<string>;
  /** Constructor arguments as JSON values; integers as decimal strings. */
  readonly constructorArgs?: Input<readonly Input<unknown>[]>;
  /** CREATE2 salt, 32 bytes in lower-case hex; zero by default. */
  readonly salt?: Input<string>;
  /** Timelock that upgrades go through where the sender may not make them itself; the sender is its proposer. */
  readonly timelock?: Input<string>;
  /** Puts the contract behind a UUPS proxy, initialised in the proxy's own deployment. */
  readonly proxy?: Input<{
    /** Artifact of the ERC-1967 proxy. */
    readonly artifact: Input<string>;
    readonly initializer: Input<{ readonly function: Input<string>; readonly args?: Input<readonly Input<unknown>[]> }>;
  }>;
}

/** A Foundry artifact on a chain, at an address that follows from code, arguments and salt (CREATE2). */
export class Contract extends CustomResource {
  /** Where it is called: the proxy, or the contract itself. */
  declare readonly address: Output<string>;
  /** Where its code is. */
  declare readonly implementation: Output<string>;

  constructor(name: string, args: ContractArgs, options?: CustomResourceOptions) {
    super("ethstake:index:Contract", name, withOutputs(args, ["address", "implementation", "initCodeHash"]), options);
  }
}
