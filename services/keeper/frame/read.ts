import type { Hex } from "viem";
import { z } from "zod";
import { epochStart } from "../../../provider/beacon/api.ts";
import type { BeaconReader, BlockHeader, ValidatorRecord } from "../beacon/reader.ts";
import { DISTRIBUTION_ABI, KEY_STATE, POOL_ABI, QUEUE_ABI, REGISTRY_ABI } from "../protocol/abi.ts";
import { depositLogs } from "../protocol/deposit-events.ts";
import { exitsAskedUntil } from "../protocol/exits-asked.ts";
import type { TakenKey } from "../protocol/registry.ts";
import type { Protocol } from "../protocol/protocol.ts";
import { composeReport, type CompletedValidator, type OperatorBefore, type ReportedFrame } from "./compose.ts";
import { settleableFrame } from "./due.ts";
import { paidOutSince } from "./payouts.ts";

const WEI_PER_GWEI = 10n ** 9n;
/** Gwei of the second deposit (BeaconDeposits.TOP_UP). */
const TOP_UP_GWEI = 31_000_000_000n;

const depositIndexSchema = z.object({ data: z.object({ eth1_deposit_index: z.coerce.bigint() }) });
const pendingSchema = z.object({ data: z.array(z.object({ pubkey: z.string(), amount: z.coerce.bigint() })) });

/** Last slot of the frame that is due; undefined when none is. @param stableSlot newest slot that does not change any more */
export async function dueFrame(protocol: Protocol, stableSlot: number): Promise<number | undefined> {
  const { genesisTime, secondsPerSlot, slotsPerEpoch } = await protocol.beacon.parameters();
  const distribution = { address: protocol.contracts.RewardDistribution, abi: DISTRIBUTION_ABI } as const;
  const [epochsPerFrame, minEpochsPerFrame, lastRefSlot, lastFrameTime] = await Promise.all([
    protocol.client.readContract({ ...distribution, functionName: "epochsPerFrame" }),
    protocol.client.readContract({ ...distribution, functionName: "minEpochsPerFrame" }),
    protocol.client.readContract({ ...distribution, functionName: "lastRefSlot" }),
    protocol.client.readContract({
      address: protocol.contracts.StakingPool,
      abi: POOL_ABI,
      functionName: "lastFrameTime",
    }),
  ]);
  return settleableFrame({
    stableSlot,
    slotsPerFrame: Number(epochsPerFrame) * slotsPerEpoch,
    minSlotsPerFrame: Number(minEpochsPerFrame) * slotsPerEpoch,
    lastRefSlot: Number(lastRefSlot),
    genesisTime,
    secondsPerSlot,
    lastFrameTime: Number(lastFrameTime),
  });
}

/**
 * Reads a frame's totals from the beacon node and the execution chain as they were at its last slot. Everything is read as of that
 * slot's block, so that members who ask at different times say the same.
 * @param exitDeadlineSeconds how long an operator has for an exit that it was asked for
 */
export async function readReport(
  protocol: Protocol,
  refSlot: number,
  exitDeadlineSeconds: number,
): Promise<ReportedFrame> {
  const { beacon, client, contracts } = protocol;
  const header = await beacon.lastHeader(refSlot);
  const block = await beacon.blockOf(header);
  const { blockNumber } = block.payload;
  const [withdrawalVaultBalance, executionVaultBalance, lastRequestId, keys] = await Promise.all([
    client.getBalance({ address: contracts.WithdrawalVault, blockNumber }),
    client.getBalance({ address: contracts.ExecutionRewardsVault, blockNumber }),
    client.readContract({
      address: contracts.WithdrawalQueue,
      abi: QUEUE_ABI,
      functionName: "lastRequestId",
      blockNumber,
    }),
    protocol.registry.keysAt(blockNumber),
  ]);
  const completed = keys.filter(({ state }) => state === KEY_STATE.deposited);
  const validators = await completedValidators(protocol, completed, header, blockNumber);
  const before = new Map<number, OperatorBefore>();
  for (const operatorId of new Set(completed.map((key) => key.operatorId)))
    before.set(
      operatorId,
      await operatorBefore(protocol, operatorId, blockNumber, block.payload.timestamp - exitDeadlineSeconds),
    );
  return composeReport(
    {
      refSlot: BigInt(refSlot),
      withdrawalVaultBalance,
      executionVaultBalance,
      finalizeUpTo: Number(lastRequestId),
    },
    validators,
    before,
  );
}

