import { ComponentResource, type ComponentResourceOptions, type Input, type Resource } from "@pulumi/pulumi";
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
  /** Holds DEPOSITOR_ROLE. */
  readonly depositor: AccountArgs;
  /** The beacon chain's deposit contract. */
  readonly depositContract: Input<string>;
  /** Ether that the test account stakes, as a decimal string. */
  readonly stake: string;
  /** Number of validators that deposits are made for. */
  readonly validators: number;
  /** What must be in place before deposits are made: registered and vetted keys. */
  readonly keysReady: readonly Resource[];
}

/**
 * What users and the keeper do on a public network, done once by test accounts: staking, and pre-depositing for the keys. Both are
 * desired states of the chain, so that a second run does neither again.
 */
export class DevnetStaking extends ComponentResource {
  readonly deposits: Resource;

  constructor(name: string, args: DevnetStakingArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:DevnetStaking", name, {}, options);
    const child = childOptions(this, options);
    const { chain, protocol } = args;
    const artifact = artifactPath("StakingPool.sol", "StakingPool");
    const stake = new Setting(
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
    this.deposits = new Setting(
      `${name}-deposits`,
      {
        chain,
        sender: args.depositor.sender,
        target: protocol.beaconDeposits,
        read: { signature: "function preDepositedKeys() view returns (uint256)" },
        write: {
          signature:
            "function preDeposit(uint256 maxKeys, bytes32 expectedDepositRoot, uint256 expectedKeysNonce, bytes32 expectedCredentials)",
          args: [
            { placeholder: "shortfall" },
            {
              read: {
                target: args.depositContract,
                signature: "function get_deposit_root() view returns (bytes32)",
              },
            },
            // Neither a deposit by somebody else nor a change of keys may slip in between these reads and the transaction.
            {
              read: {
                target: protocol.operatorRegistry,
                signature: "function keysNonce() view returns (uint256)",
              },
            },
            protocol.withdrawalCredentials,
          ],
        },
        value: String(args.validators),
        compare: "atLeast",
        artifact: artifactPath("BeaconDeposits.sol", "BeaconDeposits"),
      },
      { ...child, dependsOn: [stake, ...args.keysReady] },
    );
    this.registerOutputs({});
  }
}
