import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { keccak256 } from "viem";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SLOTS_PER_EPOCH } from "../testing/fake-beacon.ts";
import { giveRealState } from "../testing/real-state.ts";
import { OURS, World, type Copy } from "../testing/world.ts";

/** The first window is epochs 0 to 7; its last epoch can be judged in this one. */
const COMPLETE = 11;
const SOUTH_MISSED = { operatorId: 2, window: 0, assignedEpochs: 64n, missedEpochs: 24n };

// Some hundred looks, each of some fifty requests: more than a second on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

let world: World;
beforeEach(async () => {
  world = await World.create();
  // South's validators are away for three epochs.
  world.beacon.isAbsent = (index, epoch) => index >= OURS / 2 && index < OURS && epoch >= 2 && epoch < 5;
});
afterEach(() => world.stop());

/** Lets keepers look once an epoch until the first window can be judged. */
async function untilComplete(members: readonly Copy[], from = 0): Promise<void> {
  for (let epoch = from; epoch < COMPLETE; epoch++) {
    world.goTo(epoch * SLOTS_PER_EPOCH + 4);
    for (const member of members) await member.run("sla");
  }
}

/** Lets keepers look in every fourth slot of some epochs. */
async function through(members: readonly Copy[], first: number, last: number): Promise<void> {
  for (let slot = first * SLOTS_PER_EPOCH; slot < (last + 1) * SLOTS_PER_EPOCH; slot += 4) {
    world.goTo(slot);
    for (const member of members) await member.run("sla");
  }
}

/** What a keeper has counted, line by line. */
function ledgerOf({ folder }: Copy) {
  const cache = join(folder, "cache");
  return readdirSync(cache)
    .filter((file) => file.endsWith(".jsonl"))
    .flatMap((file) => readFileSync(join(cache, file), "utf8").trim().split("\n"))
    .map((line) => JSON.parse(line) as { epoch: number; counts: [number, number, number][] })
    .map(({ counts, ...line }) => ({ ...line, counts: counts.toSorted(([left], [right]) => left - right) }))
    .sort((left, right) => left.epoch - right.epoch);
}

