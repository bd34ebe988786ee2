/**
 * Moving keys from one client to another: export and stop, wait until it is safe, load. Each step is on disk before the next begins, so a
 * move that is killed anywhere goes on where it was. At no time can two clients sign with a key.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { errorMessage } from "../lib/errors.ts";
import { withLock } from "../lib/lock.ts";
import { projectPath } from "../lib/paths.ts";
import { epochAt, slotAt, type BeaconClient, type ChainFacts } from "../provider/beacon/api.ts";
import { auditKeys, type KeyOperation } from "../provider/keys/audit.ts";
import { KeystoreDirectory, reassignMnemonicKey } from "../provider/keys/store.ts";
import { clientAt, ClientKeys, type KeySettings, type SigningClient } from "./clients.ts";
import {
  KeysNotStoppedError,
  KeysStillSigningError,
  MoveHaltedError,
  MoveOpenError,
  MoveRefusedError,
  SlashingHistoryError,
} from "./errors.ts";
import { judgeInterchange, mergeInterchanges } from "./interchange.ts";
import { moveFaults } from "./move-faults.ts";
import { MoveJournal, type Move } from "./move-journal.ts";

/**
 * Whole epochs without a sign of the keys before they are loaded again: what clients' own doppelganger protection watches. An attestation
 * that was signed before the stop can be included for an epoch after it.
 */
const SILENT_EPOCHS = 2;

/** How often a client is asked to give keys up that it goes on listing. */
const UNLOAD_ATTEMPTS = 3;

/** Slots by which two clocks may differ: one for the way, one for the turn. */
const CLOCK_SLOTS = 2;

/** How often the new client is told the settings of a key that it does not know yet, a second apart. */
const SETTING_ATTEMPTS = 15;

/** What a move works with. */
export interface MoveContext {
  /** Folder of the keystores. */
  readonly keystoreDirectory: string;
  /** The mnemonic that they come from, which notes the keys' clients too. */
  readonly mnemonicFile?: string;
  /** The stack's clients. */
  readonly clients: readonly SigningClient[];
  readonly beacon: Pick<BeaconClient, "url" | "validators" | "chainFacts" | "isSynced" | "currentSlot" | "live">;
  /** Tells the user how it goes. */
  readonly say: (line: string) => void;
  /** Milliseconds since 1970, and how to wait; the machine's own by default. */
  readonly clock?: { readonly now: () => number; readonly sleep: (ms: number) => Promise<unknown> };
  /** Goes on though a key's record of what it signed is missing. */
  readonly withoutHistory?: boolean;
  /** The client that has the keys is gone for good: it is not asked, and there is no record. Only together with `withoutHistory`. */
  readonly sourceLost?: boolean;
}

/** Which keys go where, by nodes' names. */
export interface MoveRequest {
  readonly from: string;
  readonly to: string;
  readonly publicKeys: readonly Hex[];
}

/**
 * Moves keys to another node's client, or goes on with the very same move.
 * @throws {@link MoveRefusedError} with all faults at once, before anything is changed; {@link MoveOpenError}; what {@link resumeMove} throws
 */
export async function moveKeys(request: MoveRequest, context: MoveContext): Promise<Move> {
  return await exclusively(context, async () => {
    const journal = new MoveJournal(context.keystoreDirectory);
    const open = await journal.open();
    if (open) {
      const same =
        open.fromNode === request.from &&
        open.toNode === request.to &&
        open.publicKeys.join() === request.publicKeys.join();
      if (!same) throw new MoveOpenError(open.from, open.to, open.publicKeys.length);
      return await go(open, journal, context);
    }
    const faults = await moveFaults(request, context);
    if (faults.length > 0) throw new MoveRefusedError(faults);
    const from = clientOf(request.from, context);
    const to = clientOf(request.to, context);
    const settings: Record<string, KeySettings> = {};
    if (context.sourceLost !== true)
      for (const key of await from.loaded(request.publicKeys)) settings[key] = await from.settings(key);
    const move = await journal.begin({
      from: from.name,
      fromNode: request.from,
      to: to.name,
      toNode: request.to,
      publicKeys: [...request.publicKeys],
      settings,
      sourceLost: context.sourceLost === true,
      genesisValidatorsRoot: (await context.beacon.chainFacts()).genesisValidatorsRoot,
    });
    if (!move) throw new MoveOpenError(from.name, to.name, request.publicKeys.length);
    return await go(move, journal, context);
  });
}

