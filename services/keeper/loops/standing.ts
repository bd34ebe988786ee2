import type { Address, Hex } from "viem";
import type { Keeper } from "../keeper.ts";
import { CONSENSUS_ABI, LANES, type Lane } from "../protocol/abi.ts";
import { hasVoted, standingOf } from "../protocol/committee.ts";

/** A vote that completes the quorum writes the agreement too; which one it will be is not known when gas is estimated. */
const AGREEMENT_GAS = 40_000n;

/** A statement that members of the oracle agree on. */
export interface Statement {
  readonly lane: Lane;
  readonly digest: Hex;
  /** Everything that this keeper would sign in this lane now: who votes for any of it does not dissent. */
  readonly own: ReadonlySet<Hex>;
  /** Block after which votes are about it. */
  readonly since: bigint;
  /** For the log and the journal: `the report of slot 31`. */
  readonly purpose: string;
}

/**
 * Brings a statement forward by one step: votes for it, if this member has not.
 * @returns `agreed` when a quorum stands behind it; else whether a vote was sent
 */
export async function seekAgreement(keeper: Keeper, statement: Statement): Promise<"agreed" | "acted" | "waiting"> {
  const { committee, accounts } = keeper;
  const { lane, digest, since, purpose } = statement;
  const votes = await committee.lane(lane, since);
  showStanding(keeper, lane, standingOf(votes, statement.own));
  if (votes.agreed === digest) return "agreed";
  if (hasVoted(votes, accounts.member.address, digest)) return "waiting";
  const sent = await accounts.member.send({
    contract: "ReportConsensus",
    abi: CONSENSUS_ABI,
    functionName: "vote",
    args: [LANES[lane], digest],
    purpose: `Voting for ${purpose}`,
    spareGas: AGREEMENT_GAS,
  });
  return sent ? "acted" : "waiting";
}

/** Looks at a lane without voting: what others say there is compared with what this keeper would sign. */
export async function observe(keeper: Keeper, lane: Lane, own: ReadonlySet<Hex>, since: bigint): Promise<void> {
  showStanding(keeper, lane, standingOf(await keeper.committee.lane(lane, since), own));
}

/** A member that has not voted lately stays as its last vote left it. */
function showStanding(
  { metrics }: Keeper,
  lane: Lane,
  standing: { dissenters: readonly Address[]; supporters: readonly Address[]; outvoted: boolean },
): void {
  for (const member of standing.dissenters) metrics.dissent.set({ lane, member }, 1);
  for (const member of standing.supporters) metrics.dissent.set({ lane, member }, 0);
  metrics.outvoted.set({ lane }, standing.outvoted ? 1 : 0);
}
