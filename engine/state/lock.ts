/**
 * The lock of a stack: who runs, and which processes it started. A holder that lives keeps others out; the children of one that
 * died are killed before the next run begins, so that no orphaned provider acts beside a new one.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identifyProcess, isRunning, type ProcessIdentity } from "../../lib/process.ts";
import { StackLockedError } from "../errors.ts";
import type { StackPaths } from "./store.ts";

interface LockFile extends ProcessIdentity {
  readonly command: string;
  readonly since: string;
  readonly children: readonly (ProcessIdentity & { readonly role: string })[];
}

/** A lock that is held. */
export class StackLock {
  private readonly paths: StackPaths;
  private readonly stack: string;
  private content: LockFile;
  /** Children of a dead holder that were killed. */
  readonly killed: readonly string[];

  private constructor(paths: StackPaths, stack: string, content: LockFile, killed: readonly string[]) {
    this.paths = paths;
    this.stack = stack;
    this.content = content;
    this.killed = killed;
  }

  /** Takes the lock. Throws {@link StackLockedError} when a living process holds it. */
  static async acquire(paths: StackPaths, stack: string, command: string): Promise<StackLock> {
    mkdirSync(paths.dir, { recursive: true, mode: 0o700 });
    const content: LockFile = {
      ...(identifyProcess(process.pid) ?? { pid: process.pid, startedAt: "" }),
      command,
      since: new Date().toISOString(),
      children: [],
    };
    const temporary = `${paths.lock}.${process.pid}.${process.hrtime.bigint()}`;
    writeFileSync(temporary, JSON.stringify(content), { mode: 0o600 });
    const killed: string[] = [];
    try {
      for (;;) {
        try {
          // A link appears with its content or not at all.
          linkSync(temporary, paths.lock);
          return new StackLock(paths, stack, content, killed);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        killed.push(...(await StackLock.clear(paths, stack)));
      }
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** Removes a dead holder's lock and its children; throws when the holder lives. */
  private static async clear(paths: StackPaths, stack: string): Promise<string[]> {
    const text = read(paths.lock);
    if (text === undefined) return [];
    const holder = JSON.parse(text) as LockFile;
    if (isRunning(holder)) throw new StackLockedError(stack, holder.pid, holder.command, paths.lock);
    const killed: string[] = [];
    for (const child of holder.children) {
      if (!isRunning(child)) continue;
      kill(child.pid);
      killed.push(`${child.role} (process ${child.pid})`);
    }
    for (let wait = 0; wait < 200 && holder.children.some(isRunning); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // Two runs may both have seen the dead lock. Only what was judged may be removed: move it aside and look again.
    const aside = `${paths.lock}.stale.${process.pid}`;
    try {
      renameSync(paths.lock, aside);
    } catch {
      return killed;
    }
    if (read(aside) !== text) {
      try {
        linkSync(aside, paths.lock);
      } catch {
        // A third run has taken the lock meanwhile: the next attempt meets it.
      }
    }
    rmSync(aside, { force: true });
    return killed;
  }

  /** Records a process that this run started, and forgets those that ended. */
  addChild(pid: number, role: string): void {
    const child = identifyProcess(pid);
    if (child === undefined) return;
    const children = this.content.children.filter(isRunning);
    this.content = { ...this.content, children: [...children, { ...child, role }] };
    const temporary = `${this.paths.lock}.${process.pid}.tmp`;
    writeFileSync(temporary, JSON.stringify(this.content), { mode: 0o600 });
    renameSync(temporary, this.paths.lock);
  }

  /** Gives the lock back. */
  release(): void {
    rmSync(this.paths.lock, { force: true });
  }

  /** The stack that is locked. */
  get name(): string {
    return this.stack;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Kills a process and, when it leads one, its group. */
function kill(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
