import { zeroHash, type Address, type Hex, type PublicClient } from "viem";
import { CONSENSUS_ABI, LANES, type Lane } from "./abi.ts";
import { blockRanges } from "./block-ranges.ts";

/** A lane of the committee: what it agreed on last, and who has voted for what lately. */
export interface LaneVotes {
  /** Zero when nothing is agreed. */
  readonly agreed: Hex;
  readonly quorum: number;
  /** Newest votes of present members, of those that voted since the block asked for. */
  readonly votes: ReadonlyMap<Address, Hex>;
}

/** How the committee stands towards what this keeper worked out. */
export interface Standing {
  /** Members whose newest vote is for something else. */
  readonly dissenters: readonly Address[];
  readonly supporters: readonly Address[];
  /** A quorum stands behind something else. */
  readonly outvoted: boolean;
}

/** The oracle's committee (contracts/src/ReportConsensus.sol). */
export class Committee {
  readonly #client: PublicClient;
  readonly #address: Address;

  constructor(client: PublicClient, address: Address) {
    this.#client = client;
    this.#address = address;
  }

  async members(): Promise<readonly Address[]> {
    return await this.#client.readContract({ ...this.#contract(), functionName: "members" });
  }

  /** @param since block after which votes are about the matter at hand: older ones were about something earlier */
  async lane(lane: Lane, since: bigint): Promise<LaneVotes> {
    const contract = this.#contract();
    const [agreed, quorum, members, head] = await Promise.all([
      this.#client.readContract({ ...contract, functionName: "agreed", args: [LANES[lane]] }),
      this.#client.readContract({ ...contract, functionName: "quorum" }),
      this.members(),
      this.#client.getBlockNumber({ cacheTime: 0 }),
    ]);
    const votes = new Map<Address, Hex>();
    for (const range of blockRanges(since + 1n, head)) {
      const events = await this.#client.getContractEvents({
        ...contract,
        eventName: "Voted",
        args: { lane: LANES[lane] },
        ...range,
        strict: true,
      });
      for (const { args } of events) if (members.includes(args.member)) votes.set(args.member, args.digest);
    }
    return { agreed, quorum: Number(quorum), votes };
  }

  #contract(): { readonly address: Address; readonly abi: typeof CONSENSUS_ABI } {
    return { address: this.#address, abi: CONSENSUS_ABI };
  }
}

/** How a lane stands towards the digests that this keeper worked out itself. */
export function standingOf({ votes, quorum }: LaneVotes, own: ReadonlySet<Hex>): Standing {
  const counts = countVotes(votes);
  return {
    dissenters: [...votes].filter(([, vote]) => !own.has(vote)).map(([account]) => account),
    supporters: [...votes].filter(([, vote]) => own.has(vote)).map(([account]) => account),
    outvoted: [...counts].some(([vote, count]) => !own.has(vote) && count >= quorum),
  };
}

/**
 * Whether a member need not vote for a digest any more. Agreements are forgotten when the committee changes: who votes again then has
 * the votes counted anew.
 */
export function hasVoted({ agreed, quorum, votes }: LaneVotes, member: Address, digest: Hex): boolean {
  const isForgotten = agreed === zeroHash && (countVotes(votes).get(digest) ?? 0) >= quorum;
  return votes.get(member) === digest && !isForgotten;
}

function countVotes(votes: LaneVotes["votes"]): Map<Hex, number> {
  const counts = new Map<Hex, number>();
  for (const vote of votes.values()) counts.set(vote, (counts.get(vote) ?? 0) + 1);
  return counts;
}
