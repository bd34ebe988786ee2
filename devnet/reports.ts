import {
  decodeFunctionResult,
  encodeFunctionData,
  hexToBigInt,
  parseAbi,
  parseAbiItem,
  type Abi,
  type Hex,
} from "viem";
import { z } from "zod";
import { BeaconApiError } from "../provider/beacon/api.ts";
import type { NetworkReader } from "./proofs.ts";

/** IRewardDistribution.Report: the totals of a frame, in wei, as of the state after its last slot. */
export interface FrameReport {
  readonly refSlot: bigint;
  readonly beaconBalance: bigint;
  readonly creditedValidators: number;
  readonly slashedValidators: number;
  readonly withdrawalVaultBalance: bigint;
  readonly executionVaultBalance: bigint;
  readonly finalizeUpTo: number;
}

/** IOperatorRegistry.OperatorUpdate: what is new of an operator. */
export interface OperatorUpdate {
  readonly operatorId: number;
  readonly exitedKeys: number;
  readonly stuckKeys: number;
  readonly loss: bigint;
}

/** A validator whose second deposit was made, as a state has it. */
export interface CompletedValidator {
  readonly operatorId: number;
  /** Wei. */
  readonly balance: bigint;
  /** Whether both of its deposits are in the balance. */
  readonly credited: boolean;
  readonly exited: boolean;
  readonly slashed: boolean;
}

const REPORT =
  "(uint64 refSlot, uint128 beaconBalance, uint32 creditedValidators, uint32 slashedValidators, uint128 withdrawalVaultBalance, uint128 executionVaultBalance, uint32 finalizeUpTo)";
const UPDATES = "(uint32 operatorId, uint32 exitedKeys, uint32 stuckKeys, uint128 loss)[]";

// viem's types do not follow tuples in template strings: the calls are typed by FrameReport and OperatorUpdate.
export const DISTRIBUTION_ABI: Abi = parseAbi([
  `function reportDigest(${REPORT} report, ${UPDATES} updates) view returns (bytes32)`,
  `function settleRewards(${REPORT} report, ${UPDATES} updates) returns (uint256 sharePrice)`,
  "function lastRefSlot() view returns (uint256)",
  "function epochsPerFrame() view returns (uint256)",
]);

const QUEUE_ABI = parseAbi(["function lastRequestId() view returns (uint256)"]);
const POOL_ABI = parseAbi(["function lastFrameTime() view returns (uint256)"]);
const REGISTRY_ABI = parseAbi([
  "struct Operator { address manager; address rewardRecipient; string name; uint256 bond; uint256 pendingBondWithdrawal; uint256 bondUnlockTime; uint256 totalKeys; uint256 vettedKeys; uint256 keyLimit; uint256 takenKeys; uint256 depositedKeys; uint256 invalidKeys; uint256 exitedKeys; uint256 stuckKeys; uint256 requestedExits; bool hasTarget; uint256 targetKeys; bool suspended; }",
  "function operator(uint256 operatorId) view returns (Operator)",
]);
const KEY_TAKEN = parseAbiItem("event KeyTaken(uint256 indexed operatorId, uint256 index, bytes pubkey)");
const KEY_STATE_CHANGED = parseAbiItem(
  "event KeyStateChanged(uint256 indexed operatorId, uint256 index, bytes32 indexed pubkeyHash, uint8 state)",
);
const DEPOSIT_EVENT = parseAbiItem(
  "event DepositEvent(bytes pubkey, bytes withdrawal_credentials, bytes amount, bytes signature, bytes index)",
);
/** IOperatorRegistry.KeyState.Deposited. */
const DEPOSITED = 4;
const WEI_PER_GWEI = 10n ** 9n;
/** How old a frame's last state may be, in slots: Lodestar keeps the states of about 14 slots, and reading takes a while. */
const MAX_STATE_AGE_SLOTS = 8;

const blockSchema = z.object({
  data: z.object({
    message: z.object({
      slot: z.coerce.number(),
      state_root: z.string(),
      body: z.object({ execution_payload: z.object({ block_number: z.coerce.bigint() }) }),
    }),
  }),
});
const stateSchema = z.object({
  data: z.object({
    eth1_deposit_index: z.coerce.bigint(),
    validators: z.array(z.object({ pubkey: z.string(), slashed: z.boolean(), withdrawable_epoch: z.coerce.bigint() })),
    balances: z.array(z.coerce.bigint()),
  }),
});