describe("the service level of three members", () => {
  it("is reported once a window, charged once after the appeal, and only to who missed", async () => {
    const members = [0, 1, 2].map((member) => world.copy(member));
    await untilComplete(members);
    expect(world.protocol.penalties).toEqual([]);
    await through(members, COMPLETE, COMPLETE + 3);
    expect(world.protocol.penalties).toMatchObject([{ ...SOUTH_MISSED, state: 2 }]);
    const [charged] = [...world.protocol.charged];
    expect(charged).toEqual(["2 0", world.protocol.penalties[0]?.amount]);
    expect(world.protocol.charged.size).toBe(1);
    const done = world.execution.mined.filter(({ name }) => name !== "vote");
    expect(done.map(({ name, reverted }) => [name, reverted])).toEqual([
      ["reportDowntime", false],
      ["executePenalty", false],
    ]);
  });

  it("is not reported again after a dismissal", async () => {
    const members = [0, 1, 2].map((member) => world.copy(member));
    world.protocol.appealSeconds = 10_000;
    await untilComplete(members);
    await through(members, COMPLETE, COMPLETE + 1);
    expect(world.protocol.penalties).toMatchObject([{ ...SOUTH_MISSED, state: 1 }]);
    world.protocol.dismiss(1);
    await through(members, COMPLETE + 2, COMPLETE + 4);
    expect(world.protocol.penalties).toHaveLength(1);
    expect(world.protocol.charged.size).toBe(0);
  });

  it("is the same for members that were there all the time, came late, or were killed", async () => {
    const [witness, victim] = [world.copy(0), world.copy(1)];
    world.beacon.exits.set(30, [3]);
    Object.assign(world.beacon.validators[3] ?? {}, { exitEpoch: 7 });
    // Somebody else had paid for these before the pool did: they were active when their deposits became complete.
    world.protocol.addKeys(world.beacon, 1, [16, 17, 18, 19], 20);
    let killed = victim;
    for (let epoch = 0; epoch < COMPLETE; epoch++) {
      world.goTo(epoch * SLOTS_PER_EPOCH + 4);
      await witness.run("sla");
      killed.dieAt = killed.passed + 7 * (epoch + 1);
      if ((await killed.run("sla")) === "killed") killed = world.copy(1, {}, killed);
    }
    killed.dieAt = Infinity;
    const late = world.copy(2);
    await through([witness, killed, late], COMPLETE, COMPLETE + 1);
    expect(ledgerOf(late)).toEqual(ledgerOf(witness));
    expect(ledgerOf(killed)).toEqual(ledgerOf(witness));
    expect(ledgerOf(late)).toHaveLength(9);
    // From the epoch after their deposits on; validator 3 until the epoch before its exit began.
    expect(ledgerOf(late).slice(0, 8)).toMatchObject([
      {
        counts: [
          [1, 8, 0],
          [2, 8, 0],
        ],
      },
      {
        counts: [
          [1, 8, 0],
          [2, 8, 0],
        ],
      },
      {
        counts: [
          [1, 7, 0],
          [2, 8, 8],
        ],
      },
      {
        counts: [
          [1, 11, 0],
          [2, 8, 8],
        ],
        departures: [3],
      },
      {
        counts: [
          [1, 11, 0],
          [2, 8, 8],
        ],
      },
      {
        counts: [
          [1, 11, 0],
          [2, 8, 0],
        ],
      },
      {
        counts: [
          [1, 11, 0],
          [2, 8, 0],
        ],
      },
      {
        counts: [
          [1, 11, 0],
          [2, 8, 0],
        ],
      },
    ]);
    expect(world.protocol.penalties).toMatchObject([SOUTH_MISSED]);
  });

  it("is not all: a slashing is proven once, by the first final state that shows it", async () => {
    const members = [0, 1, 2].map((member) => world.copy(member));
    Object.assign(world.beacon.validators[12] ?? {}, { slashed: true, exitEpoch: 20, withdrawableEpoch: 99 });
    const slot = 3 * SLOTS_PER_EPOCH;
    giveRealState(world.beacon, slot);
    world.protocol.hasVerifier = false;
    await through(members, 5, 5);
    expect(world.execution.mined).toEqual([]);
    world.protocol.hasVerifier = true;
    for (let at = 5 * SLOTS_PER_EPOCH + 4; at < 6 * SLOTS_PER_EPOCH; at++) {
      world.goTo(at);
      for (const member of members) await member.run("sla");
    }
    expect(world.protocol.slashings).toEqual([keccak256(world.beacon.validators[12]?.publicKey ?? "0x")]);
    expect(world.execution.mined.map(({ name, reverted }) => [name, reverted])).toEqual([["proveSlashed", false]]);
    // Whatever comes of proofs, service is counted.
    expect(ledgerOf(members[0] ?? world.copy(0)).map(({ epoch }) => epoch)).toEqual([0, 1]);
  });

  it("is not falsified by one who lies, and the liar is named", async () => {
    const members = [world.copy(0), world.copy(1)];
    await untilComplete(members);
    world.goTo(COMPLETE * SLOTS_PER_EPOCH);
    for (let round = 0; round < 4; round++) {
      world.protocol.voteAs(2, 1n, `0x${"77".repeat(32)}`);
      for (const member of members) await member.run("sla");
      world.goTo(world.beacon.head + 1);
    }
    expect(world.protocol.penalties).toMatchObject([SOUTH_MISSED]);
    const liar = { lane: "service_level", member: world.protocol.members[2] ?? "" };
    for (const member of members) expect(await member.metric("ethstake_keeper_member_dissent", liar)).toBe(1);
  });
});

