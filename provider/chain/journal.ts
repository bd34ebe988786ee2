import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";

const entrySchema = z.object({
  nonce: z.number().int().nonnegative(),
  purpose: z.string(),
  hashes: z.array(z.custom<Hex>((value) => typeof value === "string" && value.startsWith("0x"))),
  raw: z.custom<Hex>((value) => typeof value === "string" && value.startsWith("0x")),
});

/** A signed transaction as it was written down before it was broadcast. It holds a signature, not a key. */
export type JournalEntry = z.infer<typeof entrySchema>;

/**
 * The signed transactions of one account on one chain, a file a nonce, each on disk before it is sent. After a kill the same bytes
 * are sent again: the chain takes a nonce once, so nothing happens twice.
 */
export class TransactionJournal {
  readonly directory: string;

  /** @param directory one folder for one account on one chain */
  constructor(directory: string) {
    this.directory = directory;
  }

  /** Writes an entry, replacing the one of the same nonce, and returns once it would survive a crash. */
  async write(entry: JournalEntry): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const file = join(this.directory, fileName(entry.nonce));
    const temporary = `${file}.${process.pid}`;
    const handle = await open(temporary, "w", 0o600);
    try {
      await handle.writeFile(JSON.stringify(entry));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  }

  /** Forgets an entry that the chain will never take. */
  async discard(entry: Pick<JournalEntry, "nonce">): Promise<void> {
    await rm(join(this.directory, fileName(entry.nonce)), { force: true });
  }

  /** The entries from a nonce on, in order. */
  async from(nonce: number): Promise<JournalEntry[]> {
    const names = await readdir(this.directory).catch(() => []);
    const nonces = names
      .filter((name) => /^\d+\.json$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .filter((entry) => entry >= nonce)
      .sort((left, right) => left - right);
    return await Promise.all(
      nonces.map(async (entry) =>
        entrySchema.parse(JSON.parse(await readFile(join(this.directory, fileName(entry)), "utf8"))),
      ),
    );
  }
}

function fileName(nonce: number): string {
  return `${String(nonce).padStart(8, "0")}.json`;
}
