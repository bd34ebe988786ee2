import { getAddress, type Hex } from "viem";
import { BeaconApiError } from "../../provider/beacon/api.ts";
import type { BeaconBlock } from "../keeper/beacon/block.ts";
import type { ValidatorRecord } from "../keeper/beacon/reader.ts";
import { ChainClock } from "../keeper/keeper.ts";
import { ParticipationTracker } from "../keeper/participation/tracker.ts";
import { REGISTRY_ABI, SERVICE_LEVEL_ABI } from "../keeper/protocol/abi.ts";
import { Fleet, type FleetView } from "../keeper/protocol/fleet.ts";
import type { Protocol } from "../keeper/protocol/protocol.ts";
import type { ServedValidator } from "../keeper/service-level/count.ts";
import { ledgerEntry } from "../keeper/service-level/entry.ts";
import { ServiceLedger } from "../keeper/service-level/ledger.ts";
import { chargesOf, depositsOf } from "./events.ts";
import { NothingToReportError, ReportArgumentError } from "./errors.ts";
import { NO_TALLY, withEpoch, type Earnings, type Tally } from "./figures.ts";
import { withKeeper, type KeeperCounters } from "./keeper-counters.ts";
import type { Observation } from "./recommend.ts";
import type { Seen, SeenOperator, SeenValidator, SeenWindow } from "./report.ts";

const SECONDS_PER_DAY = 86_400;
/** Gwei of the protocol's deposits for a validator: its balance until it is active. */
const DEPOSITED_GWEI = 32_000_000_000n;
const BLOCKS_AT_A_TIME = 4;

export interface CollectOptions {
  readonly stack: string;
  readonly chainId: number;
  readonly days: number;
  /** Name or number. */
  readonly operator: string | undefined;
  readonly observations: readonly Observation[];
  /** Asked where the beacon node does not know all duties any more. */
  readonly askKeeper?: () => Promise<KeeperCounters>;
}

/** Where a validator's earnings begin. */
interface Start {
  readonly slot: number;
  /** Gwei after the block of that slot; undefined where no node tells any more. */
  readonly balance: bigint | undefined;
  readonly effectiveBalance: bigint;
}

/**
 * Reads what a report is made of, from both layers' nodes. It sends nothing and needs no account.
 * @throws {@link NothingToReportError}, {@link ReportArgumentError} for an operator that there is none of
 */
