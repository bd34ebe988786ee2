import { BeaconApiError } from "../../../provider/beacon/api.ts";
import type { Keeper } from "../keeper.ts";
import { dueFrame } from "../frame/read.ts";
import { DISTRIBUTION_ABI, POOL_ABI, QUEUE_ABI, REGISTRY_ABI, SERVICE_LEVEL_ABI } from "../protocol/abi.ts";
import { blockRangesBack } from "../protocol/block-ranges.ts";
import { OpenPenalties } from "../protocol/open-penalties.ts";
import type { FleetView, OperatorRecord } from "../protocol/fleet.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";
import type { Counts } from "../service-level/count.ts";
import type { ServiceLedger } from "../service-level/ledger.ts";
import { allowance, penaltyDue, type PenaltyTerms } from "../../../lib/penalty.ts";
import type { FleetMetrics } from "../watch/fleet-metrics.ts";
import type { ProtocolMetrics } from "../watch/protocol-metrics.ts";

/** Contracts that can be paused. */
const PAUSABLE = ["StakingPool", "BeaconDeposits", "RewardDistribution", "ServiceLevel"] as const;

/** Windows that count for an operator's standing (ServiceLevel.breachesOf). */
const BREACH_WINDOWS = 12;

/** What the loop shows, and where it shows it. */
export interface WatchParts {
  readonly protocol: ProtocolMetrics;
  readonly fleet: FleetMetrics;
  readonly ledger: ServiceLedger;
}

/** Shows the protocol, its operators and its validators as metrics. It sends nothing. */
export class WatchLoop implements Loop {
  readonly name = "watch";
  readonly pace = "epoch";
  readonly #keeper: Keeper;
  readonly #parts: WatchParts;
  #dueSince: { readonly refSlot: number; readonly at: number } | undefined;
  #proposersOf = -1;
  #oldestRequest: { readonly requestId: bigint; readonly time: number } | undefined;
  readonly #penalties: OpenPenalties;

  constructor(keeper: Keeper, parts: WatchParts) {
    this.#keeper = keeper;
    this.#parts = parts;
    this.#penalties = new OpenPenalties(keeper.protocol);
  }

  async run(): Promise<Outcome> {
    const { fleet, clock } = this.#keeper;
    await this.#showChain();
    await this.#showPool();
    await this.#showReports();
    await this.#showQueue();
    const view = await fleet.view(await clock.stableBlock());
    await this.#showFleet(view);
    for (const operator of view.operators.values()) await this.#showOperator(operator);
    await this.#showService(view);
    return "idle";
  }