/**
 * Goes on with the open move.
 * @param back return the keys to the client that they came from; only until they belong to the other one
 * @returns undefined when no move is open
 * @throws {@link KeysNotStoppedError}, {@link SlashingHistoryError}, {@link KeysStillSigningError}
 */
export async function resumeMove(context: MoveContext, back = false): Promise<Move | undefined> {
  return await exclusively(context, async () => {
    const journal = new MoveJournal(context.keystoreDirectory);
    const open = await journal.open();
    if (!open) return undefined;
    if (!back) return await go(open, journal, context);
    if (open.step === "reassigned" && !(await isEmpty(open, context)))
      throw new MoveRefusedError([`${open.to} has some of them already: finish the move, then move them back`]);
    const step = open.step === "reassigned" ? "stopped" : open.step;
    const returned: Move = { ...open, step, to: open.from, toNode: open.fromNode };
    await auditKeys(context.keystoreDirectory, event(open, "move-abandoned"));
    await journal.write(returned);
    return await go(returned, journal, context);
  });
}

/** Whether the new client has none of the keys. One that does not answer may have them. */
async function isEmpty(move: Move, context: MoveContext): Promise<boolean> {
  return (await targetOf(move, context).loaded(move.publicKeys)).length === 0;
}

async function go(begun: Move, journal: MoveJournal, context: MoveContext): Promise<Move> {
  let move = begun;
  const facts = await context.beacon.chainFacts();
  if (facts.genesisValidatorsRoot !== move.genesisValidatorsRoot)
    throw new MoveHaltedError(`the beacon node at ${context.beacon.url} is of another chain`);
  if (move.step === "begun") {
    await auditKeys(context.keystoreDirectory, event(move, "move-begun"));
    await stop(move, facts, journal, context);
    move = { ...move, step: "stopped" };
    await journal.write(move);
  }
  if (move.step === "stopped") {
    await silence(move, facts, context);
    await auditKeys(context.keystoreDirectory, event(move, "safe"));
    move = { ...move, step: "reassigned" };
    await journal.write(move);
  } else if (await isEmpty(move, context)) {
    // Somebody may have lost patience since, and loaded them elsewhere by hand.
    await silence(move, facts, context);
  }
  await nowhereElse(move, context);
  await load(move, journal, context);
  await auditKeys(context.keystoreDirectory, event(move, "moved"));
  await journal.end(move);
  context.say(`${move.publicKeys.length} key(s) are at ${move.to}`);
  return move;
}

/** Takes the keys from their client and keeps what they signed. */
async function stop(move: Move, facts: ChainFacts, journal: MoveJournal, context: MoveContext): Promise<void> {
  const source = named(clientOf(move.fromNode, context), move.from, context.sourceLost === true);
  // From here on an `up` loads them nowhere: neither at the client that they leave, nor at the other before its time.
  await note(move, [move.from], inMove(move), context);
  if (context.sourceLost === true) {
    if (context.withoutHistory !== true)
      throw new SlashingHistoryError(
        source.name,
        move.publicKeys,
        "it is given up for lost, and --without-history does not say that this is meant",
      );
    await auditKeys(context.keystoreDirectory, {
      ...event(move, "unloaded"),
      client: move.from,
      detail: "given up for lost, without history",
    });
    return;
  }
  context.say(`stopping ${move.publicKeys.length} key(s) at ${source.name}`);
  const history = await takeKeys(move, source, journal);
  const { fault, withHistory } = judgeInterchange(history, facts.genesisValidatorsRoot);
  if (fault !== undefined) throw new SlashingHistoryError(source.name, move.publicKeys, fault);
  const active = await activeKeys(move.publicKeys, context.beacon);
  const missing = [...active.keys()].filter((key) => !withHistory.has(key));
  if (missing.length > 0 && context.withoutHistory !== true)
    throw new SlashingHistoryError(
      source.name,
      missing,
      `${missing.length} key(s) that are active on the chain have no signature in it: ${missing.join(", ")}`,
    );
  await auditKeys(context.keystoreDirectory, {
    ...event(move, "unloaded"),
    client: move.from,
    detail: `what they signed is in ${journal.historyFile(move)}`,
  });
}