export async function collect(protocol: Protocol, options: CollectOptions): Promise<Seen> {
  const { beacon } = protocol;
  const parameters = await beacon.parameters();
  const { slotsPerEpoch, secondsPerSlot } = parameters;
  const secondsPerEpoch = slotsPerEpoch * secondsPerSlot;
  const stableBlock = await new ChainClock(protocol, "finalized").stableBlock();
  const whole = await new Fleet(protocol).view(stableBlock);
  const ids = chosen(whole, options);
  const view: FleetView = {
    ...whole,
    byIndex: new Map([...whole.byIndex].filter(([, { key }]) => ids.has(key.operatorId))),
  };
  const tracker = new ParticipationTracker(beacon);
  const last = await tracker.newestComplete();
  const active = Math.min(...[...view.byIndex.values()].map(({ record }) => record.activationEpoch));
  const first = Math.max(0, active, last - Math.ceil((options.days * SECONDS_PER_DAY) / secondsPerEpoch) + 1);
  if (view.byIndex.size === 0) throw new NothingToReportError(options.stack, "no operator has a validator");
  if (!(first <= last)) throw new NothingToReportError(options.stack, "no epoch of its validators is final yet");

  const window = await readWindow(protocol, first, last);
  const walk = new Walk(protocol, view, tracker);
  for (let epoch = first; epoch <= last; epoch++) await walk.epoch(epoch, window.first, Number(window.windowEpochs));
  const head = await beacon.head();
  await walk.blocksUntil(last + 1, head.slot);

  const keeper = walk.unknown.length > 0 && options.askKeeper ? await options.askKeeper() : undefined;
  const tallyOf = (index: number): Tally => {
    const tally = walk.tallies.get(index) ?? NO_TALLY;
    return keeper ? withKeeper(tally, keeper.tallies.get(index) ?? NO_TALLY) : tally;
  };

  const { anchor } = walk;
  const starts = await startsOf(protocol, view, anchor, first, slotsPerEpoch);
  const ends = await recordsOf(protocol, head.stateRoot, [...view.byIndex.keys()]);
  const deposits = await depositsOf(
    protocol,
    anchor.payload.blockNumber,
    [...view.byIndex.values()].map(({ record }) => record.publicKey),
  );
  const validators = [...view.byIndex.values()].map(({ key, record }): SeenValidator => {
    const end = ends?.get(record.index) ?? record;
    return {
      index: record.index,
      publicKey: key.publicKey,
      operatorId: key.operatorId,
      status: end.status,
      tally: tallyOf(record.index),
      earnings: earningsOf(starts.get(record.index), end, walk, deposits.get(record.publicKey) ?? [], {
        headSlot: head.slot,
        slotsPerEpoch,
      }),
    };
  });
  return {
    stack: options.stack,
    chainId: options.chainId,
    firstEpoch: first,
    lastEpoch: last,
    secondsPerEpoch,
    unknownEpochs: walk.unknown.length,
    participation: keeper ? "keeper" : "chain",
    operators: await readOperators(protocol, whole, ids),
    validators,
    window: {
      ...window,
      epochsOver: Math.max(0, last - window.first + 1),
      epochsCounted:
        Math.max(0, last - Math.max(first, window.first) + 1) -
        walk.unknown.filter((epoch) => epoch >= window.first).length,
      counts: keeper?.window ?? walk.ledger.totals(window.first, last),
    },
    observations: options.observations,
  };
}

/** The operators that were asked for. */
function chosen({ operators }: FleetView, { operator }: CollectOptions): ReadonlySet<number> {
  if (operator === undefined) return new Set(operators.keys());
  const found = [...operators.values()].filter(
    ({ name, operatorId }) => name === operator || String(operatorId) === operator,
  );
  if (found.length > 0) return new Set(found.map(({ operatorId }) => operatorId));
  const names = [...operators.values()].map(({ name }) => name).join(", ");
  throw new ReportArgumentError("--operator", JSON.stringify(operator), `Name one of: ${names || "(there is none)"}.`);
}

/** Goes through epochs in order and keeps sums. */
class Walk {
  readonly tallies = new Map<number, Tally>();
  readonly unknown: number[] = [];
  /** What the chain paid out, by validator: slot and gwei. */
  readonly withdrawals = new Map<number, { readonly slot: number; readonly gwei: bigint }[]>();
  readonly ledger: ServiceLedger = ServiceLedger.inMemory();
  readonly #protocol: Protocol;
  readonly #view: FleetView;
  readonly #tracker: ParticipationTracker;
  readonly #served: ReadonlyMap<number, ServedValidator>;
  readonly #indexOf: ReadonlyMap<Hex, number>;
  #anchor: BeaconBlock | undefined;

