import { Counter, Gauge, type Registry } from "prom-client";
import { formatEther, getAddress, type Address } from "viem";
import type { EpochListener } from "../loops/sla.ts";
import { FLAG } from "../participation/flags.ts";
import type { TrackedEpoch } from "../participation/tracker.ts";
import type { FleetView, OperatorRecord } from "../protocol/fleet.ts";
import type { Counts } from "../service-level/count.ts";

const OPERATOR = ["operator", "operator_id"] as const;
const VALIDATOR = ["operator", "operator_id", "pubkey", "validator_index"] as const;
type OperatorLabels = Record<(typeof OPERATOR)[number], string>;
type ValidatorLabels = Record<(typeof VALIDATOR)[number], string>;

const OPERATOR_GAUGES = {
  bond_ether: "Ether of its bond",
  bond_required_ether: "Ether of bond that its active validators ask for",
  active_validators: "Validators whose deposits are complete and that have not left",
  suspended: "1 while it gets no more keys",
  claimable_shares: "Rewards that it can claim, in shares",
  requested_exits: "Exits that it was asked for since the beginning",
  window_assigned_epochs: "Validator-epochs of the present window",
  window_missed_epochs: "Those of them that were missed",
  window_allowance_epochs: "Validator-epochs of the present window that may be missed",
  last_window_penalty_due_ether: "What the last window costs by this keeper's count",
  charged_ether: "What the last twelve windows cost",
  penalty_pending: "1 while a penalty waits for its appeal",
  breaches: "Breached windows among the last twelve",
  uptime_disagreement_ratio: "How far Prometheus and the beacon chain lie apart over the last window",
  balance_gwei: "Balances of its validators",
} as const;
export type OperatorGauge = keyof typeof OPERATOR_GAUGES;

const OPERATOR_COUNTERS = {
  epochs_assigned_total: "Validator-epochs on duty",
  epochs_missed_total: "Validator-epochs without any participation flag",
  target_hits_total: "Validator-epochs with a timely target",
  blocks_proposed_total: "Blocks proposed",
  blocks_missed_total: "Proposals missed",
  withdrawn_gwei_total: "Gwei that the chain paid out",
  duplicate_attestations_total: "Validator-epochs with contradicting attestations on the chain",
} as const;
type OperatorCounter = keyof typeof OPERATOR_COUNTERS;

const VALIDATOR_COUNTERS = {
  ...OPERATOR_COUNTERS,
  source_hits_total: "Epochs with a timely source",
  head_hits_total: "Epochs with a timely head",
  inclusion_distance_sum: "Slots until attestations were included, summed",
  inclusion_distance_count: "Attestations that were included",
} as const;
type ValidatorCounter = keyof typeof VALIDATOR_COUNTERS;

const VALIDATOR_GAUGES = {
  balance_gwei: "Balance",
  effective_balance_gwei: "Effective balance",
  slashed: "1 when it was slashed",
  next_proposal_slot: "Slot of its next proposal; 0 when none is known",
  sync_committee: "1 while it is in the sync committee",
  fee_recipient_mismatch: "1 when its last block paid somebody else than the ExecutionRewardsVault",
} as const;
type ValidatorGauge = keyof typeof VALIDATOR_GAUGES;

export interface FleetMetricsOptions {
  /** The ExecutionRewardsVault. */
  readonly vault: Address;
  /** Above so many validators there are no series for each. */
  readonly limit: number;
  readonly slotsPerEpoch: number;
}

/** What this keeper sees of operators and, up to a limit, of each validator. Counters begin with the process. */
export class FleetMetrics implements EpochListener {
  readonly #operatorGauges: Record<OperatorGauge, Gauge<(typeof OPERATOR)[number]>>;
  readonly #operatorCounters: Record<OperatorCounter, Counter<(typeof OPERATOR)[number]>>;
  readonly #validatorGauges: Record<ValidatorGauge, Gauge<(typeof VALIDATOR)[number]>>;
  readonly #validatorCounters: Record<ValidatorCounter, Counter<(typeof VALIDATOR)[number]>>;
  readonly #keys: Gauge<"operator" | "operator_id" | "state">;
  readonly #status: Gauge<(typeof VALIDATOR)[number] | "status">;
  readonly #vault: Address;
  readonly #limit: number;
  readonly #slotsPerEpoch: number;
  /** Proposers of slots that are not judged yet. */
  readonly #proposers = new Map<number, number>();