describe("a member without a full view", () => {
  it("does not vote against Prometheus, and says so", async () => {
    let answer = "0.99";
    const asked: string[] = [];
    const prometheus = createServer((request, response) => {
      asked.push(new URL(request.url ?? "", "http://p").searchParams.get("query") ?? "");
      const result = [{ value: [1, answer] }];
      response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result } }));
    }).listen(0, "127.0.0.1");
    await once(prometheus, "listening");
    const url = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
    const settings = { prometheus: { url, query: "uptime{$operator}[$range]", tolerance: 0.01 } };
    const members = [0, 1, 2].map((member) => world.copy(member, settings));
    await untilComplete(members);
    await through(members, COMPLETE, COMPLETE);
    expect(world.execution.mined).toEqual([]);
    expect(members[0]?.lines.some(({ msg }) => msg.startsWith("Prometheus saw another uptime"))).toBe(true);
    expect(asked[0]).toBe("uptime{south}[768s]");
    const disagreement = await members[0]?.metric("ethstake_operator_uptime_disagreement_ratio", { operator: "south" });
    expect(disagreement).toBeCloseTo(0.99 - 0.625, 9);
    // Once it sees what the beacon chain shows, they go on.
    answer = "0.625";
    await through(members, COMPLETE + 1, COMPLETE + 2);
    expect(world.protocol.penalties).toMatchObject([SOUTH_MISSED]);
    prometheus.closeAllConnections();
    prometheus.close();
  });

  it("goes on with other operators when Prometheus fails about one", async () => {
    world.beacon.isAbsent = (index, epoch) => index < OURS && epoch >= 2 && epoch < 5;
    const prometheus = createServer((request, response) => {
      const body = { status: "success", data: { resultType: "vector", result: [{ value: [1, "0.625"] }] } };
      if (request.url?.includes("north")) response.writeHead(500).end("{}");
      else response.end(JSON.stringify(body));
    }).listen(0, "127.0.0.1");
    await once(prometheus, "listening");
    const url = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
    const settings = { prometheus: { url, query: "uptime{$operator}[$range]", tolerance: 0.01 } };
    const members = [0, 1, 2].map((member) => world.copy(member, settings));
    await untilComplete(members);
    for (let slot = COMPLETE * SLOTS_PER_EPOCH; slot < (COMPLETE + 2) * SLOTS_PER_EPOCH; slot += 4) {
      world.goTo(slot);
      for (const member of members) await member.run("sla").catch(() => undefined);
    }
    expect(world.protocol.penalties).toMatchObject([SOUTH_MISSED]);
    await expect(members[0]?.run("sla")).rejects.toMatchObject({ code: "PROMETHEUS" });
    prometheus.closeAllConnections();
    prometheus.close();
  });

  it("does not give an epoch up because its beacon node is busy for a moment", async () => {
    world.goTo(COMPLETE * SLOTS_PER_EPOCH);
    const late = world.copy(0);
    let busy = 2;
    world.beacon.disturb = (path) =>
      path.includes("/committees") && !path.includes("epoch=1") && busy-- > 0 ? { status: 503 } : undefined;
    await late.run("sla").catch(() => undefined);
    await late.run("sla").catch(() => undefined);
    await late.run("sla");
    expect(busy).toBeLessThanOrEqual(0);
    expect(ledgerOf(late).map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("counts an epoch once its node finds the blocks again, and anew what came after an exit in them", async () => {
    world.beacon.isAbsent = (index, epoch) => index === 3 && epoch >= 1;
    world.beacon.exits.set(SLOTS_PER_EPOCH + 2, [3]);
    Object.assign(world.beacon.validators[3] ?? {}, { exitEpoch: 30 });
    const [whole, late] = [world.copy(0), world.copy(1)];
    world.goTo(COMPLETE * SLOTS_PER_EPOCH);
    await whole.run("sla");
    // While a node moves final blocks to its archive it has them nowhere for a moment.
    world.beacon.disturb = (path) => (/blocks\/(8|9|1[0-3])$/.test(path) ? { status: 404 } : undefined);
    await late.run("sla");
    expect(ledgerOf(late)).toMatchObject([
      {
        epoch: 6,
        counts: [
          [1, 8, 1],
          [2, 8, 0],
        ],
      },
      { epoch: 7 },
    ]);
    expect(ledgerOf(late)).not.toEqual(ledgerOf(whole));
    world.beacon.disturb = () => undefined;
    await late.run("sla");
    expect(late.lines.filter(({ msg }) => msg.startsWith("the beacon node lacks"))).toHaveLength(6);
    world.goTo(COMPLETE * SLOTS_PER_EPOCH + 1);
    await late.run("sla");
    // What did not know of the exit is gone, and comes again; meanwhile the window is not whole.
    expect(ledgerOf(late).map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5]);
    world.goTo(COMPLETE * SLOTS_PER_EPOCH + 2);
    await late.run("sla");
    expect(ledgerOf(late)).toEqual(ledgerOf(whole));
    const missed = ledgerOf(whole).map(({ counts }) => counts.reduce((sum, [, , each]) => sum + each, 0));
    expect(missed).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const told = await Promise.all(
      [whole, late].map((member) => member.metric("ethstake_operator_epochs_assigned_total", { operator: "south" })),
    );
    expect(told[1]).toBe(told[0]);
  });

  it("does not vote when its node knows no duties any more", async () => {
    world.goTo(COMPLETE * SLOTS_PER_EPOCH);
    world.beacon.oldestState = 4 * SLOTS_PER_EPOCH;
    const late = world.copy(0);
    await through([late], COMPLETE, COMPLETE);
    expect(ledgerOf(late).map(({ epoch }) => epoch)).toEqual([4, 5, 6, 7]);
    expect(world.execution.mined).toEqual([]);
    expect(late.lines.some(({ msg }) => msg.startsWith("a window is not known whole"))).toBe(true);
  });

  it("does not take blocks that its node lacks for slots without one", async () => {
    world.beacon.isAbsent = () => false;
    world.goTo(COMPLETE * SLOTS_PER_EPOCH);
    // A node that began at a checkpoint and has not fetched what was before.
    world.beacon.oldestBlock = 2 * SLOTS_PER_EPOCH + 6;
    world.beacon.empty
      .add(5 * SLOTS_PER_EPOCH - 1)
      .add(5 * SLOTS_PER_EPOCH)
      .add(7 * SLOTS_PER_EPOCH - 1);
    const late = world.copy(0);
    await through([late], COMPLETE, COMPLETE);
    const missed = ledgerOf(late).map(({ epoch, counts }) => [
      epoch,
      counts.reduce((sum, [, , each]) => sum + each, 0),
    ]);
    expect(missed).toEqual([[7, 0]]);
  });
});
