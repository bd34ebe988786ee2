import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../../lib/files.ts";
import { isRunning, type ProcessIdentity } from "../../lib/process.ts";

const identitySchema = z.object({ pid: z.number(), startedAt: z.string() });

/** What a supervisor runs: written by the provider, read by the supervisor. No secret may be in it. */
export const supervisedSchema = z.object({
  name: z.string(),
  command: z.string(),
  args: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  workingDirectory: z.string(),
  logFile: z.string(),
  /** Seconds between SIGTERM and SIGKILL. */
  stopGraceSeconds: z.number(),
});

export type Supervised = z.infer<typeof supervisedSchema>;

const statusSchema = z.object({
  /** Digest of what is supervised. */
  digest: z.string(),
  supervisor: identitySchema,
  child: identitySchema.optional(),
  /** ISO time at which the supervisor started. */
  startedAt: z.string(),
  /** How often the process ended by itself and was started again. */
  restarts: z.number(),
  /** How it ended last. */
  lastExit: z.string().optional(),
});

/** What a supervisor says of itself and its process. */
export type SupervisorStatus = z.infer<typeof statusSchema>;

/** Files of one supervised process. */
export function processFiles(directory: string, name: string) {
  const folder = join(directory, "processes", name);
  return { folder, spec: join(folder, "spec.json"), status: join(folder, "status.json"), lock: join(folder, "lock") };
}

/** Identifies what a supervisor runs. */
export function digestOf(supervised: Supervised): string {
  return createHash("sha256")
    .update(JSON.stringify(supervisedSchema.parse(supervised)))
    .digest("hex");
}

/** The status of a supervisor that is running; undefined when there is none. */
export async function livingStatus(statusFile: string): Promise<SupervisorStatus | undefined> {
  const status = await lastStatus(statusFile);
  return status && isRunning(status.supervisor) ? status : undefined;
}

/** Whether a supervisor runs, for those who cannot wait. */
export function isSupervised(statusFile: string): boolean {
  try {
    const { success, data } = statusSchema.safeParse(JSON.parse(readFileSync(statusFile, "utf8")));
    return success && isRunning(data.supervisor);
  } catch {
    return false;
  }
}

/** A process whose supervisor was killed: it runs on, but nobody would restart it. */
export async function orphanedChild(statusFile: string): Promise<ProcessIdentity | undefined> {
  const status = await lastStatus(statusFile);
  return status?.child && !isRunning(status.supervisor) && isRunning(status.child) ? status.child : undefined;
}

async function lastStatus(statusFile: string): Promise<SupervisorStatus | undefined> {
  const parsed = statusSchema.safeParse(await readJson(statusFile));
  return parsed.success ? parsed.data : undefined;
}
