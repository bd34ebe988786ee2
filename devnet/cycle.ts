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
import { until, type Progress } from "./activity.ts";
import { accountOf, ownValidators } from "./network.ts";
import type { NetworkReader } from "./proofs.ts";

/** IOperatorRegistry.KeyState. */
const DEPOSITED = 4;
/** What the second account stakes and withdraws, in wei. */
const LEAVERS_STAKE = parseEther("1");

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

/** Waits until the keepers have moved the pool's ether to our keys: pre-deposits, attested credentials, the rest. */
export async function awaitDeposits(reader: NetworkReader, progress: Progress): Promise<void> {
  const keys = ownValidators(reader.network).map(({ publicKey }) => publicKey);
  await until(reader, async () => {
    const deposited = await keysIn(reader, keys, DEPOSITED);
    progress(
      `waiting for the keepers to complete the deposits: ${deposited.length} of ${keys.length}; head at slot ${await reader.headSlot()}`,
    );
    return deposited.length === keys.length ? true : undefined;
  });
}

/** Waits until the keepers have reported a frame whose rewards were settled. */
export async function awaitReport(reader: NetworkReader, progress: Progress): Promise<void> {
  await until(reader, async () => {
    progress(`waiting for the keepers to report a frame; head at slot ${await reader.headSlot()}`);
    const { settled } = await reader.rewardsReceived();
    return settled > 0n ? true : undefined;
  });
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
  await until(reader, async () => {
    progress(`waiting for the keepers' reports to finalise the request; head at slot ${await reader.headSlot()}`);
    return (await request()).finalized ? true : undefined;
  });
  if ((await request()).claimed) return;
  const hint = await execution.readContract({ ...queue, functionName: "findHint", args: [requestId] });
  progress("claiming the withdrawal");
  await send(reader, "leaver", "WithdrawalQueue", "Claiming a withdrawal", {
    abi: QUEUE_ABI,
    functionName: "claim",
    args: [requestId, hint, address],
  });
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
    ...(call.value === undefined ? {} : { value: call.value }),
    purpose,
    to: reader.network.contracts[contract],
    data: encodeFunctionData({ abi: call.abi, functionName: call.functionName, args: call.args }),
    abi: (await loadArtifact(artifactPath(`${contract}.sol`, contract))).abi,
  });
}
