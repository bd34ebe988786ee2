import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Metrics of the keeper itself: its loops, its transactions and its committee. What it sees of the protocol is in the watch loop. */
export class KeeperMetrics {
  readonly registry = new Registry();
  readonly info = this.#gauge("ethstake_keeper_info", "1, for what the labels say of the keeper", [
    "version",
    "member",
    "dry_run",
  ]);
  readonly runs = this.#counter("ethstake_keeper_loop_runs_total", "Runs of a loop by how they ended", [
    "loop",
    "outcome",
  ]);
  readonly lastSuccess = this.#gauge(
    "ethstake_keeper_loop_last_success_timestamp_seconds",
    "When a loop last ran without an error",
    ["loop"],
  );
  readonly duration = new Histogram({
    name: "ethstake_keeper_loop_duration_seconds",
    help: "How long a loop's runs take",
    labelNames: ["loop"],
    buckets: [0.01, 0.05, 0.2, 1, 5, 12, 60, 300],
    registers: [this.registry],
  });
  readonly transactions = this.#counter("ethstake_keeper_transactions_total", "Transactions by how they ended", [
    "contract",
    "function",
    "outcome",
  ]);
  readonly balance = this.#gauge("ethstake_keeper_account_balance_ether", "What the member's account has", []);
  readonly dissent = this.#gauge(
    "ethstake_keeper_member_dissent",
    "1 when a member's vote is another than what this keeper worked out",
    ["lane", "member"],
  );
  readonly outvoted = this.#gauge(
    "ethstake_keeper_outvoted",
    "1 when a quorum agreed on something else than what this keeper worked out",
    ["lane"],
  );

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