/** What the oracle members say of a frame, from validators as its last state has them. Pure. */
export function composeReport(
  frame: Pick<FrameReport, "refSlot" | "withdrawalVaultBalance" | "executionVaultBalance" | "finalizeUpTo">,
  validators: readonly CompletedValidator[],
  exitedBefore: ReadonlyMap<number, number>,
): { readonly report: FrameReport; readonly updates: readonly OperatorUpdate[] } {
  const credited = validators.filter((validator) => validator.credited);
  const operators = [...new Set(credited.map(({ operatorId }) => operatorId))].sort((left, right) => left - right);
  const updates = operators
    .map((operatorId) => ({
      operatorId,
      exitedKeys: credited.filter((validator) => validator.operatorId === operatorId && validator.exited).length,
      stuckKeys: 0,
      loss: 0n,
    }))
    .filter(({ operatorId, exitedKeys }) => exitedKeys > (exitedBefore.get(operatorId) ?? 0));
  return {
    report: {
      ...frame,
      beaconBalance: credited.reduce((sum, { balance }) => sum + balance, 0n),
      creditedValidators: credited.length,
      slashedValidators: credited.filter(({ slashed }) => slashed).length,
    },
    updates,
  };
}

/**
 * Last slot of the newest frame that can be settled now; undefined when none can.
 * A frame whose last slot lies before the pool's last frame is never settled: ether that left the vaults since would count twice.
 */
export function settleableFrame(clock: {
  readonly headSlot: number;
  readonly slotsPerFrame: number;
  readonly lastRefSlot: number;
  readonly genesisTime: number;
  readonly secondsPerSlot: number;
  readonly lastFrameTime: number;
}): number | undefined {
  const refSlot = Math.floor((clock.headSlot + 1) / clock.slotsPerFrame) * clock.slotsPerFrame - 1;
  const slotTime = clock.genesisTime + refSlot * clock.secondsPerSlot;
  const isDue = refSlot > clock.lastRefSlot && refSlot > 0 && slotTime >= clock.lastFrameTime;
  return isDue && clock.headSlot - refSlot <= MAX_STATE_AGE_SLOTS ? refSlot : undefined;
}

/** Last slot of the frame that is due, by the contracts and the head. */
export async function dueFrame(reader: NetworkReader): Promise<number | undefined> {
  const { execution, network } = reader;
  const { RewardDistribution, StakingPool } = network.contracts;
  const read = { address: RewardDistribution, abi: DISTRIBUTION_ABI } as const;
  const [headSlot, epochs, lastRefSlot, lastFrameTime] = await Promise.all([
    reader.headSlot(),
    execution.readContract({ ...read, functionName: "epochsPerFrame" }) as Promise<bigint>,
    execution.readContract({ ...read, functionName: "lastRefSlot" }) as Promise<bigint>,
    execution.readContract({ address: StakingPool, abi: POOL_ABI, functionName: "lastFrameTime" }),
  ]);
  return settleableFrame({
    headSlot,
    slotsPerFrame: Number(epochs) * network.slotsPerEpoch,
    lastRefSlot: Number(lastRefSlot),
    genesisTime: network.genesisTime,
    secondsPerSlot: network.secondsPerSlot,
    lastFrameTime: Number(lastFrameTime),
  });
}

/** Reads a frame's totals from the beacon node and the execution chain as they were at its last slot. */
export async function readReport(
  reader: NetworkReader,
  refSlot: number,
): Promise<{ readonly report: FrameReport; readonly updates: readonly OperatorUpdate[] }> {
  const { execution, network } = reader;
  const { slot, stateRoot, blockNumber } = await lastBlock(reader, refSlot);
  const { WithdrawalVault, ExecutionRewardsVault, WithdrawalQueue } = network.contracts;
  const [withdrawalVaultBalance, executionVaultBalance, lastRequestId, validators] = await Promise.all([
    execution.getBalance({ address: WithdrawalVault, blockNumber }),
    execution.getBalance({ address: ExecutionRewardsVault, blockNumber }),
    execution.call({
      to: WithdrawalQueue,
      data: encodeFunctionData({ abi: QUEUE_ABI, functionName: "lastRequestId" }),
      blockNumber,
    }),
    completedValidators(reader, { slot, stateRoot, blockNumber }),
  ]);
  const exitedBefore = new Map<number, number>();
  for (const operatorId of new Set(validators.map((validator) => validator.operatorId)))
    exitedBefore.set(operatorId, await exitedKeys(reader, operatorId));
  return composeReport(
    {
      refSlot: BigInt(refSlot),
      withdrawalVaultBalance,
      executionVaultBalance,
      finalizeUpTo: Number(
        decodeFunctionResult({ abi: QUEUE_ABI, functionName: "lastRequestId", data: lastRequestId.data ?? "0x" }),
      ),
    },
    validators,
    exitedBefore,
  );
}

