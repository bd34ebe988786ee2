import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { createFileOnce, exists, readJson, writeFileAtomically } from "../lib/files.ts";
import { projectPath } from "../lib/paths.ts";
import { publicKeySchema } from "../provider/resources/validator-keys.ts";

const moveSchema = z.object({
  id: z.string(),
  /** Lasting names of the clients, and their nodes. */
  from: z.string(),
  fromNode: z.string(),
  to: z.string(),
  toNode: z.string(),
  publicKeys: z.array(publicKeySchema),
  /**
   * begun: the keys' notes may say that they move; their client may still sign. stopped: their client has given them up, and what they
   * signed is on disk. reassigned: the waiting is over, and they belong to their new client.
   */
  step: z.enum(["begun", "stopped", "reassigned"]),
  /** Whether the client that had them was given up for lost. */
  sourceLost: z.boolean(),
  /** The chain that they validate on, 32 bytes in hex. */
  genesisValidatorsRoot: z.string(),
  /** What the first validator client was told of each key. */
  settings: z.record(
    z.string(),
    z.object({
      feeRecipient: z.string().optional(),
      gasLimit: z.number().optional(),
      graffiti: z.string().optional(),
    }),
  ),
});

/** A move that has begun, as far as it has come. Holds no secret. */
export type Move = z.infer<typeof moveSchema>;

/**
 * The one open move of a folder of keystores, and what has become of others: `move.json`, then `moves/ID.json`. What was signed before
 * is in `moves/ID-slashing-protection.json`. Nothing is ever deleted.
 */
export class MoveJournal {
  readonly #directory: string;

  constructor(keystoreDirectory: string) {
    this.#directory = projectPath(keystoreDirectory);
  }

  /** The open move; undefined when there is none. */
  async open(): Promise<Move | undefined> {
    const value = await readJson(this.#file);
    return value === undefined ? undefined : moveSchema.parse(value);
  }

  /** Begins a move. @returns undefined when another one is open */
  async begin(move: Omit<Move, "id" | "step">): Promise<Move | undefined> {
    const stamp = new Date().toISOString().replace(/[:.]/g, "-");
    const begun: Move = { id: `${stamp}-${randomBytes(3).toString("hex")}`, step: "begun", ...move };
    return (await createFileOnce(this.#file, JSON.stringify(begun, undefined, 2))) ? begun : undefined;
  }

  /** Writes how far the open move has come. */
  async write(move: Move): Promise<void> {
    await writeFileAtomically(this.#file, JSON.stringify(move, undefined, 2), 0o600);
  }

  /** Puts the open move to the ended ones. */
  async end(move: Move): Promise<void> {
    await mkdir(this.#ended, { recursive: true, mode: 0o700 });
    await rename(this.#file, join(this.#ended, `${move.id}.json`));
  }

  /** What the moved keys had signed; undefined when it is not there yet. */
  async history(move: Move): Promise<string | undefined> {
    const file = this.historyFile(move);
    return (await exists(file)) ? await readFile(file, "utf8") : undefined;
  }

  /** Keeps what the moved keys had signed. */
  async writeHistory(move: Move, interchange: string): Promise<void> {
    await writeFileAtomically(this.historyFile(move), interchange, 0o600);
  }

  /** Where the history of a move is. */
  historyFile(move: Move): string {
    return join(this.#ended, `${move.id}-slashing-protection.json`);
  }

  get #file(): string {
    return join(this.#directory, "move.json");
  }

  get #ended(): string {
    return join(this.#directory, "moves");
  }
}
