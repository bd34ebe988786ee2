import { encodeAbiParameters, keccak256, parseAbiParameters, type Hex } from "viem";
import { epochAt, epochStart } from "../../../provider/beacon/api.ts";
import type { Keeper } from "../keeper.ts";
import type { ParticipationTracker, TrackedEpoch } from "../participation/tracker.ts";
import type { StateProver } from "../proofs/prover.ts";
import { DOWNTIME_ABI, REGISTRY_ABI, SERVICE_LEVEL_ABI } from "../protocol/abi.ts";
import { OpenPenalties } from "../protocol/open-penalties.ts";
import type { FleetView } from "../protocol/fleet.ts";
import { describeError } from "../runtime/log.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";
import { breachesOf, type Breach, type DowntimeReport } from "../service-level/breaches.ts";
import type { Counts, ServedValidator } from "../service-level/count.ts";
import { ledgerEntry } from "../service-level/entry.ts";
import type { ServiceLedger } from "../service-level/ledger.ts";
import { Retries } from "../service-level/retries.ts";
import type { UptimeWitness } from "../service-level/witness.ts";
import { proveSlashings } from "./proofs.ts";
import { observe, seekAgreement } from "./standing.ts";

/** Epochs counted in one run: the rest follows in the next ones, so that votes do not wait for history. */
const EPOCHS_PER_RUN = 16;
/** Of those that could not be counted before. */
const RETRIES_PER_RUN = 8;

/** Where counted epochs go beside the ledger. */
export interface EpochListener {
  epochCounted(tracked: TrackedEpoch, counts: ReadonlyMap<number, Counts>, fleet: FleetView): void;
}

/** What the loop is made of. */
export interface SlaParts {
  readonly tracker: ParticipationTracker;
  readonly ledger: ServiceLedger;
  /** A second opinion; absent without a Prometheus. */
  readonly witness: UptimeWitness | undefined;
  readonly listener: EpochListener;
  readonly prover: StateProver;
}

/**
 * Measures operators' service level on the beacon chain, reports windows that were not kept, executes penalties whose time has come, and
 * proves slashings.
 */
export class SlaLoop implements Loop {
  readonly name = "sla";
  readonly pace = "slot";
  readonly #keeper: Keeper;
  readonly #parts: SlaParts;
  readonly #retries = new Retries();
  /** Epochs that the listener has heard of: those that are counted anew are no news. */
  readonly #told = new Set<number>();
  readonly #penalties: OpenPenalties;

  constructor(keeper: Keeper, parts: SlaParts) {
    this.#keeper = keeper;
    this.#parts = parts;
    this.#penalties = new OpenPenalties(keeper.protocol);
  }

  async run(): Promise<Outcome> {
    const { clock, fleet } = this.#keeper;
    const { tracker, ledger } = this.#parts;
    const view = await fleet.view(await clock.stableBlock());
    // Also those whose deposits are not complete yet, or not stably so: they may serve before the next time that duties are noted, and a
    // member that reads duties later counts them.
    const known = new Set(view.validators.flatMap(({ record }) => (record ? [record.index] : [])));
    if (known.size > 0) await tracker.noteDuties((index) => known.has(index));

    const [current, windowEpochs] = await this.#windows();
    const reportable = current - 1;
    const first = Math.max(0, reportable) * windowEpochs;
    await ledger.forgetBefore(first);
    await tracker.forgetDutiesBefore(first);
    this.#retries.forgetBefore(first);
    for (const epoch of this.#told) if (epoch < first) this.#told.delete(epoch);
    const newest = await tracker.newestComplete();
    const counted = await this.#count(view, Math.max(first, await this.#firstServedEpoch(view)), newest, windowEpochs);

    // Service is counted also where nothing can be proven.
    const slashed = await proveSlashings(this.#keeper, this.#parts.prover, view).catch((error: unknown) => {
      this.#keeper.log.error({ loop: this.name, ...describeError(error) }, "a slashing is not proven yet");
      return false;
    });
    const executed = await this.#executePenalties();
    if (executed || slashed) return "acted";
    const last = (reportable + 1) * windowEpochs - 1;
    if (reportable < 0 || newest < last) return counted ? "acted" : "idle";
    return await this.#report(reportable, windowEpochs, view);
  }

