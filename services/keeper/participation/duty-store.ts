import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import { z } from "zod";
import { readJson, writeFileAtomically } from "../../../lib/files.ts";
import type { EpochDuties } from "./duties.ts";

/** Duties as a file has them: slot, lengths of its committees, and our seats as committee, validator index, place. */
const fileSchema = z.object({
  epoch: z.number(),
  anchor: z.object({ slot: z.number(), root: z.custom<Hex>((value) => typeof value === "string") }),
  slots: z.array(z.tuple([z.number(), z.array(z.number()), z.array(z.tuple([z.number(), z.number(), z.number()]))])),
});

/**
 * Duties of the epochs that are not counted yet, on disk: a keeper that is started again goes on with them, and need not ask for states
 * that its beacon node may have dropped. A cache, like all that a keeper writes.
 */
export class DutyStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async save({ epoch, anchor, slots }: EpochDuties): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const content: z.infer<typeof fileSchema> = {
      epoch,
      anchor,
      slots: [...slots].map(([slot, { lengths, seats }]) => [
        slot,
        [...lengths],
        [...seats].flatMap(([committee, list]) =>
          list.map(({ index, position }): [number, number, number] => [committee, index, position]),
        ),
      ]),
    };
    await writeFileAtomically(this.#file(epoch), JSON.stringify(content), 0o600);
  }

  /** Undefined when they were not saved, or cannot be read. */
  async load(epoch: number): Promise<EpochDuties | undefined> {
    const read = await readJson(this.#file(epoch)).catch(() => undefined);
    const { data } = fileSchema.safeParse(read);
    if (data?.epoch !== epoch) return undefined;
    const slots = new Map(
      data.slots.map(([slot, lengths, list]) => {
        const seats = new Map<number, { index: number; position: number }[]>();
        for (const [committee, index, position] of list)
          seats.set(committee, [...(seats.get(committee) ?? []), { index, position }]);
        return [slot, { lengths, seats }] as const;
      }),
    );
    return { epoch, anchor: data.anchor, slots };
  }

  /** Removes what is counted. */
  async forgetBefore(epoch: number): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    for (const name of names) {
      const saved = /^(\d+)\.json$/.exec(name)?.[1];
      if (saved !== undefined && Number(saved) < epoch) await rm(join(this.#folder, name), { force: true });
    }
  }

  #file(epoch: number): string {
    return join(this.#folder, `${epoch}.json`);
  }
}
