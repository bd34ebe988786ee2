import {
  encodeFunctionData,
  formatEther,
  keccak256,
  parseAbi,
  parseEther,
  zeroAddress,
  type Abi,
  type Hex,
} from "viem";
import { artifactPath } from "../components/protocol/artifacts.ts";
import type { ProtocolContract } from "../components/protocol/contracts.ts";
import { loadArtifact } from "../provider/chain/artifact.ts";
import { COMMITTEE_ACCOUNTS } from "../stacks/devnet-accounts.ts";
import { until, type Progress } from "./activity.ts";
import { accountOf, ownValidators } from "./network.ts";
import type { NetworkReader } from "./proofs.ts";
import { DISTRIBUTION_ABI, dueFrame, readReport, type FrameReport } from "./reports.ts";

/** Lanes of a ReportConsensus (contracts/src/libraries/Lanes.sol). */
const LANE = { report: 0n, credentials: 2n } as const;
/** IOperatorRegistry.KeyState. */
const KEY_STATE = { taken: 2, proven: 3, deposited: 4 } as const;
/** A vote that completes the quorum writes the agreement too; which one it will be is not known when gas is estimated. */
const AGREEMENT_GAS = 40_000n;
/** What the second account stakes and withdraws, in wei. */
const LEAVERS_STAKE = parseEther("1");

const CONSENSUS_ABI = parseAbi(["function vote(uint256 lane, bytes32 digest)"]);
const DEPOSITS_ABI = parseAbi([
  "function attestationDigest(bytes32[] valid, bytes32[] invalid) view returns (bytes32)",
  "function attestCredentials(bytes32[] valid, bytes32[] invalid)",
  "function completeDeposits(bytes pubkeys)",
]);
const REGISTRY_ABI = parseAbi([
  "function keyOf(bytes32 pubkeyHash) view returns (uint256 operatorId, uint256 index, uint8 state)",
]);
const POOL_ABI = parseAbi([
  "function balanceOf(address account) view returns (uint256)",
  "function stake(address receiver, uint256 minShares, address referral) payable returns (uint256 shares)",
]);
const QUEUE_ABI = parseAbi([
  "struct Request { address owner; uint256 shares; bool finalized; bool claimed; uint256 assets; }",
  "function requestWithdrawal(uint256 shares, address receiver) returns (uint256 firstRequestId, uint256 lastRequestId)",
  "function requestOf(uint256 requestId) view returns (Request)",
  "function lastRequestId() view returns (uint256)",
  "function findHint(uint256 requestId) view returns (uint256 hint)",
  "function claim(uint256 requestId, uint256 hint, address recipient) returns (uint256 assets)",
]);

/**
 * The second step of the deposits: waits for the beacon chain to show the pre-deposited validators, has the oracle members attest
 * their credentials, and deposits the rest. What was done before is left alone.
 */
export async function completeDeposits(reader: NetworkReader, progress: Progress): Promise<void> {
  const { network } = reader;
  const keys = ownValidators(network).map(({ publicKey }) => publicKey);
  const unresolved = await keysIn(reader, keys, KEY_STATE.taken);
  if (unresolved.length > 0) {
    const shown = await until(reader, async () => {
      const validators = await reader.beacon.validators(unresolved);
      progress(
        `waiting for the beacon chain to show the pre-deposits: ${validators.length} of ${unresolved.length}; head at slot ${await reader.headSlot()}`,
      );
      return validators.length === unresolved.length ? validators : undefined;
    });
    const isOwn = (credentials: string): boolean =>
      credentials.toLowerCase() === network.withdrawalCredentials.toLowerCase();
    const hashes = (own: boolean): Hex[] =>
      shown
        .filter(({ withdrawalCredentials }) => isOwn(withdrawalCredentials) === own)
        .map(({ publicKey }) => keccak256(publicKey));
    const [valid, invalid] = [hashes(true), hashes(false)];
    progress(`attesting the credentials of ${shown.length} validators`);
    const digest = await reader.execution.readContract({
      address: network.contracts.BeaconDeposits,
      abi: DEPOSITS_ABI,
      functionName: "attestationDigest",
      args: [valid, invalid],
    });
    await voteAll(reader, LANE.credentials, digest);
    await send(reader, "depositor", "BeaconDeposits", "Attesting credentials", {
      abi: DEPOSITS_ABI,
      functionName: "attestCredentials",
      args: [valid, invalid],
    });
  }
  const proven = await keysIn(reader, keys, KEY_STATE.proven);
  if (proven.length === 0) return;
  progress(`depositing the rest for ${proven.length} validators`);
  await send(reader, "depositor", "BeaconDeposits", "Completing deposits", {
    abi: DEPOSITS_ABI,
    functionName: "completeDeposits",
    args: [`0x${proven.map((key) => key.slice(2)).join("")}`],
  });
}