  async #showChain(): Promise<void> {
    const { protocol, clock, metrics, accounts } = this.#keeper;
    const { chain, nextFork } = this.#parts.protocol;
    const parameters = await protocol.beacon.parameters();
    const [{ head, clock: nodeSlot }, slot, finalized] = await Promise.all([
      protocol.beacon.syncing(),
      clock.slot(),
      protocol.beacon.finalizedEpoch(),
    ]);
    chain.head_slot.set(head);
    chain.current_slot.set(slot);
    chain.finalized_epoch.set(finalized);
    chain.slots_per_epoch.set(parameters.slotsPerEpoch);
    chain.seconds_per_slot.set(parameters.secondsPerSlot);
    // Both clocks are read to the slot: within one, they are the same.
    const difference = slot - nodeSlot;
    chain.clock_drift_seconds.set(Math.abs(difference) <= 1 ? 0 : difference * parameters.secondsPerSlot);
    nextFork.reset();
    for (const [fork, epoch] of Object.entries(parameters.forkEpochs))
      if (Number.isFinite(epoch) && epoch * parameters.slotsPerEpoch > slot) nextFork.set({ fork }, epoch);
    const balance = await protocol.client.getBalance({ address: accounts.member.address });
    metrics.balance.set(Number(balance) / 1e18);
  }

  async #showPool(): Promise<void> {
    const { client, contracts } = this.#keeper.protocol;
    const shown = this.#parts.protocol;
    const pool = { address: contracts.StakingPool, abi: POOL_ABI } as const;
    const [pooled, buffered, beacon, depositable, cap, shares, price, deposited] = await Promise.all([
      client.readContract({ ...pool, functionName: "totalPooledEther" }),
      client.readContract({ ...pool, functionName: "bufferedEther" }),
      client.readContract({ ...pool, functionName: "beaconEther" }),
      client.readContract({ ...pool, functionName: "depositableEther" }),
      client.readContract({ ...pool, functionName: "stakeCap" }),
      client.readContract({ ...pool, functionName: "totalSupply" }),
      client.readContract({ ...pool, functionName: "sharePrice" }),
      client.readContract({ ...pool, functionName: "depositedValidators" }),
    ]);
    shown.wei("pooled_ether", pooled);
    shown.wei("buffered_ether", buffered);
    shown.wei("beacon_ether", beacon);
    shown.wei("depositable_ether", depositable);
    shown.wei("stake_cap_ether", cap);
    shown.wei("total_shares", shares);
    shown.wei("share_price_ether", price);
    shown.validators.set({ state: "deposited" }, Number(deposited));
    for (const [gauge, contract] of [
      ["coverage_fund_ether", "CoverageFund"],
      ["withdrawal_vault_ether", "WithdrawalVault"],
      ["execution_vault_ether", "ExecutionRewardsVault"],
      ["queue_locked_ether", "WithdrawalQueue"],
    ] as const)
      shown.wei(gauge, await client.getBalance({ address: contracts[contract] }));
    for (const contract of PAUSABLE) {
      const paused = await client.readContract({ address: contracts[contract], abi: POOL_ABI, functionName: "paused" });
      shown.paused.set({ contract }, paused ? 1 : 0);
    }
  }

  async #showReports(): Promise<void> {
    const { protocol, clock } = this.#keeper;
    const { client, contracts } = protocol;
    const shown = this.#parts.protocol;
    const distribution = { address: contracts.RewardDistribution, abi: DISTRIBUTION_ABI } as const;
    const [lastRefSlot, credited, slashed, protocolFee, operatorFee, lastFrame] = await Promise.all([
      client.readContract({ ...distribution, functionName: "lastRefSlot" }),
      client.readContract({ ...distribution, functionName: "creditedValidators" }),
      client.readContract({ ...distribution, functionName: "slashedValidators" }),
      client.readContract({ ...distribution, functionName: "protocolFeeBps" }),
      client.readContract({ ...distribution, functionName: "operatorFeeBps" }),
      client.readContract({ address: contracts.StakingPool, abi: POOL_ABI, functionName: "lastFrameTime" }),
    ]);
    shown.set("last_report_slot", Number(lastRefSlot));
    shown.set("last_report_timestamp_seconds", Number(lastFrame));
    shown.validators.set({ state: "credited" }, Number(credited));
    shown.validators.set({ state: "slashed" }, Number(slashed));
    shown.fee.set({ fee: "protocol" }, Number(protocolFee));
    shown.fee.set({ fee: "operators" }, Number(operatorFee));
    const refSlot = await dueFrame(protocol, await clock.stableSlot());
    if (refSlot === undefined) this.#dueSince = undefined;
    // A newer frame that becomes due while an older one waits does not start the time anew.
    else this.#dueSince ??= { refSlot, at: Date.now() };
    shown.set("report_overdue_seconds", this.#dueSince ? (Date.now() - this.#dueSince.at) / 1_000 : 0);
  }

  async #showQueue(): Promise<void> {
    const { client, contracts } = this.#keeper.protocol;
    const shown = this.#parts.protocol;
    const queue = { address: contracts.WithdrawalQueue, abi: QUEUE_ABI } as const;
    const [last, finalized, shares] = await Promise.all([
      client.readContract({ ...queue, functionName: "lastRequestId" }),
      client.readContract({ ...queue, functionName: "lastFinalizedId" }),
      client.readContract({ ...queue, functionName: "queuedShares" }),
    ]);
    const worth = await client.readContract({
      address: contracts.StakingPool,
      abi: POOL_ABI,
      functionName: "convertToAssets",
      args: [shares],
    });
    shown.set("queue_open_requests", Number(last - finalized));
    shown.wei("queue_open_ether", worth);
    let oldest = 0;
    if (last > finalized) oldest = await this.#timeOfRequest(finalized + 1n);
    shown.set("queue_oldest_request_timestamp_seconds", oldest);
  }

  /** Unix seconds of a request for a withdrawal; 0 when there is none. */
  async #timeOfRequest(requestId: bigint): Promise<number> {
    const { client, contracts, fromBlock } = this.#keeper.protocol;
    if (this.#oldestRequest?.requestId === requestId) return this.#oldestRequest.time;
    for (const range of blockRangesBack(fromBlock, await client.getBlockNumber())) {
      const [event] = await client.getContractEvents({
        address: contracts.WithdrawalQueue,
        abi: QUEUE_ABI,
        eventName: "WithdrawalRequested",
        args: { requestId },
        ...range,
        strict: true,
      });
      if (!event) continue;
      const { timestamp } = await client.getBlock({ blockNumber: event.blockNumber });
      this.#oldestRequest = { requestId, time: Number(timestamp) };
      return Number(timestamp);
    }
    return 0;
  }

  async #showFleet(view: FleetView): Promise<void> {
    const { protocol, clock } = this.#keeper;
    const { slotsPerEpoch } = await protocol.beacon.parameters();
    // By the node's clock, whose epoch and the next are the ones that it knows proposers of.
    const epoch = Math.floor((await protocol.beacon.syncing()).clock / slotsPerEpoch);
    if (epoch !== this.#proposersOf) {
      // This epoch's only: those of the next may still change.
      const duties = await protocol.beacon.proposers(epoch).catch((error: unknown) => {
        // A node whose clock passed into the next epoch meanwhile does not tell any more. The next run asks again.
        if (error instanceof BeaconApiError && error.data.status !== undefined) return undefined;
        throw error;
      });
      if (duties) {
        this.#parts.fleet.noteProposers(duties, view);
        this.#proposersOf = epoch;
      }
    }
    const waiting = view.validators.length - view.byIndex.size;
    this.#parts.protocol.validators.set({ state: "waiting" }, waiting);
    this.#parts.fleet.show(view, await protocol.beacon.syncCommittee(), await clock.slot());
  }

  async #showOperator(operator: OperatorRecord): Promise<void> {
    const { client, contracts } = this.#keeper.protocol;
    const { fleet } = this.#parts;
    const registry = { address: contracts.OperatorRegistry, abi: REGISTRY_ABI } as const;
    const args = [BigInt(operator.operatorId)] as const;
    const [active, claimable, bondPerKey, breaches] = await Promise.all([
      client.readContract({ ...registry, functionName: "activeKeysOf", args }),
      client.readContract({ ...registry, functionName: "claimableRewards", args }),
      client.readContract({ ...registry, functionName: "bondPerKey" }),
      client.readContract({
        address: contracts.ServiceLevel,
        abi: SERVICE_LEVEL_ABI,
        functionName: "breachesOf",
        args,
      }),
    ]);
    fleet.operatorWei(operator, "bond_ether", operator.bond);
    fleet.operatorWei(operator, "bond_required_ether", active * bondPerKey);
    fleet.operatorWei(operator, "claimable_shares", claimable);
    fleet.operator(operator, "active_validators", Number(active));
    fleet.operator(operator, "suspended", operator.suspended ? 1 : 0);
    fleet.operator(operator, "requested_exits", operator.requestedExits);
    fleet.operator(operator, "breaches", Number(breaches));
  }

  /** How operators stand in the present window, and what the last one cost. */
  async #showService(view: FleetView): Promise<void> {
    const { client, contracts } = this.#keeper.protocol;
    const service = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
    const [current, windowEpochs, bondPerKey] = await Promise.all([
      client.readContract({ ...service, functionName: "currentWindow" }),
      client.readContract({ ...service, functionName: "windowEpochs" }),
      client.readContract({ address: contracts.OperatorRegistry, abi: REGISTRY_ABI, functionName: "bondPerKey" }),
    ]);
    const terms = await client.readContract({ ...service, functionName: "termsOf", args: [current] });
    const present = this.#totals(current, windowEpochs);
    const last = current > 0n ? this.#totals(current - 1n, windowEpochs) : new Map<number, Counts>();
    const lastTerms =
      current > 0n ? await client.readContract({ ...service, functionName: "termsOf", args: [current - 1n] }) : terms;
    const pending = new Set((await this.#penalties.find()).map(({ penalty }) => penalty.operatorId));
    for (const operator of view.operators.values()) {
      const { operatorId } = operator;
      const counts = present.get(operatorId) ?? { assigned: 0, missed: 0 };
      const { fleet } = this.#parts;
      fleet.operator(operator, "window_assigned_epochs", counts.assigned);
      fleet.operator(operator, "window_missed_epochs", counts.missed);
      // By what the operator's validators will have served at the window's end.
      const whole = view.operators.get(operatorId)
        ? BigInt([...view.byIndex.values()].filter(({ key }) => key.operatorId === operatorId).length) * windowEpochs
        : 0n;
      fleet.operator(
        operator,
        "window_allowance_epochs",
        Number(allowance(whole, windowEpochs, terms.allowedDowntimeBps)),
      );
      fleet.operatorWei(
        operator,
        "last_window_penalty_due_ether",
        dueFor(last.get(operatorId), windowEpochs, bondPerKey, lastTerms),
      );
      fleet.operatorWei(operator, "charged_ether", await this.#charged(operatorId, current));
      fleet.operator(operator, "penalty_pending", pending.has(operatorId) ? 1 : 0);
    }
  }

  /** Wei that an operator's last windows cost. A window is charged when its appeal is over, which may take longer than the next one. */
  async #charged(operatorId: number, current: bigint): Promise<bigint> {
    const { client, contracts } = this.#keeper.protocol;
    const service = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
    const id = BigInt(operatorId);
    // Whoever is charged has breached.
    if ((await client.readContract({ ...service, functionName: "breachesOf", args: [id] })) === 0n) return 0n;
    const windows = Array.from({ length: BREACH_WINDOWS }, (_, back) => current - BigInt(back));
    const charges = await Promise.all(
      windows
        .filter((window) => window >= 0n)
        .map((window) => client.readContract({ ...service, functionName: "charged", args: [id, window] })),
    );
    return charges.reduce((sum, charge) => sum + charge, 0n);
  }

  #totals(window: bigint, windowEpochs: bigint): Map<number, Counts> {
    return this.#parts.ledger.totals(Number(window * windowEpochs), Number((window + 1n) * windowEpochs) - 1);
  }
}

function dueFor(counts: Counts | undefined, windowEpochs: bigint, bondPerKey: bigint, terms: PenaltyTerms): bigint {
  if (!counts || counts.assigned === 0) return 0n;
  return penaltyDue(BigInt(counts.missed), BigInt(counts.assigned), windowEpochs, bondPerKey, terms);
}
