/**
 * The journal: one line a record, appended before and after each step and flushed to disk before the step goes on. Records
 * written at the same time share one flush. Replaying it onto the checkpoint gives the state at the moment of a kill.
 */
import { createHash } from "node:crypto";
import { closeSync, fdatasync, openSync, readFileSync, write } from "node:fs";
import { promisify } from "node:util";
import { StateError } from "../errors.ts";
import type { StateModel } from "./model.ts";
import type { Effect, OperationKind, ResourceState } from "./types.ts";

/** One line. Secrets in it are encrypted already. */
export type JournalRecord =
  /** The salt that secrets in the following records are encrypted with. */
  | { readonly salt: string }
  /** A step begins. */
  | { readonly begin: number; readonly op: OperationKind; readonly resource: ResourceState }
  /** A step ended (`end`) or the state changed without a step. */
  | { readonly end?: number; readonly failed?: true; readonly effects: readonly Effect[] }
  /** The warning about an interrupted operation was given, and it needs no more care. */
  | { readonly settled: string };

const writeAll = promisify((fd: number, text: string, done: (error: Error | null) => void) => {
  const bytes = Buffer.from(text);
  const next = (at: number): void => {
    write(fd, bytes, at, bytes.length - at, null, (error, written) => {
      if (error) done(error);
      else if (at + written < bytes.length) next(at + written);
      else done(null);
    });
  };
  next(0);
});
const flush = promisify(fdatasync);

/** Appends records to a journal file. */
export class Journal {
  private readonly fd: number;
  private queue: string[] = [];
  private running: Promise<void> = Promise.resolve();
  private following: Promise<void> | undefined;

  constructor(path: string) {
    this.fd = openSync(path, "a", 0o600);
  }

  /** Resolves when the record is on disk. */
  append(record: JournalRecord): Promise<void> {
    this.queue.push(formatRecord(record));
    // What arrives while a flush is under way shares the next one.
    this.following ??= this.running.then(() => this.drain());
    return this.following;
  }

  private drain(): Promise<void> {
    const text = this.queue.join("");
    this.queue = [];
    this.following = undefined;
    this.running = (async () => {
      await writeAll(this.fd, text);
      await flush(this.fd);
    })();
    return this.running;
  }

  /** Waits for what is under way and closes the file. */
  async close(): Promise<void> {
    await this.following?.catch(() => undefined);
    await this.running.catch(() => undefined);
    closeSync(this.fd);
  }
}

/** A record as a line: its checksum, then JSON. */
export function formatRecord(record: JournalRecord): string {
  const text = JSON.stringify(record);
  return `${checksum(text)} ${text}\n`;
}

function checksum(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 8);
}

/** The records of a journal file; a last line that a kill cut off is left out. A missing file is an empty journal. */
export function readJournal(path: string): JournalRecord[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return parseJournal(text, path);
}

/** Parses the text of a journal. Throws {@link StateError} on damage anywhere but at its end. */
export function parseJournal(text: string, path: string): JournalRecord[] {
  const lines = text.split("\n");
  const records: JournalRecord[] = [];
  for (const [index, line] of lines.entries()) {
    const body = line.slice(9);
    if (line !== "" && line[8] === " " && checksum(body) === line.slice(0, 8)) {
      records.push(JSON.parse(body) as JournalRecord);
      continue;
    }
    if (lines.slice(index + 1).some((later) => later !== "")) {
      throw new StateError(`The journal ${path} is damaged in line ${index + 1}.`, { path });
    }
    break;
  }
  return records;
}

/** An operation counts as interrupted until something newer is known of its resource. */
function forget(open: Map<number, { readonly resource: ResourceState }>, urn: string): void {
  for (const [sequence, { resource }] of open) if (resource.urn === urn) open.delete(sequence);
}

/** The highest number of a step in the records: numbers go on from there. */
export function lastSequence(records: readonly JournalRecord[]): number {
  return records.reduce((highest, record) => ("begin" in record ? Math.max(highest, record.begin) : highest), 0);
}

/** Applies records to a model; operations that began and did not end become pending. Returns the last salt. */
export function replay(records: readonly JournalRecord[], model: StateModel): string | undefined {
  const open = new Map<number, { readonly op: OperationKind; readonly resource: ResourceState }>();
  let salt: string | undefined;
  for (const record of records) {
    if ("salt" in record) salt = record.salt;
    else if ("begin" in record) {
      forget(open, record.resource.urn);
      open.set(record.begin, record);
    } else if ("settled" in record) {
      forget(open, record.settled);
      model.pending.delete(record.settled);
    } else {
      for (const effect of record.effects) model.apply(effect);
      const begun = record.end === undefined ? undefined : open.get(record.end);
      if (begun && record.end !== undefined) {
        open.delete(record.end);
        model.pending.delete(begun.resource.urn);
      }
    }
  }
  for (const { op, resource } of open.values()) model.pending.set(resource.urn, { resource, type: op });
  return salt;
}