/** Settles the frame that is due, as the oracle members do: each votes for the report's digest, then anyone settles it. */
export async function settleFrame(reader: NetworkReader, progress: Progress): Promise<FrameReport> {
  const { network } = reader;
  const refSlot = await until(reader, async () => {
    progress(`waiting for the end of a reporting frame; head at slot ${await reader.headSlot()}`);
    return await dueFrame(reader);
  });
  const { report, updates } = await readReport(reader, refSlot);
  progress(`reporting slot ${refSlot}: ${formatEther(report.beaconBalance)} ETH with validators`);
  const digest = (await reader.execution.readContract({
    address: network.contracts.RewardDistribution,
    abi: DISTRIBUTION_ABI,
    functionName: "reportDigest",
    args: [report, updates],
  })) as Hex;
  await voteAll(reader, LANE.report, digest);
  await send(reader, "depositor", "RewardDistribution", `Settling the frame of slot ${refSlot}`, {
    abi: DISTRIBUTION_ABI,
    functionName: "settleRewards",
    args: [report, updates],
  });
  return report;
}

/**
 * A second account's whole way: stake, request, finalisation by reports, claim. Done once; a second run goes on where it stopped and
 * leaves alone what is done.
 */
export async function withdraw(reader: NetworkReader, progress: Progress): Promise<void> {
  const { network, execution } = reader;
  const { StakingPool, WithdrawalQueue } = network.contracts;
  const { address } = accountOf(network, "leaver");
  const queue = { address: WithdrawalQueue, abi: QUEUE_ABI } as const;
  if ((await execution.readContract({ ...queue, functionName: "lastRequestId" })) === 0n) {
    const shares = () =>
      execution.readContract({ address: StakingPool, abi: POOL_ABI, functionName: "balanceOf", args: [address] });
    if ((await shares()) === 0n) {
      progress(`staking ${formatEther(LEAVERS_STAKE)} ETH of a second account`);
      await send(reader, "leaver", "StakingPool", "Staking", {
        abi: POOL_ABI,
        functionName: "stake",
        args: [address, 1n, zeroAddress],
        value: LEAVERS_STAKE,
      });
    }
    const all = await shares();
    progress(`requesting a withdrawal of ${formatEther(all)} ethSTAKE`);
    await send(reader, "leaver", "WithdrawalQueue", "Requesting a withdrawal", {
      abi: QUEUE_ABI,
      functionName: "requestWithdrawal",
      args: [all, address],
    });
  }
  const requestId = 1n;
  const request = async () => await execution.readContract({ ...queue, functionName: "requestOf", args: [requestId] });
  while (!(await request()).finalized) await settleFrame(reader, progress);
  if ((await request()).claimed) return;
  const hint = await execution.readContract({ ...queue, functionName: "findHint", args: [requestId] });
  progress("claiming the withdrawal");
  await send(reader, "leaver", "WithdrawalQueue", "Claiming a withdrawal", {
    abi: QUEUE_ABI,
    functionName: "claim",
    args: [requestId, hint, address],
  });
}

async function voteAll(reader: NetworkReader, lane: bigint, digest: Hex): Promise<void> {
  await Promise.all(
    COMMITTEE_ACCOUNTS.oracle.map((member) =>
      send(reader, member, "ReportConsensus", "A vote", {
        abi: CONSENSUS_ABI,
        functionName: "vote",
        args: [lane, digest],
        spareGas: AGREEMENT_GAS,
      }),
    ),
  );
}

/** Those of the keys that the registry has in a state. */
async function keysIn({ execution, network }: NetworkReader, keys: readonly Hex[], wanted: number): Promise<Hex[]> {
  const states = await Promise.all(
    keys.map((key) =>
      execution.readContract({
        address: network.contracts.OperatorRegistry,
        abi: REGISTRY_ABI,
        functionName: "keyOf",
        args: [keccak256(key)],
      }),
    ),
  );
  return keys.filter((_key, index) => states[index]?.[2] === wanted);
}

interface Call {
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  readonly spareGas?: bigint;
  /** Wei sent along. */
  readonly value?: bigint;
}

async function send(
  reader: NetworkReader,
  from: string,
  contract: ProtocolContract,
  purpose: string,
  call: Call,
): Promise<void> {
  const sender = await reader.senderOf(from);
  await sender.send({
    ...(call.spareGas === undefined ? {} : { spareGas: call.spareGas }),
    ...(call.value === undefined ? {} : { value: call.value }),
    purpose,
    to: reader.network.contracts[contract],
    data: encodeFunctionData({ abi: call.abi, functionName: call.functionName, args: call.args }),
    abi: (await loadArtifact(artifactPath(`${contract}.sol`, contract))).abi,
  });
}
