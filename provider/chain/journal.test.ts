import { mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { TransactionJournal, type JournalEntry } from "./journal.ts";

const entry = (nonce: number, raw: `0x${string}` = "0x02"): JournalEntry => ({
  nonce,
  purpose: "A payment",
  hashes: ["0x01"],
  raw,
});

let folder: string;
let journal: TransactionJournal;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "ethstake-journal-")), "account.key.transactions", "1");
  journal = new TransactionJournal(folder);
});

describe("TransactionJournal", () => {
  it("is empty before anything was written", async () => {
    expect(await journal.from(0)).toEqual([]);
  });

  it("gives the entries from a nonce on, in order, the last of each nonce", async () => {
    for (const nonce of [10, 2, 9, 100]) await journal.write(entry(nonce));
    await journal.write(entry(9, "0x0303"));
    expect((await journal.from(9)).map(({ nonce, raw }) => [nonce, raw])).toEqual([
      [9, "0x0303"],
      [10, "0x02"],
      [100, "0x02"],
    ]);
  });

  it("is readable by its user alone", async () => {
    await journal.write(entry(0));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  });

  it("does not take what a killed run left half-written", async () => {
    await journal.write(entry(0));
    writeFileSync(join(folder, "00000001.json.4711"), '{"nonce":1');
    expect(await journal.from(0)).toHaveLength(1);
  });

  it("forgets what is discarded", async () => {
    await journal.write(entry(0));
    await journal.discard(entry(0));
    await journal.discard(entry(1));
    expect(await journal.from(0)).toEqual([]);
  });
});