/**
 * Has a client give the keys up until it lists none of them: Lodestar 1.5 removes a key whose validator it knows only when it is asked a
 * second time. Every answer's history is on disk before the answer is judged: a client may not say it twice.
 * @returns all that the client has signed with them
 */
async function takeKeys(move: Move, source: ClientKeys, journal: MoveJournal): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const { kept, histories } = await source.unload(move.publicKeys);
    const requireGivenUp = (): void => {
      if (kept.size > 0)
        throw new KeysNotStoppedError(source.name, [...kept.keys()], [...new Set(kept.values())].join("; "));
    };
    const before = await journal.history(move);
    let history: string;
    try {
      history = mergeInterchanges([...(before === undefined ? [] : [before]), ...histories]);
    } catch (error) {
      requireGivenUp();
      throw new SlashingHistoryError(source.name, move.publicKeys, errorMessage(error));
    }
    await journal.writeHistory(move, history);
    requireGivenUp();
    const still = await source.loaded(move.publicKeys);
    if (still.length === 0) return history;
    if (attempt === UNLOAD_ATTEMPTS)
      throw new KeysNotStoppedError(source.name, still, "it lists them after it said that they were gone");
  }
}

/** Waits until whole epochs have passed in which nobody signed with the keys. */
async function silence(move: Move, facts: ChainFacts, context: MoveContext): Promise<void> {
  const { now, sleep: wait } = clockOf(context);
  const epochMs = facts.secondsPerSlot * facts.slotsPerEpoch * 1000;
  await requireSynced(context, facts, now);
  const active = await activeKeys(move.publicKeys, context.beacon);
  if (active.size === 0) {
    context.say("none of the keys is active on the chain: there is nothing to wait for");
    return;
  }
  const indices = [...active.values()];
  const first = epochAt(facts, now() / 1000) + 1;
  context.say(
    `watching epochs ${first} to ${first + SILENT_EPOCHS - 1}, ${Math.ceil(((SILENT_EPOCHS + 1) * epochMs) / 1000)} s at most`,
  );
  for (let epoch = first; epoch < first + SILENT_EPOCHS; epoch++) {
    // Asked a slot after its end, when its last attestations have been seen, and while nodes still answer for it.
    const at = facts.genesisTime * 1000 + (epoch + 1) * epochMs + facts.secondsPerSlot * 1000;
    while (now() < at) await wait(Math.min(at - now(), 60_000));
    await requireSynced(context, facts, now);
    const live = await context.beacon.live(epoch, indices);
    if (live.size > 0) throw new KeysStillSigningError([...live], epoch);
    // A machine that slept may be asking for an epoch that its node has forgotten, and nodes say nothing then.
    if (epochAt(facts, now() / 1000) > epoch + 1) {
      await silence(move, facts, context);
      return;
    }
  }
}

/** What the beacon node says of an epoch is worth something: it follows the head, and its clock and this machine's agree. */
async function requireSynced({ beacon }: MoveContext, facts: ChainFacts, now: () => number): Promise<void> {
  if (!(await beacon.isSynced()))
    throw new MoveHaltedError(`the beacon node at ${beacon.url} is not synced, and does not know who attests`);
  const difference = Math.abs((await beacon.currentSlot()) - slotAt(facts, now() / 1000));
  if (difference > CLOCK_SLOTS)
    throw new MoveHaltedError(
      `this machine's clock and that of the beacon node at ${beacon.url} differ by ${difference} slots`,
    );
}

/**
 * No other client of the stack has the keys in the moment in which they are loaded.
 * @throws {@link KeysNotStoppedError}
 */
async function nowhereElse(move: Move, context: MoveContext): Promise<void> {
  for (const client of context.clients) {
    if (client.node === move.toNode) continue;
    const keys = new ClientKeys(client);
    const loaded = await keys.loaded(move.publicKeys).catch((error: unknown) => {
      // One that is given up for lost need not answer. When it does, it is not lost.
      if (client.node === move.fromNode && (context.sourceLost === true || move.sourceLost)) return [];
      throw error;
    });
    if (loaded.length > 0) throw new KeysNotStoppedError(keys.name, loaded, "it has them although they were to stop");
  }
}

