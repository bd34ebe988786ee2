import { setTimeout as sleep } from "node:timers/promises";
import { parseAbi, parseAbiItem, type Address, type Hex, type PublicClient } from "viem";
import { BeaconClient } from "../../provider/beacon/api.ts";
import { BeaconReader } from "../../services/keeper/beacon/reader.ts";

const SETTLED = parseAbiItem(
  "event RewardSettled(uint256 indexed refSlot, uint256 gain, uint256 loss, uint256 rewards, uint256 fromBonds, uint256 covered, uint256 protocolFee, uint256 operatorFee, uint256 sharePrice)",
);
const FINALIZED = parseAbiItem(
  "event WithdrawalsFinalized(uint256 indexed lastRequestId, uint256 shares, uint256 assets, uint256 rate)",
);
const KEY_STATE_CHANGED = parseAbiItem(
  "event KeyStateChanged(uint256 indexed operatorId, uint256 index, bytes32 indexed pubkeyHash, uint8 state)",
);
const POOL_ABI = parseAbi([
  "function totalPooledEther() view returns (uint256)",
  "function beaconEther() view returns (uint256)",
  "function depositedValidators() view returns (uint256)",
]);
const WEI_PER_GWEI = 10n ** 9n;
/** Seconds for which a settlement's states are asked for. */
const TRIES = 20;
const VALIDATOR_WEI = 32n * 10n ** 18n;

/** A settled frame: what the chain says was settled, and what follows from the states of both chains. All in wei. */
export interface Settlement {
  readonly refSlot: number;
  readonly gain: bigint;
  readonly loss: bigint;
  readonly rewards: bigint;
  /** What bonds and the coverage fund paid. */
  readonly paid: bigint;
  readonly protocolFee: bigint;
  readonly operatorFee: bigint;
  /** Validators' balances, those on their way, and the vault, less what the pool knew of: what should be gain or loss. */
  readonly change: bigint;
  /** Most that a report may raise the pool by. */
  readonly headroom: bigint;
  /** By which the pool grew in this block; undefined when requests were finalised in it. */
  readonly growth: bigint | undefined;
}

/** Contracts that are looked at. */
export type Watched = Readonly<
  Record<"RewardDistribution" | "StakingPool" | "WithdrawalQueue" | "WithdrawalVault" | "OperatorRegistry", Address>
>;

/** Follows settlements from its start, and works out beside each what is true of its frame, from the beacon chain's own state while there is one. */
export class SettlementRecorder {
  readonly settlements: Settlement[] = [];
  /** Why a settlement could not be judged; undefined as long as all were. */
  failure: unknown;
  readonly #client: PublicClient;
  readonly #reader: BeaconReader;
  readonly #contracts: Watched;
  readonly #keys: readonly Hex[];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  readonly #slotsPerFrame: number;
  /** By a block's root. */
  readonly #noted = new Map<Hex, { readonly balances: bigint; readonly credited: bigint }>();
  /** The reference slot from which frames are judged: nodes may have given up the states of those before. */
  #since: number | undefined;

  constructor(
    client: PublicClient,
    beaconApi: string,
    contracts: Watched,
    keys: readonly Hex[],
    slotsPerFrame: number,
  ) {
    this.#slotsPerFrame = slotsPerFrame;
    this.#client = client;
    this.#reader = new BeaconReader(new BeaconClient(beaconApi));
    this.#contracts = contracts;
    this.#keys = keys;
    this.#done = this.#record();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #record(): Promise<void> {
    let next = 0n;
    while (!this.#stop.signal.aborted) {
      await this.#noteFrame().catch(() => undefined);
      const head = await this.#client.getBlockNumber({ cacheTime: 0 }).catch(() => -1n);
      const since = this.#since;
      if (since !== undefined && head >= next) {
        const logs = await this.#client
          .getLogs({
            address: this.#contracts.RewardDistribution,
            event: SETTLED,
            fromBlock: next,
            toBlock: head,
            strict: true,
          })
          .catch(() => undefined);
        if (logs) {
          for (const { args, blockNumber } of logs.filter((log) => Number(log.args.refSlot) >= since))
            await this.#persistently(async () => void this.settlements.push(await this.#judge(args, blockNumber)));
          next = head + 1n;
        }
      }
      await sleep(500);
    }
  }