/** The validators of completed keys, as the state of a block has them. */
async function completedValidators(
  protocol: Protocol,
  keys: readonly TakenKey[],
  header: BlockHeader,
  blockNumber: bigint,
): Promise<CompletedValidator[]> {
  if (keys.length === 0) return [];
  const { beacon, client } = protocol;
  const parameters = await beacon.parameters();
  const epoch = Math.floor(header.slot / parameters.slotsPerEpoch);
  const isCredited = await creditedKeys(protocol, keys, header, blockNumber);
  const records = new Map<Hex, ValidatorRecord>();
  // By root: it names one state for ever, and some nodes confuse states that are asked for by slot.
  for await (const part of beacon.validators(
    header.stateRoot,
    keys.map(({ publicKey }) => publicKey),
  ))
    for (const record of part) records.set(record.publicKey, record);

  const payable = [...records.values()].filter(
    ({ slashed, withdrawableEpoch }) => slashed && withdrawableEpoch <= epoch,
  );
  const since = epochStart(parameters, Math.min(...payable.map(({ withdrawableEpoch }) => withdrawableEpoch)));
  const paid =
    payable.length > 0
      ? await paidOutSince(client, new Set(payable.map(({ index }) => index)), since, blockNumber)
      : new Map<number, bigint>();
  return keys.map(({ operatorId, publicKey }) => {
    const record = records.get(publicKey);
    return {
      operatorId,
      balance: (record?.balanceGwei ?? 0n) * WEI_PER_GWEI,
      credited: record !== undefined && isCredited(publicKey),
      exited: (record?.withdrawableEpoch ?? Infinity) <= epoch,
      leaving: record !== undefined && record.exitEpoch !== Infinity,
      slashed: record?.slashed ?? false,
      paidOut: paid.get(record?.index ?? -1) ?? 0n,
    };
  });
}

/** Which keys' second deposit is in the balance. */
async function creditedKeys(
  protocol: Protocol,
  keys: readonly TakenKey[],
  header: BlockHeader,
  blockNumber: bigint,
): Promise<(publicKey: Hex) => boolean> {
  const { slotsPerEpoch, electraForkEpoch } = await protocol.beacon.parameters();
  if (Math.floor(header.slot / slotsPerEpoch) >= electraForkEpoch)
    return await notPending(protocol.beacon, header.stateRoot);
  const depositIndex = await depositIndices(protocol, keys, blockNumber);
  const answer = await protocol.beacon.client.get(`/eth/v2/debug/beacon/states/${header.stateRoot}`);
  const { eth1_deposit_index: processed } = depositIndexSchema.parse(answer).data;
  // A deposit is in the balance once the state is past its index.
  return (publicKey) => (depositIndex.get(publicKey) ?? processed) < processed;
}

/**
 * Since Electra deposits wait in a queue of the state (electra/beacon-chain.md, pending_deposits), from the very block that makes them on.
 * A stranger who deposits as much for one of our keys delays its credit, and gives that ether away.
 */
async function notPending(beacon: BeaconReader, stateRoot: Hex): Promise<(publicKey: Hex) => boolean> {
  const answer = await beacon.client.get(`/eth/v1/beacon/states/${stateRoot}/pending_deposits`);
  const pending = new Set(
    pendingSchema
      .parse(answer)
      .data.filter(({ amount }) => amount === TOP_UP_GWEI)
      .map(({ pubkey }) => pubkey.toLowerCase()),
  );
  return (publicKey) => !pending.has(publicKey);
}

/** The deposit contract's index of each key's second deposit: the one in the transaction that completed the key. */
async function depositIndices(
  protocol: Protocol,
  keys: readonly TakenKey[],
  toBlock: bigint,
): Promise<Map<Hex, bigint>> {
  const completedIn = new Map(keys.map(({ publicKey, since }) => [publicKey, since.transaction]));
  const indices = new Map<Hex, bigint>();
  for await (const { publicKey, transaction, index } of depositLogs(protocol, protocol.fromBlock, toBlock))
    if (completedIn.get(publicKey) === transaction) indices.set(publicKey, index);
  return indices;
}

async function operatorBefore(
  protocol: Protocol,
  operatorId: number,
  blockNumber: bigint,
  overdueFrom: number,
): Promise<OperatorBefore> {
  const { client, contracts, registry } = protocol;
  const operator = await client.readContract({
    address: contracts.OperatorRegistry,
    abi: REGISTRY_ABI,
    functionName: "operator",
    args: [BigInt(operatorId)],
    blockNumber,
  });
  return {
    exitedKeys: Number(operator.exitedKeys),
    stuckKeys: Number(operator.stuckKeys),
    overdueExits:
      operator.requestedExits > 0n ? await exitsAskedUntil(protocol, operatorId, overdueFrom, blockNumber) : 0,
    chargedLoss: await registry.askedOfBond(operatorId, contracts.RewardDistribution, blockNumber),
  };
}
