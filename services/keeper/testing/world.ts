import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { keccak256, stringToHex, type Hex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { vi } from "vitest";
import { assembleKeeper, type AssembledKeeper } from "../assemble.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";
import { keeperSchema, type KeeperSettings, type LoopName } from "../runtime/settings.ts";
import { FakeBeacon, SECONDS_PER_SLOT, SLOTS_PER_EPOCH } from "./fake-beacon.ts";
import { FakeExecution } from "./fake-execution.ts";
import { FakeProtocol } from "./fake-protocol.ts";

const GENESIS_TIME = 1_700_000_000;
/** Validators of the world: the first of them are the protocol's. */
const VALIDATORS = 32;
export const OURS = 16;

/** A copy of a member's keeper, and what it takes to end it in the middle of anything. */
export class Copy {
  readonly #world: World;
  readonly #changes: Partial<KeeperSettings>;
  readonly name: string;
  readonly folder: string;
  /** What it logged. */
  readonly lines: { readonly msg: string; readonly [field: string]: unknown }[] = [];
  /** How many requests to both nodes it has begun or had answered. */
  passed = 0;
  /** At which of them it is killed. */
  dieAt = Infinity;
  isDead = false;
  #onDeath: () => void = () => undefined;
  #assembled: Promise<AssembledKeeper> | undefined;

  constructor(world: World, name: string, folder: string, changes: Partial<KeeperSettings>) {
    this.#world = world;
    this.name = name;
    this.folder = folder;
    this.#changes = changes;
  }

  /** Lets a loop look once. @returns `killed` when that was its end */
  async run(name: LoopName): Promise<Outcome | "killed"> {
    if (this.isDead) return "killed";
    const death = new Promise<"killed">((resolve) => (this.#onDeath = () => resolve("killed")));
    this.#world.running = this;
    const work = this.#loop(name).then((loop) => loop.run());
    work.catch(() => undefined);
    return await Promise.race([work, death]);
  }

  /** A value of its metrics; undefined when it has none with these labels. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const { registry } = await this.assembled();
    const metric = await registry.getSingleMetric(name)?.get();
    return metric?.values.find((value) =>
      Object.entries(labels).every(([label, wanted]) => (value.labels as Record<string, unknown>)[label] === wanted),
    )?.value;
  }

  async assembled(): Promise<AssembledKeeper> {
    this.#assembled ??= assembleKeeper(
      this.#settings(),
      "test",
      pino({ level: "debug" }, { write: (line: string) => void this.lines.push(JSON.parse(line) as never) }),
    );
    this.#assembled.catch(() => (this.#assembled = undefined));
    return await this.#assembled;
  }

  /** Counts a moment at which the process may end. Who is dead never goes on. */
  async pass(): Promise<void> {
    if (!this.isDead && ++this.passed < this.dieAt) return;
    this.isDead = true;
    this.#onDeath();
    await new Promise<never>(() => undefined);
  }

  async #loop(name: LoopName): Promise<Loop> {
    const { loops } = await this.assembled();
    const loop = loops.find((each) => each.name === name);
    if (!loop) throw new Error(`no loop ${name}`);
    return loop;
  }

  #settings(): KeeperSettings {
    const { execution, beacon, protocol } = this.#world;
    return {
      ...keeperSchema.parse({
        name: "keeper",
        chainId: execution.chainId,
        executionRpc: execution.urlFor(this.name),
        beaconApi: beacon.url,
        contracts: protocol.addresses,
        accounts: { member: { keyFile: join(this.folder, "member.key") } },
        loops: ["reports", "sla"],
        turnSeconds: SECONDS_PER_SLOT,
        listen: { address: "127.0.0.1", port: 0 },
        cacheDirectory: join(this.folder, "cache"),
      }),
      ...this.#changes,
    };
  }
}

/** Both layers' nodes, the contracts and three members of the oracle, whose keepers look when a test says so. Time is the test's. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "ethstake-keepers-"));
  readonly execution = new FakeExecution(GENESIS_TIME);
  readonly protocol = new FakeProtocol(this.execution);
  readonly beacon = new FakeBeacon(GENESIS_TIME, {
    chainId: this.execution.chainId,
    depositContract: this.protocol.addresses.DepositContract,
  });
  readonly copies = new Map<string, Copy>();
  /** Whose requests come to the beacon node now: members look one after the other. */
  running: Copy | undefined;
  #born = 0;

  static async create(): Promise<World> {
    const world = new World();
    const { beacon, execution, protocol } = world;
    await Promise.all([beacon.start(), execution.start()]);
    for (let index = 0; index < VALIDATORS; index++)
      beacon.validators.push({
        publicKey: `0x${(index + 1).toString(16).padStart(96, "0")}`,
        activationEpoch: 0,
        exitEpoch: Infinity,
        slashed: false,
        withdrawableEpoch: Infinity,
      });
    protocol.operatorNames.push("north", "south");
    protocol.members.push(...[0, 1, 2].map((member) => privateKeyToAccount(keyOf(member)).address));
    const numbers = Array.from({ length: OURS }, (_, index) => index);
    protocol.addKeys(beacon, 1, numbers.slice(0, OURS / 2));
    protocol.addKeys(beacon, 2, numbers.slice(OURS / 2));
    // Each block differs in what the vaults have.
    execution.balanceAt = (account, block) =>
      account.toLowerCase() === protocol.addresses.ExecutionRewardsVault.toLowerCase()
        ? BigInt(block) * 10n ** 15n
        : 10n ** 21n + BigInt(block);
    execution.gate = async (client) => await world.copies.get(client)?.pass();
    beacon.gate = async () => await world.running?.pass();
    vi.useFakeTimers({ toFake: ["Date"] });
    world.goTo(0);
    return world;
  }

  async stop(): Promise<void> {
    vi.useRealTimers();
    await Promise.all([this.beacon.stop(), this.execution.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A copy of a member's keeper that begins with nothing; or, with what a killed one left on its disk. */
  copy(member: number, changes: Partial<KeeperSettings> = {}, after?: Copy): Copy {
    const name = `member-${member}-${++this.#born}`;
    const folder = join(this.folder, name);
    if (after) cpSync(after.folder, folder, { recursive: true, filter: (path) => !path.includes(".lock.") });
    else {
      mkdirSync(folder);
      writeFileSync(join(folder, "member.key"), keyOf(member), { mode: 0o600 });
    }
    const copy = new Copy(this, name, folder, changes);
    this.copies.set(name, copy);
    return copy;
  }

  /** A second copy of a member's keeper with the same account, beside the first. */
  twin(member: number, first: Copy): Copy {
    const name = `member-${member}-${++this.#born}`;
    const copy = new Copy(this, name, first.folder, {});
    this.copies.set(name, copy);
    return copy;
  }

  /** The beginning of a slot. */
  goTo(slot: number): void {
    this.beacon.head = slot;
    this.execution.head = slot;
    vi.setSystemTime((GENESIS_TIME + slot * SECONDS_PER_SLOT + 1) * 1_000);
  }

  /** What the frame that ends with a slot must say: independent of any keeper. */
  truth(refSlot: number): object {
    const { beacon, protocol, execution } = this;
    const block = beacon.lastBlock(refSlot);
    const numbers = Array.from({ length: OURS }, (_, index) => index);
    return {
      refSlot: BigInt(refSlot),
      beaconBalance: numbers.reduce((sum, index) => sum + beacon.balanceAt(index, block) * 10n ** 9n, 0n),
      creditedValidators: OURS,
      slashedValidators: 0,
      withdrawalVaultBalance: execution.balanceAt(protocol.addresses.WithdrawalVault, block),
      executionVaultBalance: execution.balanceAt(protocol.addresses.ExecutionRewardsVault, block),
      finalizeUpTo: Math.floor(block / 3),
    };
  }

  /** First slot at which the frame that ends with an epoch can be settled. */
  static settleableFrom(epoch: number): number {
    return (epoch + 3) * SLOTS_PER_EPOCH;
  }
}

function keyOf(member: number): Hex {
  return keccak256(stringToHex(`member ${member}`));
}