  constructor(protocol: Protocol, view: FleetView, tracker: ParticipationTracker) {
    this.#protocol = protocol;
    this.#view = view;
    this.#tracker = tracker;
    this.#served = new Map(
      [...view.byIndex].map(
        ([
          index,
          {
            key,
            since,
            record: { activationEpoch, exitEpoch },
          },
        ]) => [index, { index, operatorId: key.operatorId, depositedAt: since, activationEpoch, exitEpoch }],
      ),
    );
    this.#indexOf = new Map([...view.byIndex].map(([index, { key }]) => [key.publicKey, index]));
  }

  /** The first block of all. */
  get anchor(): BeaconBlock {
    if (!this.#anchor) throw new Error("no block was looked at");
    return this.#anchor;
  }

  /** @param windowFirst first epoch of the present window: departures before it do not count for it */
  async epoch(epoch: number, windowFirst: number, windowEpochs: number): Promise<void> {
    const { beacon } = this.#protocol;
    const parameters = await beacon.parameters();
    const tracked = await this.#tracker.evaluate(epoch, (index) => this.#served.has(index));
    if (!tracked) {
      this.unknown.push(epoch);
      await this.blocksUntil(epoch, (epoch + 1) * parameters.slotsPerEpoch - 1);
      return;
    }
    if (tracked.finalizing)
      for (const [index, seen] of tracked.validators)
        this.tallies.set(index, withEpoch(this.tallies.get(index) ?? NO_TALLY, seen));
    const begin = Math.max(windowFirst, Math.floor(epoch / windowEpochs) * windowEpochs);
    const entry = ledgerEntry(tracked, {
      validators: this.#served,
      indexOf: this.#indexOf,
      earlier: this.ledger.departures(begin, epoch - 1),
      vault: this.#protocol.contracts.WithdrawalVault,
      parameters,
    });
    await this.ledger.add(epoch, entry);
    tracked.blocks.forEach((block) => this.#note(block));
    await this.#noteMissedProposals(epoch, tracked.blocks);
  }

  /** Looks at the blocks from an epoch on for what they paid and who proposed them. */
  async blocksUntil(epoch: number, lastSlot: number): Promise<void> {
    const { beacon } = this.#protocol;
    const { slotsPerEpoch } = await beacon.parameters();
    for (let slot = Math.max(1, epoch * slotsPerEpoch); slot <= lastSlot; slot += BLOCKS_AT_A_TIME) {
      const slots = Array.from({ length: Math.min(BLOCKS_AT_A_TIME, lastSlot - slot + 1) }, (_, index) => slot + index);
      const blocks = await Promise.all(slots.map((each) => beacon.block(each)));
      for (const block of blocks) if (block) this.#note(block);
    }
  }

  #note(block: BeaconBlock): void {
    this.#anchor ??= block;
    const { slot, proposerIndex, payload } = block;
    for (const { index, amountGwei: gwei } of payload.withdrawals) {
      if (!this.#view.byIndex.has(index)) continue;
      this.withdrawals.set(index, [...(this.withdrawals.get(index) ?? []), { slot, gwei }]);
    }
    const isStray = getAddress(payload.feeRecipient) !== getAddress(this.#protocol.contracts.ExecutionRewardsVault);
    this.#add(proposerIndex, { proposed: 1, strayedBlocks: isStray ? 1 : 0 });
  }

  async #noteMissedProposals(epoch: number, blocks: readonly BeaconBlock[]): Promise<void> {
    const proposed = new Set(blocks.map(({ slot }) => slot));
    const duties = await this.#protocol.beacon.proposers(epoch).catch(unlessRefused);
    for (const { slot, index } of duties ?? [])
      if (slot > 0) this.#add(index, { proposalDuties: 1, missedProposals: proposed.has(slot) ? 0 : 1 });
  }

  #add(index: number, more: Partial<Tally>): void {
    if (!this.#view.byIndex.has(index)) return;
    const tally = this.tallies.get(index) ?? NO_TALLY;
    const sum = { ...tally };
    for (const [key, value] of Object.entries(more) as [keyof Tally, number][])
      (sum as Record<keyof Tally, number>)[key] += value;
    this.tallies.set(index, sum);
  }
}

/** Where each validator's earnings begin: at the first block of the range, or where it became active. */
async function startsOf(
  protocol: Protocol,
  { byIndex }: FleetView,
  { slot }: BeaconBlock,
  first: number,
  slotsPerEpoch: number,
): Promise<ReadonlyMap<number, Start>> {
  const earlier = [...byIndex].filter(([, { record }]) => record.activationEpoch <= first).map(([index]) => index);
  const header = earlier.length > 0 ? await protocol.beacon.header(slot) : undefined;
  const records = header ? await recordsOf(protocol, header.stateRoot, earlier) : undefined;
  return new Map(
    [...byIndex].map(([index, { record }]): [number, Start] => {
      const at = record.activationEpoch;
      const known = records?.get(index);
      if (at > first || (known === undefined && at === first))
        return [
          index,
          // Before it is active a validator neither earns nor pays: it has what was deposited.
          { slot: at * slotsPerEpoch - 1, balance: DEPOSITED_GWEI, effectiveBalance: DEPOSITED_GWEI },
        ];
      return [
        index,
        { slot, balance: known?.balanceGwei, effectiveBalance: known?.effectiveBalanceGwei ?? DEPOSITED_GWEI },
      ];
    }),
  );
}

/** Validators of a state by index; undefined when the node does not have the state any more. */
async function recordsOf(
  { beacon }: Protocol,
  stateRoot: Hex,
  indices: readonly number[],
): Promise<ReadonlyMap<number, ValidatorRecord> | undefined> {
  const records = new Map<number, ValidatorRecord>();
  try {
    for await (const part of beacon.validators(stateRoot, indices))
      for (const record of part) records.set(record.index, record);
    return records;
  } catch (error) {
    unlessRefused(error);
    return undefined;
  }
}

function earningsOf(
  start: Start | undefined,
  end: ValidatorRecord,
  { withdrawals }: Walk,
  deposits: readonly { readonly time: number; readonly slot: number; readonly gwei: bigint }[],
  { headSlot, slotsPerEpoch }: { readonly headSlot: number; readonly slotsPerEpoch: number },
): Earnings | undefined {
  if (start?.balance === undefined || start.slot >= headSlot) return undefined;
  const since = (list: readonly { readonly slot: number; readonly gwei: bigint }[]): bigint =>
    list.reduce((sum, { slot, gwei }) => (slot > start.slot ? sum + gwei : sum), 0n);
  const until = Math.min(headSlot, end.exitEpoch * slotsPerEpoch);
  return {
    startBalance: start.balance,
    endBalance: end.balanceGwei,
    withdrawn: since(withdrawals.get(end.index) ?? []),
    deposited: since(deposits),
    effectiveBalance: start.effectiveBalance,
    epochs: Math.max(0, until - start.slot) / slotsPerEpoch,
  };
}

/** The present window, without its counts. */
async function readWindow(
  { client, contracts }: Protocol,
  first: number,
  last: number,
): Promise<Omit<SeenWindow, "counts" | "epochsOver" | "epochsCounted"> & { readonly first: number }> {
  const service = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
  const [windowEpochs, bondPerKey] = await Promise.all([
    client.readContract({ ...service, functionName: "windowEpochs" }),
    client.readContract({ address: contracts.OperatorRegistry, abi: REGISTRY_ABI, functionName: "bondPerKey" }),
  ]);
  // That of the newest epoch that was looked at: the contract's may have begun since.
  const window = BigInt(Math.max(first, last)) / windowEpochs;
  const terms = await client.readContract({ ...service, functionName: "termsOf", args: [window] });
  return { window: Number(window), windowEpochs, terms, bondPerKey, first: Number(window * windowEpochs) };
}

async function readOperators(
  protocol: Protocol,
  { operators }: FleetView,
  ids: ReadonlySet<number>,
): Promise<SeenOperator[]> {
  const { client, contracts } = protocol;
  const charges = await chargesOf(protocol);
  const found: SeenOperator[] = [];
  for (const { operatorId, name, bond, suspended } of operators.values()) {
    if (!ids.has(operatorId)) continue;
    const breaches = await client.readContract({
      address: contracts.ServiceLevel,
      abi: SERVICE_LEVEL_ABI,
      functionName: "breachesOf",
      args: [BigInt(operatorId)],
    });
    const chargedWei = charges.get(operatorId) ?? 0n;
    found.push({ operatorId, name, bondWei: bond, breaches: Number(breaches), suspended, chargedWei });
  }
  return found;
}

/** Undefined for a node that answers, but has no such state any more. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof BeaconApiError) || error.data.status === undefined) throw error;
}