  constructor(registry: Registry, { vault, limit, slotsPerEpoch }: FleetMetricsOptions) {
    const registers = [registry];
    const make = <Name extends string, Metric>(names: Readonly<Record<Name, string>>, create: (name: Name) => Metric) =>
      Object.fromEntries(Object.keys(names).map((name) => [name, create(name as Name)])) as Record<Name, Metric>;
    this.#operatorGauges = make(
      OPERATOR_GAUGES,
      (name) =>
        new Gauge({
          name: `ethstake_operator_${name}`,
          help: OPERATOR_GAUGES[name],
          labelNames: [...OPERATOR],
          registers,
        }),
    );
    this.#operatorCounters = make(
      OPERATOR_COUNTERS,
      (name) =>
        new Counter({
          name: `ethstake_operator_${name}`,
          help: OPERATOR_COUNTERS[name],
          labelNames: [...OPERATOR],
          registers,
        }),
    );
    this.#validatorGauges = make(
      VALIDATOR_GAUGES,
      (name) =>
        new Gauge({
          name: `ethstake_validator_${name}`,
          help: VALIDATOR_GAUGES[name],
          labelNames: [...VALIDATOR],
          registers,
        }),
    );
    this.#validatorCounters = make(
      VALIDATOR_COUNTERS,
      (name) =>
        new Counter({
          name: `ethstake_validator_${name}`,
          help: VALIDATOR_COUNTERS[name],
          labelNames: [...VALIDATOR],
          registers,
        }),
    );
    this.#keys = new Gauge({
      name: "ethstake_operator_keys",
      help: "Keys by state",
      labelNames: [...OPERATOR, "state"],
      registers,
    });
    this.#status = new Gauge({
      name: "ethstake_validator_status",
      help: "1 for the status that the beacon API gives a validator",
      labelNames: [...VALIDATOR, "status"],
      registers,
    });
    this.#vault = vault;
    this.#limit = limit;
    this.#slotsPerEpoch = slotsPerEpoch;
  }

  operator(operator: Pick<OperatorRecord, "name" | "operatorId">, gauge: OperatorGauge, value: number): void {
    this.#operatorGauges[gauge].set(operatorLabels(operator), value);
  }

  operatorWei(operator: Pick<OperatorRecord, "name" | "operatorId">, gauge: OperatorGauge, value: bigint): void {
    this.operator(operator, gauge, Number(formatEther(value)));
  }

  /** Notes who has to propose when: what the beacon node knows of this epoch and the next. */
  noteProposers(duties: readonly { readonly slot: number; readonly index: number }[], view: FleetView): void {
    for (const { slot, index } of duties) if (view.byIndex.has(index)) this.#proposers.set(slot, index);
  }

  /** Shows operators and validators as they are now. @param slot by the clock */
  show(view: FleetView, syncCommittee: ReadonlySet<number>, slot: number): void {
    this.#status.reset();
    for (const operator of view.operators.values()) {
      const labels = operatorLabels(operator);
      const { totalKeys, vettedKeys, takenKeys, depositedKeys, exitedKeys, stuckKeys, invalidKeys } = operator;
      const states = {
        total: totalKeys,
        vetted: vettedKeys,
        taken: takenKeys,
        deposited: depositedKeys,
        exited: exitedKeys,
        stuck: stuckKeys,
        invalid: invalidKeys,
      };
      for (const [state, count] of Object.entries(states)) this.#keys.set({ ...labels, state }, count);
      const own = [...view.byIndex.values()].filter(({ key }) => key.operatorId === operator.operatorId);
      this.operator(operator, "balance_gwei", Number(own.reduce((sum, { record }) => sum + record.balanceGwei, 0n)));
      // A counter that never counted is 0, and not absent.
      for (const counter of Object.values(this.#operatorCounters)) counter.inc(labels, 0);
    }
    if (view.byIndex.size > this.#limit) return;
    const next = new Map<number, number>();
    for (const [at, index] of this.#proposers) if (at >= slot) next.set(index, Math.min(at, next.get(index) ?? at));
    for (const [index, { record }] of view.byIndex) {
      const labels = this.#labels(view, index);
      if (!labels) continue;
      this.#validatorGauges.balance_gwei.set(labels, Number(record.balanceGwei));
      this.#validatorGauges.effective_balance_gwei.set(labels, Number(record.effectiveBalanceGwei));
      this.#validatorGauges.slashed.set(labels, record.slashed ? 1 : 0);
      this.#validatorGauges.next_proposal_slot.set(labels, next.get(index) ?? 0);
      this.#validatorGauges.sync_committee.set(labels, syncCommittee.has(index) ? 1 : 0);
      this.#status.set({ ...labels, status: record.status }, 1);
      for (const counter of Object.values(this.#validatorCounters)) counter.inc(labels, 0);
    }
  }

  epochCounted(tracked: TrackedEpoch, counts: ReadonlyMap<number, Counts>, view: FleetView): void {
    for (const [operatorId, { assigned, missed }] of counts) {
      const labels = operatorLabels(view.operators.get(operatorId) ?? { name: String(operatorId), operatorId });
      this.#operatorCounters.epochs_assigned_total.inc(labels, assigned);
      this.#operatorCounters.epochs_missed_total.inc(labels, missed);
    }
    for (const [index, { flags, inclusionDistance, contradicts }] of tracked.validators) {
      this.#count(view, index, "duplicate_attestations_total", contradicts ? 1 : 0);
      // Hits are shares of assigned epochs: what is not counted there is not counted here.
      if (!tracked.finalizing) continue;
      this.#count(view, index, "target_hits_total", flags & FLAG.target ? 1 : 0);
      const labels = this.#labels(view, index);
      if (!labels) continue;
      const validators = this.#validatorCounters;
      validators.epochs_assigned_total.inc(labels);
      validators.epochs_missed_total.inc(labels, flags === 0 ? 1 : 0);
      validators.source_hits_total.inc(labels, flags & FLAG.source ? 1 : 0);
      validators.head_hits_total.inc(labels, flags & FLAG.head ? 1 : 0);
      if (inclusionDistance === undefined) continue;
      validators.inclusion_distance_sum.inc(labels, inclusionDistance);
      validators.inclusion_distance_count.inc(labels);
    }
    this.#countBlocks(tracked, view);
  }

  #countBlocks({ epoch, blocks }: TrackedEpoch, view: FleetView): void {
    const proposed = new Set(blocks.map(({ slot }) => slot));
    for (const { proposerIndex, payload } of blocks) {
      for (const { index, amountGwei } of payload.withdrawals)
        this.#count(view, index, "withdrawn_gwei_total", Number(amountGwei));
      if (!view.byIndex.has(proposerIndex)) continue;
      this.#count(view, proposerIndex, "blocks_proposed_total", 1);
      const labels = this.#labels(view, proposerIndex);
      const isOurs = getAddress(payload.feeRecipient) === getAddress(this.#vault);
      if (labels) this.#validatorGauges.fee_recipient_mismatch.set(labels, isOurs ? 0 : 1);
    }
    // The epoch is final: a slot of it without a block stays empty.
    for (const [slot, index] of this.#proposers) {
      if (slot >= (epoch + 1) * this.#slotsPerEpoch) continue;
      if (slot >= epoch * this.#slotsPerEpoch && !proposed.has(slot))
        this.#count(view, index, "blocks_missed_total", 1);
      this.#proposers.delete(slot);
    }
  }

  /** Counts for a validator and its operator; validators of others are left out. */
  #count(view: FleetView, index: number, counter: OperatorCounter, value: number): void {
    const validator = view.byIndex.get(index);
    if (!validator) return;
    const { operatorId } = validator.key;
    const operator = view.operators.get(operatorId) ?? { name: String(operatorId), operatorId };
    this.#operatorCounters[counter].inc(operatorLabels(operator), value);
    const labels = this.#labels(view, index);
    if (labels) this.#validatorCounters[counter].inc(labels, value);
  }

  /** Undefined above the limit, and for validators of others. */
  #labels(view: FleetView, index: number): ValidatorLabels | undefined {
    const validator = view.byIndex.get(index);
    if (!validator || view.byIndex.size > this.#limit) return undefined;
    const { operatorId, publicKey } = validator.key;
    const operator = view.operators.get(operatorId) ?? { name: String(operatorId), operatorId };
    return { ...operatorLabels(operator), pubkey: publicKey, validator_index: String(index) };
  }
}

function operatorLabels({ name, operatorId }: Pick<OperatorRecord, "name" | "operatorId">): OperatorLabels {
  return { operator: name, operator_id: String(operatorId) };
}
