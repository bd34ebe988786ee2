import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { identifyProcess, isRunning, type ProcessIdentity } from "./process.ts";

/** How long a holder that is about to end (an orphan that noticed its parent's death) is waited for, in milliseconds. */
const PATIENCE_MS = 5_000;

/**
 * Takes a lock file for as long as this process lives. The lock of a process that has ended is taken over; a lock that this process
 * holds already counts as taken.
 * @returns undefined when the lock is held now, else the pid of the living process that holds it
 */
export async function holdLock(file: string): Promise<string | undefined> {
  const self = identifyProcess(process.pid);
  if (!self) throw new Error("the identity of this process cannot be read");
  const own = `${file}.${process.pid}`;
  await writeFile(own, JSON.stringify(self), { mode: 0o600 });
  try {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      // link() makes the lock appear with its content in it, and fails when there is one.
      if (
        await link(own, file).then(
          () => true,
          () => false,
        )
      )
        return undefined;
      const holder = await readHolder(file);
      if (holder && holder.pid === self.pid && holder.startedAt === self.startedAt) return undefined;
      if (holder && isRunning(holder)) {
        if (Date.now() > deadline) return String(holder.pid);
        await new Promise((resolve) => setTimeout(resolve, 100));
      } else {
        await unlink(file).catch(() => undefined);
      }
    }
  } finally {
    await unlink(own).catch(() => undefined);
  }
}

async function readHolder(file: string): Promise<ProcessIdentity | undefined> {
  try {
    const { pid, startedAt } = JSON.parse(await readFile(file, "utf8")) as Partial<ProcessIdentity>;
    return typeof pid === "number" && typeof startedAt === "string" ? { pid, startedAt } : undefined;
  } catch {
    return undefined;
  }
}

/** Runs something while holding a lock file, waiting for other processes that hold it. */
export async function withLock<Result>(file: string, action: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(file), { recursive: true });
  while ((await holdLock(file)) !== undefined);
  try {
    return await action();
  } finally {
    await unlink(file);
  }
}
