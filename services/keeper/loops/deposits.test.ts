import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KEY_STATE } from "../protocol/abi.ts";
import { SECONDS_PER_SLOT, SLOTS_PER_EPOCH } from "../testing/fake-beacon.ts";
import { FakeDeposits } from "../testing/fake-deposits.ts";
import { giveRealState } from "../testing/real-state.ts";
import { OURS, World, type Copy } from "../testing/world.ts";

vi.setConfig({ testTimeout: 120_000 });

const NEW = [OURS, OURS + 1];
const SETTINGS = { loops: ["deposits"] as "deposits"[] };

let world: World;
let deposits: FakeDeposits;
let members: Copy[];
beforeEach(async () => {
  world = await World.create();
  deposits = new FakeDeposits(world.execution, world.protocol);
  members = [0, 1, 2].map((member) => world.copy(member, SETTINGS));
  world.goTo(3 * SLOTS_PER_EPOCH);
  deposits.preDeposit(world.beacon, 1, NEW);
});
afterEach(() => world.stop());

const states = (): (number | undefined)[] => NEW.map((index) => deposits.stateOf(world.beacon, index));
const sent = (name: string): { included: number; reverted: number } => {
  const all = world.execution.mined.filter((transaction) => transaction.name === name);
  return {
    included: all.filter(({ reverted }) => !reverted).length,
    reverted: all.filter(({ reverted }) => reverted).length,
  };
};
async function look(slot: number): Promise<void> {
  world.goTo(slot);
  for (const member of members) await member.run("deposits");
}
async function through(first: number, last: number): Promise<void> {
  for (let slot = first; slot < last; slot++) await look(slot);
}

describe("keys that are pre-deposited for", () => {
  it("are attested by a quorum where that is allowed, once, and completed", async () => {
    await through(4 * SLOTS_PER_EPOCH, 9 * SLOTS_PER_EPOCH);
    expect(states()).toEqual([KEY_STATE.deposited, KEY_STATE.deposited]);
    expect(sent("attestCredentials")).toEqual({ included: 1, reverted: 0 });
    expect(sent("completeDeposits")).toEqual({ included: 1, reverted: 0 });
    expect(sent("proveCredentials").included).toBe(0);
    expect(deposits.completed).toEqual(NEW.map((index) => world.beacon.validators[index]?.publicKey));
  });

  it("are not taken for ours with other credentials", async () => {
    deposits.ownCredentials = `0x${"01".repeat(32)}`;
    await through(4 * SLOTS_PER_EPOCH, 9 * SLOTS_PER_EPOCH);
    expect(states()).toEqual([KEY_STATE.invalid, KEY_STATE.invalid]);
    expect(deposits.completed).toEqual([]);
  });

  it("are proven in a final state otherwise, each once, with one hashing for all, and completed", async () => {
    deposits.attestationAllowed = false;
    // Final from the fifth epoch's beginning on; the block after it has its root.
    const slot = 3 * SLOTS_PER_EPOCH;
    giveRealState(world.beacon, slot);
    await through(4 * SLOTS_PER_EPOCH, 5 * SLOTS_PER_EPOCH);
    expect(deposits.proofs).toEqual([]);
    await through(5 * SLOTS_PER_EPOCH, 9 * SLOTS_PER_EPOCH);
    expect(states()).toEqual([KEY_STATE.deposited, KEY_STATE.deposited]);
    expect(deposits.proofs.map(({ proof }) => proof.validator.pubkey)).toEqual(
      NEW.map((index) => world.beacon.validators[index]?.publicKey),
    );
    expect(sent("proveCredentials")).toEqual({ included: 2, reverted: 0 });
    for (const { anchor, proof } of deposits.proofs) {
      expect(anchor.timestamp).toBe(BigInt(world.beacon.genesisTime + (slot + 1) * SECONDS_PER_SLOT));
      expect(anchor).toMatchObject({ historicalSlot: 0n, historicalProof: [], header: { slot: BigInt(slot) } });
      // 40 levels of the list, its length, six of the container.
      expect(proof.proof).toHaveLength(47);
    }
    expect(world.beacon.requests.filter((request) => request.includes("/debug/"))).toHaveLength(1);
  });

  it("are not proven by a state whose root is not its block's, nor without a verifier", async () => {
    deposits.attestationAllowed = false;
    world.protocol.hasVerifier = false;
    const slot = 5 * SLOTS_PER_EPOCH;
    giveRealState(world.beacon, slot);
    await through(7 * SLOTS_PER_EPOCH, 7 * SLOTS_PER_EPOCH + 2);
    const lines = members.flatMap((member) => member.lines);
    expect(lines.some(({ msg }) => msg.startsWith("no contract verifies proofs"))).toBe(true);
    world.protocol.hasVerifier = true;
    const { bytes } = world.beacon.real ?? { bytes: new Uint8Array() };
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    world.goTo(7 * SLOTS_PER_EPOCH + 3);
    const errors = await Promise.all(members.map((member) => member.run("deposits").catch((error: unknown) => error)));
    expect(errors).toContainEqual(expect.objectContaining({ code: "KEEPER_STATE_PROOF" }));
    expect(world.execution.mined).toEqual([]);
  });
});
