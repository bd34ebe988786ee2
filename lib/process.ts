import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What tells one process from another of the same pid later on. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system tells it; only ever compared for equality. */
  readonly startedAt: string;
}

/** The identity of a running process; undefined when there is none with that pid. Zombies count as ended. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  try {
    if (process.platform !== "linux") {
      const startedAt = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
        encoding: "utf8",
        stdio: "pipe",
      }).trim();
      return startedAt ? { pid, startedAt } : undefined;
    }
    // proc(5): the command in brackets may hold spaces; state is field 3, starttime field 22.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const startedAt = fields[19];
    return fields[0] === "Z" || startedAt === undefined ? undefined : { pid, startedAt };
  } catch {
    return undefined;
  }
}

/** Whether the very process that was recorded is still running. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startedAt === startedAt;
}
