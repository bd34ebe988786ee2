import { Gauge, type Registry } from "prom-client";
import { formatEther } from "viem";

/** Gauges of the protocol as a whole, each with what it is. Amounts in ether. */
const GAUGES = {
  pooled_ether: "All ether that the shares stand for",
  buffered_ether: "Ether in the pool that is not with validators",
  beacon_ether: "Ether with validators, by the last report",
  depositable_ether: "Ether that can be moved to validators",
  stake_cap_ether: "Most ether that the pool takes",
  total_shares: "Shares of ethSTAKE",
  share_price_ether: "Ether that a share stands for",
  coverage_fund_ether: "Ether that pays for losses before the shares do",
  withdrawal_vault_ether: "Ether that validators paid out and no report has taken yet",
  execution_vault_ether: "Fees of blocks that no report has taken yet",
  queue_open_requests: "Withdrawal requests that are not finalised",
  queue_open_ether: "What they are worth now",
  queue_oldest_request_timestamp_seconds: "When the oldest of them was made; 0 without any",
  queue_locked_ether: "Ether set aside for claims",
  last_report_slot: "Last slot of the last settled frame",
  last_report_timestamp_seconds: "When the pool last processed a frame",
  report_overdue_seconds: "How long a frame has been due; 0 when none is",
} as const;

export type ProtocolGauge = keyof typeof GAUGES;

/** What this keeper sees of the protocol and of the chain. All keepers see the same. */
export class ProtocolMetrics {
  readonly #gauges: Readonly<Record<ProtocolGauge, Gauge>>;
  readonly fee: Gauge<"fee">;
  readonly paused: Gauge<"contract">;
  readonly validators: Gauge<"state">;
  readonly chain: Readonly<Record<ChainGauge, Gauge>>;
  readonly nextFork: Gauge<"fork">;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#gauges = Object.fromEntries(
      Object.entries(GAUGES).map(([name, help]) => [
        name,
        new Gauge({ name: `ethstake_protocol_${name}`, help, registers }),
      ]),
    ) as Record<ProtocolGauge, Gauge>;
    this.fee = new Gauge({
      name: "ethstake_protocol_fee_bps",
      help: "Fees in basis points of rewards",
      labelNames: ["fee"],
      registers,
    });
    this.paused = new Gauge({
      name: "ethstake_protocol_paused",
      help: "1 while a contract is paused",
      labelNames: ["contract"],
      registers,
    });
    this.validators = new Gauge({
      name: "ethstake_protocol_validators",
      help: "Validators since the beginning, by state",
      labelNames: ["state"],
      registers,
    });
    this.chain = Object.fromEntries(
      Object.entries(CHAIN_GAUGES).map(([name, help]) => [
        name,
        new Gauge({ name: `ethstake_chain_${name}`, help, registers }),
      ]),
    ) as Record<ChainGauge, Gauge>;
    this.nextFork = new Gauge({
      name: "ethstake_chain_next_fork_epoch",
      help: "Epoch of a fork that the beacon node knows of and that has not come",
      labelNames: ["fork"],
      registers,
    });
  }

  /** Shows an amount of wei as ether. Gauges are floats: they are for people. */
  wei(name: ProtocolGauge, value: bigint): void {
    this.#gauges[name].set(Number(formatEther(value)));
  }

  set(name: ProtocolGauge, value: number): void {
    this.#gauges[name].set(value);
  }
}

const CHAIN_GAUGES = {
  head_slot: "Slot of the beacon node's head",
  current_slot: "Slot by this machine's clock",
  finalized_epoch: "Newest finalised epoch",
  slots_per_epoch: "SLOTS_PER_EPOCH",
  seconds_per_slot: "SECONDS_PER_SLOT",
  clock_drift_seconds: "How far this machine's clock is ahead of the beacon node's",
} as const;
type ChainGauge = keyof typeof CHAIN_GAUGES;