interface FrameBlock {
  readonly slot: number;
  readonly stateRoot: string;
  /** Its number on the execution chain. */
  readonly blockNumber: bigint;
}

/** The newest block at or before a slot. */
async function lastBlock(reader: NetworkReader, refSlot: number): Promise<FrameBlock> {
  for (let slot = refSlot; slot > 0; slot--) {
    try {
      const { data } = blockSchema.parse(await reader.beacon.get(`/eth/v2/beacon/blocks/${slot}`));
      // A node may answer with the newest block before an empty slot.
      const { slot: found, state_root, body } = data.message;
      return { slot: found, stateRoot: state_root, blockNumber: body.execution_payload.block_number };
    } catch (error) {
      if (!(error instanceof BeaconApiError) || error.data.status !== 404) throw error;
    }
  }
  throw new Error(`there is no block up to slot ${refSlot}`);
}

/** Validators whose second deposit was made up to a block, as the state of a slot has them. */
async function completedValidators(
  reader: NetworkReader,
  { slot, stateRoot, blockNumber }: FrameBlock,
): Promise<CompletedValidator[]> {
  const { beacon, execution, network } = reader;
  const { OperatorRegistry, DepositContract } = network.contracts;
  const range = { fromBlock: 0n, toBlock: blockNumber } as const;
  const [taken, moved, deposits] = await Promise.all([
    execution.getLogs({ address: OperatorRegistry, event: KEY_TAKEN, ...range }),
    execution.getLogs({ address: OperatorRegistry, event: KEY_STATE_CHANGED, ...range }),
    execution.getLogs({ address: DepositContract, event: DEPOSIT_EVENT, ...range }),
  ]);
  const pubkeys = new Map(
    taken.map(({ args }) => [`${args.operatorId ?? 0n}/${args.index ?? 0n}`, args.pubkey ?? "0x"]),
  );
  const depositIndex = new Map(
    deposits.map(({ args, transactionHash }) => [`${transactionHash}/${args.pubkey ?? "0x"}`, args.index ?? "0x"]),
  );
  // The second deposit is the one in the transaction that completed the key: strangers may have added others since.
  const keys = moved
    .filter(({ args }) => args.state === DEPOSITED)
    .map(({ args, transactionHash }) => {
      const pubkey = pubkeys.get(`${args.operatorId ?? 0n}/${args.index ?? 0n}`) ?? "0x";
      return {
        operatorId: Number(args.operatorId),
        pubkey,
        index: littleEndian(depositIndex.get(`${transactionHash}/${pubkey}`) ?? "0x"),
      };
    });
  if (keys.length === 0) return [];

  // By root: this line of Lodestar keeps recent states by root, and loses or confuses them when asked by slot.
  const { data: state } = stateSchema.parse(await beacon.get(`/eth/v2/debug/beacon/states/${stateRoot}`));
  const epoch = BigInt(Math.floor(slot / network.slotsPerEpoch));
  const indices = new Map(state.validators.map(({ pubkey }, index) => [pubkey.toLowerCase(), index]));
  return keys.map(({ operatorId, pubkey, index: depositedAt }) => {
    const index = indices.get(pubkey.toLowerCase()) ?? -1;
    const validator = state.validators[index];
    return {
      operatorId,
      balance: (state.balances[index] ?? 0n) * WEI_PER_GWEI,
      // A deposit is in the balance once the state is past its index.
      credited: validator !== undefined && depositedAt < state.eth1_deposit_index,
      // Not before it is withdrawable: until then it can be slashed for what it signed, and its bond must stand for that.
      exited: validator !== undefined && validator.withdrawable_epoch <= epoch,
      slashed: validator?.slashed ?? false,
    };
  });
}

async function exitedKeys({ execution, network }: NetworkReader, operatorId: number): Promise<number> {
  const operator = await execution.readContract({
    address: network.contracts.OperatorRegistry,
    abi: REGISTRY_ABI,
    functionName: "operator",
    args: [BigInt(operatorId)],
  });
  return Number(operator.exitedKeys);
}

/** SSZ uint64: the least significant byte first. */
function littleEndian(bytes: Hex): bigint {
  return hexToBigInt(`0x${(bytes.slice(2).match(/../g) ?? []).reverse().join("") || "0"}`);
}
