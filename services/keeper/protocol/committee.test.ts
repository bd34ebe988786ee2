import { array, assert, constantFrom, integer, property, tuple } from "fast-check";
import { zeroHash, type Address, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { hasVoted, standingOf, type LaneVotes } from "./committee.ts";

const [A, B, C] = ["0xa1", "0xb2", "0xc3"] as const satisfies Address[];
const OURS: Hex = "0x01";
const OTHER: Hex = "0x02";
const THIRD: Hex = "0x03";

function lane(votes: readonly (readonly [Address, Hex])[], agreed: Hex = zeroHash, quorum = 2): LaneVotes {
  return { agreed, quorum, votes: new Map(votes) };
}

describe("standing", () => {
  it("names who votes for something else, and whether a quorum does", () => {
    const own = new Set([OURS]);
    expect(
      standingOf(
        lane([
          [A, OURS],
          [B, OURS],
          [C, OTHER],
        ]),
        own,
      ),
    ).toEqual({
      supporters: [A, B],
      dissenters: [C],
      outvoted: false,
    });
    expect(
      standingOf(
        lane([
          [A, OURS],
          [B, OTHER],
          [C, OTHER],
        ]),
        own,
      ).outvoted,
    ).toBe(true);
    // Two that differ from each other are no quorum.
    expect(
      standingOf(
        lane([
          [A, OURS],
          [B, OTHER],
          [C, THIRD],
        ]),
        own,
      ),
    ).toEqual({
      supporters: [A],
      dissenters: [B, C],
      outvoted: false,
    });
    // Anything that this keeper would sign itself is no dissent.
    expect(
      standingOf(
        lane([
          [B, OTHER],
          [C, OTHER],
        ]),
        new Set([OURS, OTHER]),
      ),
    ).toMatchObject({
      dissenters: [],
      outvoted: false,
    });
  });

  it("divides all who voted", () => {
    const votesOf = array(tuple(constantFrom(A, B, C), constantFrom(OURS, OTHER, THIRD)));
    assert(
      property(votesOf, integer({ min: 1, max: 3 }), (drawn, quorum) => {
        const votes = lane(drawn, zeroHash, quorum);
        const { supporters, dissenters, outvoted } = standingOf(votes, new Set([OURS]));
        expect([...supporters, ...dissenters].sort()).toEqual([...votes.votes.keys()].sort());
        const most = Math.max(
          ...[OTHER, THIRD].map((vote) => [...votes.votes.values()].filter((each) => each === vote).length),
        );
        expect(outvoted).toBe(most >= quorum);
      }),
    );
  });
});

describe("a vote", () => {
  it("is cast once, and again when the committee forgot its agreement", () => {
    expect(hasVoted(lane([[B, OURS]]), A, OURS)).toBe(false);
    expect(hasVoted(lane([[A, OTHER]]), A, OURS)).toBe(false);
    expect(hasVoted(lane([[A, OURS]]), A, OURS)).toBe(true);
    expect(
      hasVoted(
        lane(
          [
            [A, OURS],
            [B, OURS],
          ],
          OURS,
        ),
        A,
        OURS,
      ),
    ).toBe(true);
    expect(
      hasVoted(
        lane([
          [A, OURS],
          [B, OURS],
        ]),
        A,
        OURS,
      ),
    ).toBe(false);
    // Another agreement in the meantime is no forgotten one.
    expect(
      hasVoted(
        lane(
          [
            [A, OURS],
            [B, OURS],
          ],
          OTHER,
        ),
        A,
        OURS,
      ),
    ).toBe(true);
  });
});
