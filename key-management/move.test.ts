import { readFileSync, rmSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { auditFaults, auditFile, auditLines } from "../provider/keys/audit.ts";
import { KeystoreDirectory } from "../provider/keys/store.ts";
import { moveKeys, resumeMove, type MoveRequest } from "./move.ts";
import { MoveJournal } from "./move-journal.ts";
import { World } from "./testing/world.ts";

let world: World;
afterEach(async () => {
  await world.stop();
  rmSync(world.folder, { recursive: true, force: true });
});

const request = (keys = world.publicKeys): MoveRequest => ({ from: "node-1", to: "node-2", publicKeys: keys });
const clientsOf = async (): Promise<(string | undefined)[]> => {
  const store = new KeystoreDirectory(world.keystoreDirectory);
  return await Promise.all(world.publicKeys.map((key) => store.clientOf(key)));
};

/** The keys are at the second client, with their history and settings, and were never at two. */
async function expectMoved(): Promise<void> {
  const [first, second] = world.clients;
  if (!first || !second) throw new Error("the world has two clients");
  for (const key of world.publicKeys) {
    expect(world.canSign(first, key)).toBe(false);
    expect(world.canSign(second, key)).toBe(true);
    const epochs = (second.holder.signed.get(key) ?? []).map(({ target_epoch: epoch }) => epoch);
    expect(epochs).toEqual(
      expect.arrayContaining((first.holder.signed.get(key) ?? []).map(({ target_epoch: at }) => at)),
    );
    expect(second.validator.feeRecipients.get(key)).toBe(`0x${"ee".repeat(20)}`);
    expect(second.validator.gasLimits.get(key)).toBe("45000000");
  }
  expect(world.slashings).toEqual([]);
  expect(await clientsOf()).toEqual(world.publicKeys.map(() => "test/node-2"));
  expect(await new MoveJournal(world.keystoreDirectory).open()).toBeUndefined();
}

describe.each([{ web3signer: false }, { web3signer: true }])("a move (Web3Signer: $web3signer)", (options) => {
  it("takes the keys with their history and settings, after two silent epochs", async () => {
    world = await World.create(options);
    await moveKeys(request(), world.context());
    await expectMoved();
    // The epoch of the stop, then two in which nobody attested.
    expect(world.attested.has(`100:${world.publicKeys[0] ?? ""}`)).toBe(true);
    for (const epoch of [101, 102]) expect(world.attested.has(`${epoch}:${world.publicKeys[0] ?? ""}`)).toBe(false);
    world.pass(2 * 384_000);
    expect(world.attested.has(`104:${world.publicKeys[0] ?? ""}`)).toBe(true);
    expect(world.slashings).toEqual([]);
    const text = readFileSync(auditFile(world.keystoreDirectory), "utf8");
    expect(auditFaults(text)).toEqual([]);
    expect(auditLines(text).map(({ operation }) => operation)).toEqual(["move-begun", "unloaded", "safe", "moved"]);
  });

  it("goes on after any request that failed, and after any whose answer was lost", async () => {
    world = await World.create(options);
    await moveKeys(request(), world.context());
    const requests = countRequests(world);
    await world.stop();
    expect(requests).toBeGreaterThan(8);
    for (const lost of [false, true]) {
      for (let broken = 0; broken < requests; broken++) {
        rmSync(world.folder, { recursive: true, force: true });
        world = await World.create({ ...options, keys: 1 });
        breakRequest(world, broken, lost);
        await moveKeys(request(), world.context()).catch(() => undefined);
        // Somebody comes back after a while; whoever still could would have signed.
        world.pass(384_000);
        if ((await resumeMove(world.context())) === undefined && (await clientsOf())[0] === "test/node-1")
          await moveKeys(request(), world.context());
        world.pass(2 * 384_000);
        await expectMoved();
        await world.stop();
      }
    }
    world = await World.create({ ...options, keys: 1 });
  }, 120_000);
});

describe("a move", () => {
  it("is refused with all faults at once, and changes nothing then", async () => {
    world = await World.create({ web3signer: false });
    const [first, second] = world.clients;
    second?.holder.keys.add(world.publicKeys[0] ?? "");
    world.synced = false;
    rmSync(`${world.keystoreDirectory}/keystore-${(world.publicKeys[1] ?? "").slice(2)}.password`);
    const refused = moveKeys(request(), world.context());
    await expect(refused).rejects.toMatchObject({ code: "MOVE_REFUSED" });
    await expect(refused).rejects.toThrow(/password.*has 1 of them already.*is not synced/s);
    expect([...(first?.holder.writes ?? []), ...(second?.holder.writes ?? [])]).toEqual([]);
    expect(await new MoveJournal(world.keystoreDirectory).open()).toBeUndefined();
    await expect(moveKeys({ ...request(), to: "node-9" }, world.context())).rejects.toThrow(/no node node-9/);
  });

  it("loads nothing while somebody else signs with the keys, and can be turned back", async () => {
    world = await World.create({ web3signer: true });
    world.stranger = true;
    await expect(moveKeys(request(), world.context())).rejects.toMatchObject({ code: "KEYS_STILL_SIGNING" });
    const [first, second] = world.clients;
    expect(second?.holder.keys.size).toBe(0);
    // An `up` would not load them either.
    expect((await clientsOf())[0]).toMatch(/^move /);
    await expect(resumeMove(world.context())).rejects.toMatchObject({ code: "KEYS_STILL_SIGNING" });
    await expect(
      moveKeys({ ...request(), publicKeys: world.publicKeys.slice(0, 1) }, world.context()),
    ).rejects.toMatchObject({ code: "MOVE_OPEN" });
    world.stranger = false;
    await resumeMove(world.context(), true);
    expect(first?.holder.keys.size).toBe(2);
    expect(second?.holder.keys.size).toBe(0);
    expect(await clientsOf()).toEqual(["test/node-1", "test/node-1"]);
  });

  it("loads nothing whose history is missing, of another chain, or no history at all, unless it is told to", async () => {
    world = await World.create({ web3signer: false });
    const [first, second] = world.clients;
    first?.holder.signed.delete(world.publicKeys[1] ?? "");
    await expect(moveKeys(request(), world.context())).rejects.toMatchObject({
      code: "SLASHING_HISTORY",
      data: { publicKeys: [world.publicKeys[1]] },
    });
    expect(second?.holder.keys.size).toBe(0);
    await resumeMove({ ...world.context(), withoutHistory: true });
    expect(second?.holder.keys.size).toBe(2);

    await world.stop();
    world = await World.create({ web3signer: false });
    const [other] = world.clients;
    if (other) other.holder.genesisValidatorsRoot = `0x${"22".repeat(32)}`;
    await expect(moveKeys(request(), { ...world.context(), withoutHistory: true })).rejects.toThrow(/another chain/);
  });

  it("takes keys from a client that is gone for good, after two silent epochs, and only when that is said twice", async () => {
    world = await World.create({ web3signer: false });
    const [first, second] = world.clients;
    const context = world.context();
    await first?.holder.stop();
    await expect(moveKeys(request(), context)).rejects.toMatchObject({ code: "MOVE_REFUSED" });
    const lost = { ...context, sourceLost: true };
    await expect(moveKeys(request(), lost)).rejects.toThrow(/without-history/);
    // It is not gone at all: it signs on.
    await expect(moveKeys(request(), { ...lost, withoutHistory: true })).rejects.toMatchObject({
      code: "KEYS_STILL_SIGNING",
    });
    expect(second?.holder.keys.size).toBe(0);
    first?.holder.keys.clear();
    await resumeMove({ ...lost, withoutHistory: true });
    expect(second?.holder.keys.size).toBe(2);
    world.pass(2 * 384_000);
    expect(world.slashings).toEqual([]);
  });

  it("asks a client again that goes on listing a key, as Lodestar 1.5 does", async () => {
    world = await World.create({ web3signer: false });
    const [first] = world.clients;
    if (!first) throw new Error("no client");
    let asked = 0;
    const keys = [...first.holder.keys];
    first.holder.loses = (method, path) => {
      if (method === "DELETE" && path === "/eth/v1/keystores" && asked++ === 0)
        for (const key of keys) first.holder.keys.add(key);
      return false;
    };
    await moveKeys(request(), world.context());
    expect(asked).toBe(2);
    await expectMoved();
  });

  it("is halted when somebody loads the keys again where they were, before they are loaded anew", async () => {
    world = await World.create({ web3signer: false });
    const [first, second] = world.clients;
    const context = world.context();
    const clock = context.clock;
    if (!clock || !first) throw new Error("no client");
    // Loaded in the last moment, and silent: its own doppelganger protection watches first.
    let waits = 0;
    const attempt = moveKeys(request(), {
      ...context,
      clock: {
        now: clock.now,
        sleep: async (ms) => {
          await clock.sleep(ms);
          if (++waits > 12) for (const key of world.publicKeys) first.holder.keys.add(key);
        },
      },
    });
    await expect(attempt).rejects.toMatchObject({ code: /KEYS_NOT_STOPPED|KEYS_STILL_SIGNING/ });
    expect(second?.holder.keys.size).toBe(0);
  });

  it("loads keys again that their client lost, on the same node, with its history and after the same waiting", async () => {
    world = await World.create({ web3signer: false });
    const [first] = world.clients;
    first?.holder.keys.clear();
    await moveKeys({ ...request(), to: "node-1" }, world.context());
    expect(first?.holder.keys.size).toBe(2);
    expect(await clientsOf()).toEqual(["test/node-1", "test/node-1"]);
    expect(world.slashings).toEqual([]);
  });

  it("halts when clocks differ, or the beacon node is of another chain", async () => {
    world = await World.create({ web3signer: false });
    const context = world.context();
    const ahead = { ...context.beacon, currentSlot: async () => (await context.beacon.currentSlot()) - 32 };
    await expect(moveKeys(request(), { ...context, beacon: ahead })).rejects.toThrow(/clock .* differ by 32 slots/);
    const facts = await context.beacon.chainFacts();
    const other = {
      ...context.beacon,
      chainFacts: () => Promise.resolve({ ...facts, genesisValidatorsRoot: "0x22" as const }),
    };
    await expect(resumeMove({ ...context, beacon: other })).rejects.toThrow(/another chain/);
  });

  it("can be turned back from a client that is broken", async () => {
    world = await World.create({ web3signer: false });
    const [first, second] = world.clients;
    if (!second) throw new Error("no client");
    second.holder.answer = (method) => (method === "POST" ? [500, "{}"] : undefined);
    await expect(moveKeys(request(), world.context())).rejects.toMatchObject({ code: "KEYMANAGER" });
    await resumeMove(world.context(), true);
    expect(first?.holder.keys.size).toBe(2);
    world.pass(2 * 384_000);
    expect(world.slashings).toEqual([]);
  });

  it("loads nothing that its client would not give up", async () => {
    world = await World.create({ web3signer: false });
    const [first, second] = world.clients;
    if (!first) throw new Error("no client");
    first.holder.answer = (method) =>
      method === "DELETE"
        ? [
            200,
            JSON.stringify({
              data: world.publicKeys.map(() => ({ status: "error", message: "in use" })),
              slashing_protection: "{}",
            }),
          ]
        : undefined;
    await expect(moveKeys(request(), world.context())).rejects.toMatchObject({ code: "KEYS_NOT_STOPPED" });
    expect(second?.holder.keys.size).toBe(0);
    first.holder.answer = () => undefined;
    await resumeMove(world.context());
    await expectMoved();
  });
});

/** Requests of a whole move. */
function countRequests({ clients }: World): number {
  return [...new Set(clients.flatMap(({ holder, validator }) => [holder, validator]))].reduce(
    (sum, server) => sum + server.requests,
    0,
  );
}

/** Makes the nth request of a world fail once: before it has an effect, or after. */
function breakRequest({ clients }: World, nth: number, afterwards: boolean): void {
  let seen = 0;
  for (const server of new Set(clients.flatMap(({ holder, validator }) => [holder, validator]))) {
    if (afterwards) server.loses = () => seen++ === nth;
    else server.answer = () => (seen++ === nth ? [503, "{}"] : undefined);
  }
}