/** Loads the keys at their new client, with what they signed and what was set of them. */
async function load(move: Move, journal: MoveJournal, context: MoveContext): Promise<void> {
  const store = new KeystoreDirectory(context.keystoreDirectory);
  const target = targetOf(move, context);
  const keystores = await Promise.all(move.publicKeys.map((key) => store.keystore(key)));
  const passwords = await Promise.all(move.publicKeys.map((key) => store.password(key)));
  // No `up` loads them beside this before their notes are changed, and none without their history.
  context.say(`loading ${move.publicKeys.length} key(s) at ${target.name}`);
  await target.load(move.publicKeys, keystores, passwords, await journal.history(move));
  await settle(target, move, context);
  for (const key of move.publicKeys) await store.markLoaded(key, move.to);
  await note(move, [inMove(move), move.from], move.to, context);
  const loaded = await target.loaded(move.publicKeys);
  if (loaded.length < move.publicKeys.length)
    throw new MoveHaltedError(
      `${target.name} lists only ${loaded.length} of ${move.publicKeys.length} keys after they were loaded`,
    );
}

/** Tells the new client what was set of each key. It may take a moment to know a key that it was given. */
async function settle(target: ClientKeys, { publicKeys, settings }: Move, context: MoveContext): Promise<void> {
  const { sleep: wait } = clockOf(context);
  for (const key of publicKeys) {
    for (let attempt = 1; ; attempt++) {
      try {
        await target.setSettings(key, settings[key] ?? {});
        break;
      } catch (error) {
        if (attempt === SETTING_ATTEMPTS) throw error;
        await wait(1_000);
      }
    }
  }
}

/** Says beside each key, and beside its mnemonic, where it belongs. */
async function note(move: Move, from: readonly string[], to: string, context: MoveContext): Promise<void> {
  const store = new KeystoreDirectory(context.keystoreDirectory);
  // An `up` that has read a note is let finish: what it loads now is seen, and taken away, by what follows.
  await store.exclusively(async () => {
    for (const key of move.publicKeys) {
      const holder = await store.clientOf(key);
      const before = holder !== undefined && (from.includes(holder) || move.sourceLost) ? holder : (from[0] ?? "");
      if (context.mnemonicFile !== undefined) await reassignMnemonicKey(context.mnemonicFile, key, before, to);
      await store.reassign(key, before, to);
    }
  });
}

function clockOf({ clock }: MoveContext): NonNullable<MoveContext["clock"]> {
  return clock ?? { now: Date.now, sleep: (ms) => sleep(ms) };
}

/** What a key's note says while it moves: no client has this name. */
function inMove({ id }: Move): string {
  return `move ${id}`;
}

/** Indices of those of the keys that are validators on the chain now. */
async function activeKeys(publicKeys: readonly Hex[], beacon: MoveContext["beacon"]): Promise<Map<Hex, number>> {
  const validators = await beacon.validators(publicKeys);
  return new Map(
    validators.filter(({ status }) => status.startsWith("active")).map(({ publicKey, index }) => [publicKey, index]),
  );
}

function targetOf(move: Move, context: MoveContext): ClientKeys {
  return named(clientOf(move.toNode, context), move.to);
}

/** The client that a move began with, and not another one that has its node's name now. */
function named(client: ClientKeys, name: string, lost = false): ClientKeys {
  if (client.name !== name && !lost)
    throw new MoveHaltedError(`it began with ${name}, and what is there now is ${client.name}`);
  return client;
}

function clientOf(node: string, { clients }: Pick<MoveContext, "clients">): ClientKeys {
  const client = clientAt(clients, node);
  if (!client) throw new MoveHaltedError(`there is no node ${node} with a validator client any more`);
  return client;
}

function event({ publicKeys, from, to, id }: Move, operation: KeyOperation) {
  return { operation, publicKeys, client: to, detail: `move ${id}, from ${from}` } as const;
}

async function exclusively<Result>(context: MoveContext, work: () => Promise<Result>): Promise<Result> {
  return await withLock(`${projectPath(context.keystoreDirectory)}/move.lock`, work);
}
