import { randomBytes } from "node:crypto";
import { link, mkdir, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identifyProcess, isRunning, type ProcessIdentity } from "./process.ts";

/** How long a holder that is about to end (an orphan that noticed its parent's death) is waited for, in milliseconds. */
const PATIENCE_MS = 5_000;

/** What waits for a lock inside this process: {@link holdLock} itself tells processes apart, not callers. */
const queues = new Map<string, Promise<unknown>>();

/**
 * Takes a lock for as long as this process lives. The lock of a process that has ended is taken over; a lock that this process
 * holds already counts as taken.
 *
 * A lock is a row of files FILE.1, FILE.2, ..., held by the living process that one of them names. Whoever finds none adds the next
 * number, which only one process can, and then looks again. Removing a dead holder's file and making it anew would let a slow
 * second process remove the lock that a faster one has just taken.
 * @param patienceMs how long a living holder is waited for
 * @returns undefined when the lock is held now, else the pid of the living process that holds it
 */
export async function holdLock(file: string, patienceMs = PATIENCE_MS): Promise<string | undefined> {
  const self = identifyProcess(process.pid);
  if (!self) throw new Error("the identity of this process cannot be read");
  const own = `${file}.claim-${process.pid}-${randomBytes(4).toString("hex")}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(own, JSON.stringify(self), { mode: 0o600 });
  try {
    for (const deadline = Date.now() + patienceMs; ; ) {
      const row = await readRow(file);
      const holder = row.find(({ identity }) => identity && isRunning(identity))?.identity;
      if (holder && sameProcess(holder, self)) return undefined;
      if (!holder) {
        const number = (row.at(-1)?.number ?? 0) + 1;
        if (!(await linked(own, `${file}.${number}`))) continue;
        if (await isUndisputed(file, number)) return undefined;
        await remove(`${file}.${number}`);
      }
      if (Date.now() > deadline) return String(holder?.pid ?? "unknown");
      await sleep(50 + Math.random() * 100);
    }
  } finally {
    await remove(own);
  }
}

/** Gives a lock back that this process holds. */
export async function releaseLock(file: string): Promise<void> {
  for (const { number, identity } of await readRow(file)) {
    if (identity?.pid === process.pid) await remove(`${file}.${number}`);
  }
}

/** Runs something while holding a lock, waiting for other processes, and other callers in this one, that hold it. */
export async function withLock<Result>(file: string, action: () => Promise<Result>): Promise<Result> {
  const turn = (queues.get(file) ?? Promise.resolve()).then(async () => {
    while ((await holdLock(file)) !== undefined);
    try {
      return await action();
    } finally {
      await releaseLock(file);
    }
  });
  queues.set(
    file,
    turn.catch(() => undefined),
  );
  return await turn;
}

interface Claim {
  readonly number: number;
  /** Absent when the file says nothing, or vanished. */
  readonly identity: ProcessIdentity | undefined;
}

async function readRow(file: string): Promise<Claim[]> {
  const prefix = `${basename(file)}.`;
  const numbers = (await readdir(dirname(file)))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((left, right) => left - right);
  return await Promise.all(
    numbers.map(async (number) => ({ number, identity: await readHolder(`${file}.${number}`) })),
  );
}

function sameProcess(left: ProcessIdentity, right: ProcessIdentity): boolean {
  return left.pid === right.pid && left.startedAt === right.startedAt;
}

/** link() makes a file appear with its content in it, and fails when there is one. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Whether nobody else holds the lock now that this process has added a number. A process that slept since it read the row may add
 * one that others have left behind; of two that add at once, at least one sees the other here.
 */
async function isUndisputed(file: string, own: number): Promise<boolean> {
  const others = (await readRow(file)).filter(({ number }) => number !== own);
  if (others.some(({ number, identity }) => number > own || (identity && isRunning(identity)))) return false;
  for (const { number } of others) await remove(`${file}.${number}`);
  return true;
}

async function remove(file: string): Promise<void> {
  await unlink(file).catch(() => undefined);
}

async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    const { pid, startedAt } = JSON.parse(await readFile(file, "utf8")) as Partial<ProcessIdentity>;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}