  /** Reads the newest frame's balances while the node still has its state: it may be settled late. */
  async #noteFrame(): Promise<void> {
    const { slot } = await this.#reader.head();
    const refSlot = Math.floor(slot / this.#slotsPerFrame) * this.#slotsPerFrame - 1;
    if (refSlot < 0) return;
    const { root, stateRoot } = await this.#reader.lastHeader(refSlot);
    if (!this.#noted.has(root)) this.#noted.set(root, await this.#validatorsIn(stateRoot));
    this.#since ??= refSlot;
  }

  /** A node lacks blocks and states for a moment while it moves them to its archive. */
  async #persistently(work: () => Promise<void>): Promise<void> {
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        await work();
        return;
      } catch (error) {
        if (tries < TRIES) await sleep(1_000);
        else {
          this.failure ??= error;
          return;
        }
      }
    }
  }

  async #judge(
    args: {
      refSlot: bigint;
      gain: bigint;
      loss: bigint;
      rewards: bigint;
      fromBonds: bigint;
      covered: bigint;
      protocolFee: bigint;
      operatorFee: bigint;
    },
    block: bigint,
  ): Promise<Settlement> {
    const pool = { address: this.#contracts.StakingPool, abi: POOL_ABI } as const;
    const before = { blockNumber: block - 1n };
    const [pooled, beaconEther, deposited, after, finalized] = await Promise.all([
      this.#client.readContract({ ...pool, functionName: "totalPooledEther", ...before }),
      this.#client.readContract({ ...pool, functionName: "beaconEther", ...before }),
      this.#client.readContract({ ...pool, functionName: "depositedValidators", ...before }),
      this.#client.readContract({ ...pool, functionName: "totalPooledEther", blockNumber: block }),
      this.#client.getLogs({
        address: this.#contracts.WithdrawalQueue,
        event: FINALIZED,
        fromBlock: block,
        toBlock: block,
      }),
    ]);
    const actual = await this.#balancesAt(Number(args.refSlot), deposited);
    return {
      refSlot: Number(args.refSlot),
      gain: args.gain,
      loss: args.loss,
      rewards: args.rewards,
      paid: args.fromBonds + args.covered,
      protocolFee: args.protocolFee,
      operatorFee: args.operatorFee,
      change: actual - beaconEther,
      headroom: (pooled * 10n) / 10_000n,
      growth: finalized.length === 0 ? after - pooled : undefined,
    };
  }

  /** Wei with validators and in the vault, as of a slot. */
  async #balancesAt(refSlot: number, deposited: bigint): Promise<bigint> {
    const header = await this.#reader.lastHeader(refSlot);
    const block = await this.#reader.block(header.slot);
    if (!block) throw new Error(`no block at slot ${refSlot}`);
    const blockNumber = block.payload.blockNumber;
    const completed = await this.#client.getLogs({
      address: this.#contracts.OperatorRegistry,
      event: KEY_STATE_CHANGED,
      fromBlock: 0n,
      toBlock: blockNumber,
      strict: true,
    });
    const known = BigInt(completed.filter(({ args }) => args.state === 4).length);
    const { balances, credited } = this.#noted.get(header.root) ?? (await this.#validatorsIn(header.stateRoot));
    if (credited > known) throw new Error("the beacon chain shows more whole validators than were deposited for");
    const vault = await this.#client.getBalance({ address: this.#contracts.WithdrawalVault, blockNumber });
    return balances + (deposited - credited) * VALIDATOR_WEI + vault;
  }

  /** Validators with both deposits: how many, and wei of their balances. */
  async #validatorsIn(stateRoot: Hex): Promise<{ readonly balances: bigint; readonly credited: bigint }> {
    let [balances, credited] = [0n, 0n];
    for await (const part of this.#reader.validators(stateRoot, this.#keys))
      for (const { balanceGwei, exitEpoch } of part) {
        // Both deposits, or out again: one deposit alone is an ether.
        if (balanceGwei < 30n * WEI_PER_GWEI && exitEpoch === Infinity) continue;
        balances += balanceGwei * WEI_PER_GWEI;
        credited += 1n;
      }
    return { balances, credited };
  }
}
