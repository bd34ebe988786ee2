import type { Hex } from "viem";
import type { ReportedFrame } from "../frame/compose.ts";
import { dueFrame, readReport } from "../frame/read.ts";
import type { Keeper } from "../keeper.ts";
import { REPORT_ABI } from "../protocol/abi.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";
import { observe, seekAgreement } from "./standing.ts";

/** A frame that this keeper worked out. */
interface WorkedOut extends ReportedFrame {
  readonly refSlot: number;
  readonly digest: Hex;
  /** Block after which votes are about it. */
  readonly since: bigint;
}

/**
 * Reports frames as a member of the oracle: works a due frame out, votes for its digest, and settles it once a quorum agreed. A frame is
 * settled once whoever tries how often: the contract takes each frame's last slot but once.
 */
export class ReportsLoop implements Loop {
  readonly name = "reports";
  readonly pace = "slot";
  readonly #keeper: Keeper;
  #last: WorkedOut | undefined;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  async run(): Promise<Outcome> {
    const { protocol, clock, accounts, turns } = this.#keeper;
    const refSlot = await dueFrame(protocol, await clock.stableSlot());
    if (refSlot === undefined) {
      // Others may have settled it otherwise than we worked it out.
      if (this.#last) await observe(this.#keeper, "report", new Set([this.#last.digest]), this.#last.since);
      return "idle";
    }
    const frame = this.#last?.refSlot === refSlot ? this.#last : await this.#workOut(refSlot);
    const { report, updates, digest } = frame;
    const step = await seekAgreement(this.#keeper, {
      lane: "report",
      digest,
      own: new Set([digest]),
      since: frame.since,
      purpose: `the report of slot ${refSlot}`,
    });
    if (step !== "agreed") return step;
    if (!(await turns.isMine(`report ${digest}`))) return "waiting";
    const sent = await accounts.member.send({
      contract: "RewardDistribution",
      abi: REPORT_ABI,
      functionName: "settleRewards",
      args: [report, updates],
      purpose: `Settling the frame of slot ${refSlot}`,
    });
    return sent ? "acted" : "waiting";
  }

  async #workOut(refSlot: number): Promise<WorkedOut> {
    const { protocol, clock, settings, log } = this.#keeper;
    const reported = await readReport(protocol, refSlot, settings.exits.deadlineSeconds);
    const { report, updates } = reported;
    const digest = (await protocol.client.readContract({
      address: protocol.contracts.RewardDistribution,
      abi: REPORT_ABI,
      functionName: "reportDigest",
      args: [report, updates],
    })) as Hex;
    // Members vote on a frame once its last slot is settled. What they said before was about the frame before, on which no quorum may have
    // agreed in time: their newest votes are no dissent then.
    const since = await protocol.beacon.blockOf(await protocol.beacon.lastHeader(await clock.unsettledUntil(refSlot)));
    this.#last = { ...reported, refSlot, digest, since: since.payload.blockNumber };
    log.info(
      {
        loop: this.name,
        refSlot,
        digest,
        beaconBalance: report.beaconBalance.toString(),
        creditedValidators: report.creditedValidators,
        updates: updates.length,
      },
      "worked a frame out",
    );
    return this.#last;
  }
}
