import { appendFile, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "../../../lib/files.ts";
import { addCounts, type Counts } from "./count.ts";

/** What an epoch's blocks tell of operators. */
export interface LedgerEntry {
  readonly counts: ReadonlyMap<number, Counts>;
  /** Validators whose exit or slashing the epoch's blocks carried. */
  readonly departures: readonly number[];
}

/** An entry as a line of the file; counts are operator, assigned, missed. */
const lineSchema = z.object({
  epoch: z.number(),
  counts: z.array(z.tuple([z.number(), z.number(), z.number()])),
  departures: z.array(z.number()),
});

/**
 * Operators' counts, epoch by epoch. All of it can be read from the chain again; the file saves that work after a restart, as long
 * as the beacon node still has what it takes. It is a cache: who deletes it loses time, and where states are gone, a window's report.
 */
export class ServiceLedger {
  readonly #file: string | undefined;
  readonly #epochs = new Map<number, LedgerEntry>();

  private constructor(file: string | undefined) {
    this.#file = file;
  }

  /** One that nothing is kept of beyond the process. */
  static inMemory(): ServiceLedger {
    return new ServiceLedger(undefined);
  }

  /** @param file absent: nothing is kept beyond the process */
  static async open(file: string | undefined): Promise<ServiceLedger> {
    const ledger = new ServiceLedger(file);
    if (file === undefined) return ledger;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const text = await readFile(file, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    });
    for (const line of text.split("\n")) {
      const parsed = parse(line);
      if (!parsed) continue;
      const { epoch, counts, departures } = parsed;
      ledger.#epochs.set(epoch, { counts: toMap(counts), departures });
    }
    // Half a line, of a process that was killed while it wrote, would swallow the next one.
    await ledger.#rewrite();
    return ledger;
  }

  /** Whether an epoch was counted. */
  has(epoch: number): boolean {
    return this.#epochs.has(epoch);
  }

  /** Writes an epoch down. */
  async add(epoch: number, entry: LedgerEntry): Promise<void> {
    this.#epochs.set(epoch, entry);
    if (this.#file !== undefined) await appendFile(this.#file, `${lineOf(epoch, entry)}\n`, { mode: 0o600 });
  }

  /**
   * When validators' exits and slashings came, in a range of epochs. Those before a window do not count for it: a member that was not
   * there yet must come to the same.
   */
  departures(first: number, last: number): Map<number, number> {
    const departures = new Map<number, number>();
    for (let epoch = first; epoch <= last; epoch++)
      for (const index of this.#epochs.get(epoch)?.departures ?? [])
        if (!departures.has(index)) departures.set(index, epoch);
    return departures;
  }

  /** Epochs of a range that are not known, for what a range's totals are worth. */
  unknown(first: number, last: number): number[] {
    const epochs: number[] = [];
    for (let epoch = first; epoch <= last; epoch++) if (!this.#epochs.has(epoch)) epochs.push(epoch);
    return epochs;
  }

  /** Operators' sums over a range of epochs; what is not known counts as nothing. */
  totals(first: number, last: number): Map<number, Counts> {
    const totals = new Map<number, Counts>();
    for (let epoch = first; epoch <= last; epoch++) addCounts(totals, this.#epochs.get(epoch)?.counts ?? new Map());
    return totals;
  }

  /** Lets go of epochs that no report can be about any more. */
  async forgetBefore(epoch: number): Promise<void> {
    await this.#forget((known) => known < epoch);
  }

  /** Lets go of a range of epochs, which are to be counted anew. @returns whether there were any */
  async forgetRange(first: number, last: number): Promise<boolean> {
    return await this.#forget((known) => known >= first && known <= last);
  }

  async #forget(isOld: (epoch: number) => boolean): Promise<boolean> {
    const old = [...this.#epochs.keys()].filter(isOld);
    if (old.length === 0) return false;
    for (const known of old) this.#epochs.delete(known);
    await this.#rewrite();
    return true;
  }

  async #rewrite(): Promise<void> {
    if (this.#file === undefined) return;
    const lines = [...this.#epochs]
      .sort(([left], [right]) => left - right)
      .map(([epoch, entry]) => lineOf(epoch, entry));
    await writeFileAtomically(this.#file, lines.map((line) => `${line}\n`).join(""), 0o600);
  }
}

function parse(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function lineOf(epoch: number, { counts, departures }: LedgerEntry): string {
  const list = [...counts].map(([operatorId, { assigned, missed }]) => [operatorId, assigned, missed]);
  return JSON.stringify({ epoch, counts: list, departures });
}

function toMap(counts: readonly (readonly [number, number, number])[]): Map<number, Counts> {
  return new Map(counts.map(([operatorId, assigned, missed]) => [operatorId, { assigned, missed }]));
}
