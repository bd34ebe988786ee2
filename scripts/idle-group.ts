import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the kernel's processor controller is mounted: on its own (cgroup v1), or with all others (v2). */
const CONTROLLERS = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"] as const;

/**
 * A group of processes that only get what all others leave of the processors (Linux cgroups, `cpu.idle`, since 5.15). Nice values do not
 * do this: each session is a group of its own to the scheduler, in which they count for nothing outside.
 */
export class IdleGroup {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** A new group; undefined where this user may not make any, or the kernel has none. */
  static create(): IdleGroup | undefined {
    for (const controller of CONTROLLERS) {
      const folder = join(controller, `ethstake-idle-${process.pid}`);
      try {
        mkdirSync(folder);
        // Not made where the kernel does not give it.
        writeFileSync(join(folder, "cpu.idle"), "1", { flag: "r+" });
        return new IdleGroup(folder);
      } catch {
        removeGroup(folder);
      }
    }
    return undefined;
  }

  /** A command that runs another one, and all that it starts, as a member of the group. */
  command(command: readonly string[]): string[] {
    const enter = 'echo $$ > "$0" && exec "$@"';
    return ["/bin/sh", "-c", enter, join(this.#folder, "cgroup.procs"), ...command];
  }

  /** Processes that are members now. */
  members(): number[] {
    return readFileSync(join(this.#folder, "cgroup.procs"), "utf8").trim().split("\n").filter(Boolean).map(Number);
  }

  /** Removes the group, once its last process ended. */
  remove(): void {
    removeGroup(this.#folder);
  }
}

function removeGroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It was not made, or something still runs in it: an empty group costs nothing.
  }
}