  /** The present window, and epochs of a window. */
  async #windows(): Promise<[current: number, epochs: number]> {
    const { client, contracts } = this.#keeper.protocol;
    const contract = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
    const [current, epochs] = await Promise.all([
      client.readContract({ ...contract, functionName: "currentWindow" }),
      client.readContract({ ...contract, functionName: "windowEpochs" }),
    ]);
    return [Number(current), Number(epochs)];
  }

  /** The first epoch in which one of our validators can have served. */
  async #firstServedEpoch(view: FleetView): Promise<number> {
    const earliest = Math.min(...[...view.byIndex.values()].map(({ since }) => since));
    if (!Number.isFinite(earliest)) return Infinity;
    return Math.max(0, epochAt(await this.#keeper.protocol.beacon.parameters(), earliest));
  }

  /** Counts epochs that are complete and not counted yet. @returns whether there were any */
  async #count(view: FleetView, first: number, newest: number, windowEpochs: number): Promise<boolean> {
    const { clock, protocol, log } = this.#keeper;
    const { tracker, ledger, listener } = this.#parts;
    const parameters = await protocol.beacon.parameters();
    const slot = await clock.slot();
    const served = new Map<number, ServedValidator>();
    const indexOf = new Map<Hex, number>();
    for (const [index, { key, since, record }] of view.byIndex) {
      const { activationEpoch, exitEpoch } = record;
      served.set(index, { index, operatorId: key.operatorId, depositedAt: since, activationEpoch, exitEpoch });
      indexOf.set(key.publicKey, index);
    }
    let counted = false;
    for (const epoch of this.#toCount(first, newest, slot)) {
      const tracked = await tracker.evaluate(epoch, (index) => served.has(index));
      if (!tracked) {
        // Nodes lack blocks while they move them to their archive, and old states while they load: asked again, less and less often.
        const again = this.#retries.failed(epoch, slot);
        log.warn({ loop: this.name, epoch, again }, "the beacon node lacks blocks or duties of an epoch");
        continue;
      }
      const window = Math.floor(epoch / windowEpochs);
      const entry = ledgerEntry(tracked, {
        validators: served,
        indexOf,
        earlier: ledger.departures(window * windowEpochs, epoch - 1),
        vault: protocol.contracts.WithdrawalVault,
        parameters,
      });
      // Later epochs of the window that were counted without knowing of these departures. First: killed after the other, this would be lost.
      if (entry.departures.length > 0) await ledger.forgetRange(epoch + 1, (window + 1) * windowEpochs - 1);
      await ledger.add(epoch, entry);
      counted = true;
      if (this.#told.has(epoch)) continue;
      this.#told.add(epoch);
      listener.epochCounted(tracked, entry.counts, view);
    }
    return counted;
  }

  /** Epochs that are looked at in this run, in their order. What failed before does not hold up what was never tried. */
  #toCount(first: number, newest: number, slot: number): number[] {
    const fresh: number[] = [];
    const failed: number[] = [];
    for (let epoch = first; epoch <= newest && fresh.length < EPOCHS_PER_RUN; epoch++) {
      if (this.#parts.ledger.has(epoch)) continue;
      if (!this.#retries.wasTried(epoch)) fresh.push(epoch);
      else if (failed.length < RETRIES_PER_RUN && this.#retries.isDue(epoch, slot)) failed.push(epoch);
    }
    return [...failed, ...fresh].sort((left, right) => left - right);
  }

  /** Votes for, and makes, the reports of a finished window. */
  async #report(window: number, windowEpochs: number, view: FleetView): Promise<Outcome> {
    const { clock, protocol, log } = this.#keeper;
    const parameters = await protocol.beacon.parameters();
    const first = window * windowEpochs;
    const last = first + windowEpochs - 1;
    const from = Math.max(first, await this.#firstServedEpoch(view));
    // Without validators there is nothing to report, and nothing to be sure of.
    if (from === Infinity) return "waiting";
    const unknown = from > last ? [] : this.#parts.ledger.unknown(from, last);
    if (unknown.length > 0) {
      log.warn({ loop: this.name, window, unknown: unknown.length }, "a window is not known whole: no vote on it");
      return "waiting";
    }
    const breaches = await this.#breaches(window, windowEpochs);
    const own = new Set(breaches.map(({ report }) => this.#digest(report)));
    const since = await this.#blockAt(epochStart(parameters, last + 1) - 1);
    const open = await this.#openOf(breaches);
    if (open.length === 0) {
      await observe(this.#keeper, "service_level", own, since);
      return "idle";
    }
    // A lane holds one agreement at a time. All members look at the same operator at the same time, and go on to the next after a while,
    // so that one who sees a breach that the others do not see cannot hold up the rest.
    const turn = Math.floor((await clock.slot()) / parameters.slotsPerEpoch);
    const breach = open[turn % open.length];
    return breach ? await this.#pursue(breach, own, since) : "idle";
  }

  /** Operators that did not keep a window. */
  async #breaches(window: number, windowEpochs: number): Promise<Breach[]> {
    const { client, contracts } = this.#keeper.protocol;
    const contract = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
    const [terms, bondPerKey] = await Promise.all([
      client.readContract({ ...contract, functionName: "termsOf", args: [BigInt(window)] }),
      client.readContract({ address: contracts.OperatorRegistry, abi: REGISTRY_ABI, functionName: "bondPerKey" }),
    ]);
    const first = window * windowEpochs;
    const totals = this.#parts.ledger.totals(first, first + windowEpochs - 1);
    return breachesOf(window, totals, BigInt(windowEpochs), bondPerKey, terms);
  }

  /** Those that are neither charged nor reported nor dismissed, and that the second opinion does not contradict. */
  async #openOf(breaches: readonly Breach[]): Promise<Breach[]> {
    const { client, contracts } = this.#keeper.protocol;
    const contract = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
    const open: Breach[] = [];
    const failures: unknown[] = [];
    for (const breach of breaches) {
      const args = [BigInt(breach.report.operatorId), BigInt(breach.report.window)] as const;
      const [charged, reports] = await Promise.all([
        client.readContract({ ...contract, functionName: "charged", args }),
        client.readContract({ ...contract, functionName: "reportNonce", args }),
      ]);
      // One report a window: a second one would take up again what the arbiter dismissed.
      if (charged >= breach.due || reports > 0n) continue;
      // What Prometheus does not answer about one operator does not shield the others.
      const isConfirmed = await this.#isConfirmed(breach).catch((error: unknown) => void failures.push(error));
      if (isConfirmed === true) open.push(breach);
    }
    const [failure] = failures;
    if (open.length === 0 && failure instanceof Error) throw failure;
    return open;
  }

  /** ServiceLevel.downtimeDigest of an operator's first report of a window: the only one that keepers make. */
  #digest({ operatorId, window, assignedEpochs, missedEpochs }: DowntimeReport): Hex {
    const { settings, protocol } = this.#keeper;
    return keccak256(
      encodeAbiParameters(parseAbiParameters("string, uint256, address, uint256, uint32, uint32, uint64, uint64"), [
        "reportDowntime",
        BigInt(settings.chainId),
        protocol.contracts.ServiceLevel,
        0n,
        operatorId,
        window,
        assignedEpochs,
        missedEpochs,
      ]),
    );
  }

  async #isConfirmed({ report }: Breach): Promise<boolean> {
    const { witness } = this.#parts;
    if (!witness) return true;
    const { log } = this.#keeper;
    const verdict = await witness.confirm(report);
    if (verdict.confirmed) return true;
    log.warn({ loop: this.name, ...logged(report), ...verdict }, "Prometheus saw another uptime: no vote for a charge");
    return false;
  }

  async #pursue({ report, due }: Breach, own: ReadonlySet<Hex>, since: bigint): Promise<Outcome> {
    const { accounts, turns, log } = this.#keeper;
    const digest = this.#digest(report);
    const step = await seekAgreement(this.#keeper, {
      lane: "service_level",
      digest,
      own,
      since,
      purpose: `the downtime of operator ${report.operatorId} in window ${report.window}`,
    });
    if (step === "acted")
      log.info(
        { loop: this.name, ...logged(report), due: due.toString(), digest },
        "an operator did not keep a window",
      );
    if (step !== "agreed") return step;
    if (!(await turns.isMine(`downtime ${digest}`))) return "waiting";
    const sent = await accounts.member.send({
      contract: "ServiceLevel",
      abi: DOWNTIME_ABI,
      functionName: "reportDowntime",
      args: [report],
      purpose: `Reporting the downtime of operator ${report.operatorId} in window ${report.window}`,
    });
    return sent ? "acted" : "waiting";
  }

  /** Anyone executes a penalty whose appeal is over. @returns whether one was */
  async #executePenalties(): Promise<boolean> {
    const { protocol, accounts, turns } = this.#keeper;
    let acted = false;
    for (const { id, penalty } of await this.#penalties.find()) {
      const { timestamp } = await protocol.client.getBlock();
      if (Number(timestamp) < penalty.executableFrom || !(await turns.isMine(`penalty ${id}`))) continue;
      const sent = await accounts.member.send({
        contract: "ServiceLevel",
        abi: SERVICE_LEVEL_ABI,
        functionName: "executePenalty",
        args: [id],
        purpose: `Executing penalty ${id} of operator ${penalty.operatorId}`,
      });
      acted = acted || sent;
    }
    return acted;
  }

  /** Number of a block from about a time, by how fast blocks come at most: votes before it are older. */
  async #blockAt(seconds: number): Promise<bigint> {
    const { client, beacon } = this.#keeper.protocol;
    const { secondsPerSlot } = await beacon.parameters();
    const head = await client.getBlock();
    const slots = BigInt(Math.max(0, Math.ceil((Number(head.timestamp) - seconds) / secondsPerSlot)));
    return head.number > slots ? head.number - slots : 0n;
  }
}

function logged({ operatorId, window, assignedEpochs, missedEpochs }: Breach["report"]): object {
  return { operatorId, window, assigned: assignedEpochs.toString(), missed: missedEpochs.toString() };
}
