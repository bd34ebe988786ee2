import type { Hex } from "viem";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Turns } from "../keeper.ts";
import type { Committee } from "../protocol/committee.ts";
import { SLOTS_PER_EPOCH } from "../testing/fake-beacon.ts";
import { World, type Copy } from "../testing/world.ts";

// Some hundred looks, each of some twenty requests: more than a second on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.stop());

const refSlotOf = (epoch: number): number => (epoch + 1) * SLOTS_PER_EPOCH - 1;

/** Lets keepers look, slot by slot, until a frame is settled or its epoch is over. */
async function settle(epoch: number, look: () => Promise<void>): Promise<void> {
  const first = World.settleableFrom(epoch);
  for (let slot = first; slot < first + SLOTS_PER_EPOCH; slot++) {
    world.goTo(slot);
    await look();
    if (world.protocol.settled.at(-1)?.refSlot === BigInt(refSlotOf(epoch))) return;
  }
}

/** The digest of the frame that a keeper worked out last. */
function digestOf(keeper: Copy): Hex {
  return keeper.lines.findLast(({ msg }) => msg === "worked a frame out")?.["digest"] as Hex;
}

/** Transactions by function and how they ended. */
function sent(name: string): { included: number; reverted: number } {
  const all = world.execution.mined.filter((transaction) => transaction.name === name);
  return {
    included: all.filter(({ reverted }) => !reverted).length,
    reverted: all.filter(({ reverted }) => reverted).length,
  };
}

