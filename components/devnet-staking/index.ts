import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import { parseEther } from "viem";
import { Setting, type ChainArgs } from "../../provider/sdk/index.ts";
import { artifactPath } from "../protocol/artifacts.ts";
import type { AccountArgs, Protocol } from "../protocol/index.ts";
import { childOptions } from "../options.ts";

export interface DevnetStakingArgs {
  readonly chain: ChainArgs;
  readonly protocol: Protocol;
  /** Test account that stakes. */
  readonly staker: AccountArgs;
  /** Ether that the test account stakes, as a decimal string. */
  readonly stake: string;
}

/** What users do on a public network, done once by a test account: staking. A desired state of the chain, so that a second run does not do it again. */
export class DevnetStaking extends ComponentResource {
  constructor(name: string, args: DevnetStakingArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:DevnetStaking", name, {}, options);
    const child = childOptions(this, options);
    const { chain, protocol } = args;
    const artifact = artifactPath("StakingPool.sol", "StakingPool");
    new Setting(
      `${name}-stake`,
      {
        chain,
        sender: args.staker.sender,
        target: protocol.stakingPool,
        read: { signature: "function totalPooledEther() view returns (uint256)" },
        write: {
          signature: "function stake(address receiver, uint256 minShares, address referral) payable",
          args: [args.staker.address, "1", `0x${"00".repeat(20)}`],
          valueWei: { placeholder: "shortfall" },
        },
        value: parseEther(args.stake).toString(),
        compare: "atLeast",
        artifact,
      },
      { ...child, dependsOn: [...protocol.wiring] },
    );
    this.registerOutputs({});
  }
}
