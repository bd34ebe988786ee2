import type { CustomResourceOptions, Input, Output } from "@pulumi/pulumi";
import { keccak256, parseEther, stringToHex } from "viem";
import { Contract, type SenderArgs } from "../../provider/sdk/index.ts";
import type { ProtocolArgs } from "./args.ts";
import { builtArtifact } from "./artifacts.ts";
import { isProxied, sourceName, type ProtocolContract } from "./contracts.ts";

/** Wei. An initialiser runs once, so its arguments never change: the setting `bondPerKey` takes over from this right after. */
const INITIAL_BOND_PER_KEY = parseEther("2").toString();

/** All contracts, each after those whose addresses it takes. */
export function deploy(
  args: ProtocolArgs,
  upgradeTimelock: Output<string> | undefined,
  child: CustomResourceOptions,
): Record<ProtocolContract, Contract> {
  const sender: SenderArgs = args.admin.sender;
  const admin = args.admin.address;
  const contract = (
    name: ProtocolContract,
    constructorArgs: Input<unknown>[] = [],
    initializerArgs: Input<string>[] = [admin],
  ): Contract => {
    const source = sourceName(name);
    return new Contract(
      name,
      {
        chain: args.chain,
        sender,
        artifact: builtArtifact(`${source}.sol`, source),
        constructorArgs,
        // Committees have the same code and arguments: the salt gives each its own address.
        ...(source === name ? {} : { salt: keccak256(stringToHex(name)) }),
        ...(isProxied(name)
          ? {
              ...(upgradeTimelock ? { timelock: upgradeTimelock } : {}),
              proxy: {
                artifact: builtArtifact("ERC1967Proxy.sol", "ERC1967Proxy"),
                initializer: { function: "initialize", args: initializerArgs },
              },
            }
          : {}),
      },
      child,
    );
  };
  const registry = contract("OperatorRegistry", [], [admin, INITIAL_BOND_PER_KEY]);
  const withdrawalVault = contract("WithdrawalVault");
  const rewardsVault = contract("ExecutionRewardsVault");
  const coverageFund = contract("CoverageFund");
  const proofs = contract("BeaconProofs");
  const consensus = contract("ReportConsensus");
  const lossReview = contract("LossReview");
  const guardians = contract("Guardians");
  const pool = contract("StakingPool", [registry.address, withdrawalVault.address, rewardsVault.address]);
  const queue = contract("WithdrawalQueue", [pool.address, guardians.address]);
  const deposits = contract("BeaconDeposits", [
    {
      depositContract: args.depositContract,
      pool: pool.address,
      registry: registry.address,
      withdrawalVault: withdrawalVault.address,
      proofs: proofs.address,
      consensus: consensus.address,
    },
  ]);
  const distribution = contract(
    "RewardDistribution",
    [
      {
        pool: pool.address,
        registry: registry.address,
        coverageFund: coverageFund.address,
        consensus: consensus.address,
        lossReview: lossReview.address,
      },
      args.time,
    ],
    [admin, args.treasury],
  );
  const { minEpochsPerFrame: _, ...clock } = args.time;
  const serviceLevel = contract("ServiceLevel", [
    {
      registry: registry.address,
      coverageFund: coverageFund.address,
      consensus: consensus.address,
      proofs: proofs.address,
      withdrawalVault: withdrawalVault.address,
    },
    { ...clock, windowEpochs: args.serviceLevel.windowEpochs, minAppealWindow: args.serviceLevel.minAppealSeconds },
  ]);
  return {
    OperatorRegistry: registry,
    WithdrawalVault: withdrawalVault,
    ExecutionRewardsVault: rewardsVault,
    CoverageFund: coverageFund,
    BeaconProofs: proofs,
    ReportConsensus: consensus,
    LossReview: lossReview,
    Guardians: guardians,
    StakingPool: pool,
    WithdrawalQueue: queue,
    BeaconDeposits: deposits,
    RewardDistribution: distribution,
    ServiceLevel: serviceLevel,
  };
}
