import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { keccak256, parseEther, stringToHex } from "viem";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KeeperSettings } from "../runtime/settings.ts";
import { SECONDS_PER_SLOT, SLOTS_PER_EPOCH } from "../testing/fake-beacon.ts";
import { FakeQueue } from "../testing/fake-queue.ts";
import { World, type Copy } from "../testing/world.ts";

vi.setConfig({ testTimeout: 120_000 });

/** An exit may be asked for so many epochs before the chain is asked itself. */
const DEADLINE_EPOCHS = 10;
/** Validators may leave from here on (SHARD_COMMITTEE_PERIOD of the fake chain's spec). */
const BEGIN = 300;

let world: World;
let queue: FakeQueue;
let keeper: Copy;
beforeEach(async () => {
  world = await World.create();
  queue = new FakeQueue(world.execution, world.protocol);
  const keyFile = join(world.folder, "roles.key");
  writeFileSync(keyFile, keccak256(stringToHex("roles")), { mode: 0o600 });
  const member = { keyFile: join(world.folder, "member.key") };
  writeFileSync(member.keyFile, keccak256(stringToHex("member 0")), { mode: 0o600 });
  const settings: Partial<KeeperSettings> = {
    loops: ["exits", "withdrawals"],
    accounts: { member, operatorManager: { keyFile }, exits: { keyFile } },
    exits: { deadlineSeconds: DEADLINE_EPOCHS * SLOTS_PER_EPOCH * SECONDS_PER_SLOT, maxFeeWei: "1000" },
  };
  keeper = world.copy(0, settings);
  world.goTo(BEGIN * SLOTS_PER_EPOCH);
});
afterEach(() => world.stop());

const asked = (): [number, number][] => [...queue.requestedExits].sort(([left], [right]) => left - right);
async function lookAt(epoch: number): Promise<string> {
  world.goTo(epoch * SLOTS_PER_EPOCH);
  return await keeper.run("exits");
}

describe("exits", () => {
  it("are asked for when requests cannot be paid otherwise: as many as are missing, of whoever has most, once", async () => {
    queue.buffered = parseEther("10");
    queue.queued = parseEther("10");
    expect(await lookAt(BEGIN)).toBe("idle");
    // 64 ether are missing: three validators of a little more than 32 would be too many, two are enough.
    queue.queued = parseEther("74");
    expect(await lookAt(BEGIN + 1)).toBe("acted");
    expect(asked()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(await lookAt(BEGIN + 2)).toBe("idle");
    expect(world.execution.mined.map(({ name }) => name)).toEqual(["requestExits", "requestExits"]);
  });

  it("count what is leaving already", async () => {
    Object.assign(world.beacon.validators[0] ?? {}, { exitEpoch: BEGIN + 5 });
    queue.queued = parseEther("60");
    expect(await lookAt(BEGIN)).toBe("acted");
    expect(
      asked()
        .map(([, exits]) => exits)
        .reduce((sum, exits) => sum + exits, 0),
    ).toBe(1);
  });

  it("are asked of the chain when an operator is late, of its oldest validators, and not again at once", async () => {
    queue.queued = parseEther("60");
    await lookAt(BEGIN);
    expect(asked()).toEqual([
      [1, 1],
      [2, 1],
    ]);
    // One does as it was asked.
    Object.assign(world.beacon.validators[9] ?? {}, { exitEpoch: BEGIN + 8 });
    await lookAt(BEGIN + DEADLINE_EPOCHS - 1);
    expect(queue.forced).toEqual([]);
    await lookAt(BEGIN + DEADLINE_EPOCHS + 4);
    expect(queue.forced).toEqual([world.beacon.validators[0]?.publicKey]);
    await lookAt(BEGIN + DEADLINE_EPOCHS + 6);
    expect(queue.forced).toHaveLength(1);
    // What the chain dropped is asked for again.
    await lookAt(BEGIN + DEADLINE_EPOCHS + 9);
    expect(queue.forced).toHaveLength(2);
  });

  it("wait for a fee that is not too dear, for the fork, and for the vault's limit", async () => {
    queue.queued = parseEther("60");
    await lookAt(BEGIN);
    queue.fee = 2_000n;
    expect(await lookAt(BEGIN + DEADLINE_EPOCHS + 4)).toBe("waiting");
    queue.fee = undefined;
    expect(await lookAt(BEGIN + DEADLINE_EPOCHS + 5)).toBe("waiting");
    queue.fee = 1n;
    queue.available = 0n;
    expect(await lookAt(BEGIN + DEADLINE_EPOCHS + 6)).toBe("waiting");
    expect(queue.forced).toEqual([]);
    queue.available = 1n;
    expect(await lookAt(BEGIN + DEADLINE_EPOCHS + 7)).toBe("acted");
    expect(queue.forced).toHaveLength(1);
  });

  it("are only called for without the roles", async () => {
    queue.hasRoles = false;
    queue.queued = parseEther("60");
    expect(await lookAt(BEGIN)).toBe("waiting");
    expect(keeper.lines.some(({ msg }) => msg.startsWith("validators have to leave"))).toBe(true);
    expect(world.execution.mined).toEqual([]);
  });
});

describe("withdrawals without reports", () => {
  it("go on once reports are stale, and not before", async () => {
    queue.lastFrameTime = world.execution.genesisTime + BEGIN * SLOTS_PER_EPOCH * SECONDS_PER_SLOT;
    queue.staleAfter = 960;
    world.goTo(BEGIN * SLOTS_PER_EPOCH + 79);
    expect(await keeper.run("withdrawals")).toBe("idle");
    const outcomes = new Set<string>();
    for (let slot = 80; slot < 96; slot++) {
      world.goTo(BEGIN * SLOTS_PER_EPOCH + slot);
      outcomes.add(await keeper.run("withdrawals"));
    }
    expect(outcomes.has("acted")).toBe(true);
    expect(queue.staleFrames).toBe(1);
  });
});