describe("three members", () => {
  it("settle each frame once, to the wei, with one transaction, over empty slots", async () => {
    const members = [0, 1, 2].map((member) => world.copy(member));
    world.beacon.empty
      .add(refSlotOf(1))
      .add(refSlotOf(2))
      .add(refSlotOf(2) - 1);
    for (let epoch = 0; epoch < 4; epoch++)
      await settle(epoch, async () => {
        for (const member of members) await member.run("reports");
      });
    expect(world.protocol.settled).toEqual([0, 1, 2, 3].map((epoch) => world.truth(refSlotOf(epoch))));
    expect(sent("settleRewards")).toEqual({ included: 4, reverted: 0 });
    expect(sent("vote").included).toBeLessThanOrEqual(12);
    expect(await members[0]?.run("reports")).toBe("idle");
  });

  it("settle each frame once through kills at every request", async () => {
    // How many moments there are at which a run may end.
    const probe = world.copy(0);
    world.goTo(World.settleableFrom(0));
    await probe.run("reports");
    const moments = probe.passed;
    expect(moments).toBeGreaterThan(40);

    const members = [0, 1, 2].map((member) => world.copy(member, {}, member === 0 ? probe : undefined));
    let kills = 0;
    const epochs = Math.ceil(moments / 3) + 1;
    for (let epoch = 0; epoch < epochs; epoch++) {
      // Each member once in each frame, at a moment later than in the frame before; all are new to the frame.
      for (const [at, member] of members.entries()) {
        const fresh = world.copy(at, {}, member);
        fresh.dieAt = 1 + epoch * 3 + at;
        members[at] = fresh;
      }
      await settle(epoch, async () => {
        for (const [at, member] of members.entries()) {
          if ((await member.run("reports")) !== "killed") continue;
          kills += 1;
          members[at] = world.copy(at, {}, member);
        }
      });
    }
    const expected = Array.from({ length: epochs }, (_, epoch) => world.truth(refSlotOf(epoch)));
    expect(world.protocol.settled).toEqual(expected);
    expect(sent("settleRewards").included).toBe(epochs);
    expect(kills).toBeGreaterThan(epochs * 2);
  });

  it("are not led astray by one who lies, and name it", async () => {
    const [honest, other] = [world.copy(0), world.copy(1)];
    const liar = world.protocol.members[2] ?? "0x";
    for (let epoch = 0; epoch < 3; epoch++)
      await settle(epoch, async () => {
        world.protocol.voteAs(2, 0n, `0x${(epoch + 1).toString(16).padStart(64, "0")}`);
        await honest.run("reports");
        await other.run("reports");
      });
    expect(world.protocol.settled).toEqual([0, 1, 2].map((epoch) => world.truth(refSlotOf(epoch))));
    for (const keeper of [honest, other]) {
      expect(await keeper.metric("ethstake_keeper_member_dissent", { lane: "report", member: liar })).toBe(1);
      const [first = "0x"] = world.protocol.members;
      expect(await keeper.metric("ethstake_keeper_member_dissent", { lane: "report", member: first })).toBe(0);
      expect(await keeper.metric("ethstake_keeper_outvoted", { lane: "report" })).toBe(0);
    }
  });

  it("do not accuse each other for votes on a frame that no quorum agreed on in time, restarted or not", async () => {
    const [steady, other] = [world.copy(0), world.copy(1)];
    world.protocol.quorum = 3;
    for (const epoch of [0, 1, 2]) {
      world.goTo(World.settleableFrom(epoch));
      const restarted = world.copy(1, {}, other);
      for (const member of [steady, restarted]) {
        await member.run("reports");
        for (const account of world.protocol.members)
          expect(await member.metric("ethstake_keeper_member_dissent", { lane: "report", member: account })).not.toBe(
            1,
          );
      }
    }
    expect(sent("vote").included).toBe(6);
    expect(world.protocol.settled).toEqual([]);
  });

  it("name one who says again what was right for the frame before", async () => {
    const honest = world.copy(0);
    await settle(0, async () => {
      await honest.run("reports");
      world.protocol.voteAs(1, 0n, digestOf(honest));
    });
    const stale = world.protocol.agreedOn(0n) ?? "0x";
    world.goTo(World.settleableFrom(1) + 1);
    world.protocol.voteAs(2, 0n, stale);
    await honest.run("reports");
    const [, , member = "0x"] = world.protocol.members;
    expect(await honest.metric("ethstake_keeper_member_dissent", { lane: "report", member })).toBe(1);
  });

  it("say so when a quorum agrees on something else, and do not settle it", async () => {
    const honest = world.copy(0);
    await settle(0, async () => {
      world.protocol.voteAs(1, 0n, `0x${"66".repeat(32)}`);
      world.protocol.voteAs(2, 0n, `0x${"66".repeat(32)}`);
      await honest.run("reports");
    });
    expect(world.protocol.settled).toEqual([]);
    expect(await honest.metric("ethstake_keeper_outvoted", { lane: "report" })).toBe(1);
    expect(sent("settleRewards")).toEqual({ included: 0, reverted: 0 });
  });

  it("come in two copies each without harm", async () => {
    const copies = [0, 1, 2].flatMap((member) => {
      const first = world.copy(member);
      return [first, world.twin(member, first)];
    });
    for (let epoch = 0; epoch < 3; epoch++)
      await settle(epoch, async () => {
        await Promise.all(copies.map((copy) => copy.run("reports")));
      });
    expect(world.protocol.settled).toEqual([0, 1, 2].map((epoch) => world.truth(refSlotOf(epoch))));
    expect(sent("settleRewards").included).toBe(3);
  });

  it("replace one who is silent after its turn", async () => {
    const members = [0, 1, 2].map((member) => world.copy(member));
    const { members: accounts } = world.protocol;
    const committee = { members: () => Promise.resolve(accounts) } as unknown as Committee;
    for (let epoch = 0; epoch < 4; epoch++) {
      world.goTo(World.settleableFrom(epoch));
      await members[0]?.run("reports");
      const digest = members[0] ? digestOf(members[0]) : "0x";
      // Whose turn it is at once, however long a turn is.
      const isFirst = await Promise.all(
        accounts.map((account) => new Turns(account, committee, 1e12).isMine(`report ${digest}`)),
      );
      const silent = isFirst.indexOf(true);
      await settle(epoch, async () => {
        for (const [member, copy] of members.entries()) if (member !== silent) await copy.run("reports");
      });
      // Its turn is a slot, which began when the others saw the agreement.
      expect(world.beacon.head).toBeGreaterThan(World.settleableFrom(epoch));
      expect(world.execution.mined.at(-1)).toMatchObject({ name: "settleRewards", reverted: false });
      expect(world.execution.mined.at(-1)?.from).not.toBe(accounts[silent]);
      expect(world.protocol.settled).toHaveLength(epoch + 1);
    }
  });

  it("do not take a block that a node lacks for a moment for an empty slot", async () => {
    const members = [0, 1, 2].map((member) => world.copy(member));
    const last = refSlotOf(0);
    world.goTo(World.settleableFrom(0));
    world.beacon.disturb = (path) => (path.endsWith(`/${last}`) ? { status: 404 } : undefined);
    for (const member of members)
      await expect(member.run("reports")).rejects.toThrow(
        `lacks blocks up to slot ${last}: ask another node, or later`,
      );
    expect(world.execution.mined).toEqual([]);
    world.beacon.disturb = () => undefined;
    await settle(0, async () => {
      for (const member of members) await member.run("reports");
    });
    expect(world.protocol.settled).toEqual([world.truth(last)]);
  });

  it("go on through a beacon node that fails at random", async () => {
    let seed = 7;
    world.beacon.disturb = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const drawn = (seed / 2 ** 31) * 10;
      return drawn < 1 ? { status: 503 } : drawn < 2 ? "hang up" : drawn < 3 ? { status: 500 } : undefined;
    };
    const members = [0, 1, 2].map((member) => world.copy(member));
    for (let epoch = 0; epoch < 8; epoch++)
      await settle(epoch, async () => {
        for (const member of members) await member.run("reports").catch(() => undefined);
      });
    const { settled } = world.protocol;
    expect(settled.length).toBeGreaterThan(2);
    expect(settled).toEqual(settled.map(({ refSlot }) => world.truth(Number(refSlot))));
  });

  it("only say what they would do in a dry run", async () => {
    const dry = world.copy(0, { dryRun: true });
    await settle(0, async () => {
      await dry.run("reports");
    });
    expect(world.execution.mined).toEqual([]);
    expect(dry.lines.some(({ msg }) => msg === "would send")).toBe(true);
  });
});
