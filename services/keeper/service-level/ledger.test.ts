import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { array, assert, asyncProperty, integer, nat, record, uniqueArray } from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Counts } from "./count.ts";
import { ServiceLedger, type LedgerEntry } from "./ledger.ts";

let file: string;
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "ethstake-ledger-")), "cache", "service.jsonl");
});

const countsOf = (assigned: number, missed: number): Map<number, Counts> => new Map([[1, { assigned, missed }]]);
const entryOf = record({
  counts: array(record({ assigned: nat(100), missed: nat(100) }), { maxLength: 3 }).map(
    (list) => new Map(list.map((counts, index) => [index + 1, counts])),
  ),
  departures: uniqueArray(nat(20), { maxLength: 3 }),
});

/** Everything that a ledger says of some epochs. */
function contents(ledger: ServiceLedger, last: number): unknown {
  return [ledger.unknown(0, last), ledger.totals(0, last), ledger.departures(0, last)].map((part) =>
    Array.isArray(part) ? part : [...part],
  );
}

describe("the ledger", () => {
  it("knows sums, gaps and first departures of a range", async () => {
    const ledger = await ServiceLedger.open(undefined);
    await ledger.add(5, { counts: countsOf(2, 1), departures: [4] });
    await ledger.add(7, { counts: countsOf(3, 0), departures: [4, 9] });
    expect(ledger.totals(5, 7)).toEqual(countsOf(5, 1));
    expect(ledger.totals(6, 6)).toEqual(new Map());
    expect(ledger.unknown(4, 8)).toEqual([4, 6, 8]);
    expect([4, 5, 6].map((epoch) => ledger.has(epoch))).toEqual([false, true, false]);
    expect([...ledger.departures(5, 7)]).toEqual([
      [4, 5],
      [9, 7],
    ]);
    expect([...ledger.departures(6, 7)]).toEqual([
      [4, 7],
      [9, 7],
    ]);
    expect(await ledger.forgetRange(6, 6)).toBe(false);
    await ledger.forgetBefore(7);
    expect(ledger.unknown(5, 7)).toEqual([5, 6]);
    expect(await ledger.forgetRange(7, 9)).toBe(true);
    expect(ledger.has(7)).toBe(false);
  });

  it("is the same after a restart, readable by its owner alone, and smaller after forgetting", async () => {
    await assert(
      asyncProperty(array(entryOf, { minLength: 1, maxLength: 8 }), nat(9), async (entries, forget) => {
        const place = `${file}-${Math.random()}`;
        const ledger = await ServiceLedger.open(place);
        for (const [epoch, entry] of entries.entries()) await ledger.add(epoch, entry);
        expect(contents(await ServiceLedger.open(place), 9)).toEqual(contents(ledger, 9));
        await ledger.forgetBefore(forget);
        expect(contents(await ServiceLedger.open(place), 9)).toEqual(contents(ledger, 9));
        expect(statSync(place).mode & 0o777).toBe(0o600);
        expect(readFileSync(place, "utf8").split("\n").length - 1).toBe(Math.max(0, entries.length - forget));
      }),
      { numRuns: 20 },
    );
  });

  it("loses one epoch at most to a kill in the middle of a line, and none that is written after", async () => {
    const entries: LedgerEntry[] = [1, 2, 3, 4].map((epoch) => ({
      counts: countsOf(epoch * 10, epoch),
      departures: [epoch],
    }));
    const whole = await ServiceLedger.open(file);
    for (const [epoch, entry] of entries.entries()) await whole.add(epoch, entry);
    const text = readFileSync(file, "utf8");
    await assert(
      asyncProperty(integer({ min: 0, max: text.length }), async (cut) => {
        const place = `${file}-${cut}`;
        writeFileSync(place, text.slice(0, cut));
        const survivor = await ServiceLedger.open(place);
        const complete = (text.slice(0, cut).match(/\n/g) ?? []).length;
        const known = entries.flatMap((_, epoch) => (survivor.has(epoch) ? [epoch] : []));
        // A line that lacks its end alone is whole.
        expect(known.length - complete === 0 || text[cut] === "\n").toBe(true);
        expect(known).toEqual(Array.from({ length: known.length }, (_, epoch) => epoch));
        for (let epoch = known.length; epoch < entries.length; epoch++)
          await survivor.add(epoch, entries[epoch] ?? { counts: new Map(), departures: [] });
        expect(contents(await ServiceLedger.open(place), 3)).toEqual(contents(whole, 3));
      }),
    );
  });

  it("skips what is no entry, and does not hide a file that it cannot read", async () => {
    await (await ServiceLedger.open(file)).add(1, { counts: countsOf(1, 0), departures: [] });
    writeFileSync(
      file,
      `not json\n{"epoch":2}\n{"epoch":3,"counts":null,"departures":[]}\n${readFileSync(file, "utf8")}`,
    );
    const ledger = await ServiceLedger.open(file);
    expect([1, 2, 3].map((epoch) => ledger.has(epoch))).toEqual([true, false, false]);
    await expect(ServiceLedger.open(tmpdir())).rejects.toMatchObject({ code: "EISDIR" });
  });
});
