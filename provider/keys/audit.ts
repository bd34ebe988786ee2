import { createHash } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import type { Hex } from "viem";
import { withLock } from "../../lib/lock.ts";
import { projectPath } from "../../lib/paths.ts";

/** What can be done with keys. */
export type KeyOperation =
  /** Keystores were made from the mnemonic and stored. */
  | "stored"
  /** They are about to be loaded into a client, or were. */
  | "loading"
  | "loaded"
  /** Steps of a move to another client. */
  | "move-begun"
  | "unloaded"
  | "safe"
  | "moved"
  | "move-abandoned"
  /** A voluntary exit was signed, or handed to the beacon chain. */
  | "exit-signed"
  | "exit-submitted";

/** An operation, without secrets: public keys, names of clients, files. */
export interface KeyEvent {
  readonly operation: KeyOperation;
  readonly publicKeys: readonly Hex[];
  /** The client that holds the keys, or is to. */
  readonly client?: string;
  readonly detail?: string;
}

/** A line of the log. */
export interface AuditLine extends KeyEvent {
  /** From 1. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** The account of this machine that did it. */
  readonly user: string;
  /** SHA-256 of the line before, in hex; of nothing for the first. */
  readonly previous: string;
}

/** The log of a folder of keystores. */
export function auditFile(keystoreDirectory: string): string {
  return join(projectPath(keystoreDirectory), "audit.jsonl");
}

/**
 * Adds an operation to the log of a folder of keystores, on disk when this returns. The file is only ever appended to, has mode 0600, and
 * each line holds the hash of the one before: a line that somebody changes or takes out shows ({@link auditFaults}).
 */
export async function auditKeys(keystoreDirectory: string, event: KeyEvent): Promise<void> {
  if (event.publicKeys.length === 0) return;
  const file = auditFile(keystoreDirectory);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await withLock(`${file}.lock`, async () => {
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    });
    const lines = linesOf(text);
    const line: AuditLine = {
      sequence: lines.length + 1,
      time: new Date().toISOString(),
      user: userInfo().username,
      ...event,
      previous: hashOf(lines.at(-1) ?? ""),
    };
    const handle = await open(file, "a", 0o600);
    try {
      // A run that was killed may have left half a line: it stays as it is, and counts as one.
      await handle.writeFile(`${text === "" || text.endsWith("\n") ? "" : "\n"}${JSON.stringify(line)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}

/** What is wrong with a log: lines that were changed, taken out or cut off. An interrupted write is told too. */
export function auditFaults(text: string): string[] {
  const lines = linesOf(text);
  return lines.flatMap((line, index) => {
    const number = index + 1;
    const parsed = parse(line);
    if (parsed === undefined) return [`line ${number} is not whole: a write was interrupted, or it was changed`];
    if (parsed.sequence !== number) return [`line ${number} says that it is number ${parsed.sequence}`];
    return parsed.previous === hashOf(lines[index - 1] ?? "")
      ? []
      : [`line ${number} does not follow from the line before: one of them was changed`];
  });
}

/** The lines of a log that can be read. */
export function auditLines(text: string): AuditLine[] {
  return linesOf(text).flatMap((line) => parse(line) ?? []);
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function parse(line: string): AuditLine | undefined {
  try {
    const value = JSON.parse(line) as Partial<AuditLine>;
    return typeof value.sequence === "number" && typeof value.previous === "string" ? (value as AuditLine) : undefined;
  } catch {
    return undefined;
  }
}

function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}
