import { readFileSync } from "node:fs";
import { formatEther } from "viem";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { projectPath } from "../lib/paths.ts";

/** Wei and share units are decimal strings, plain numbers are numbers; contracts/test/unit/Economics.t.sol executes all of them. */
const fixtureSchema = z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number()])));
const fixture = fixtureSchema.parse(
  JSON.parse(readFileSync(projectPath("contracts/test/fixtures/economics.json"), "utf8")),
);
const text = readFileSync(projectPath("docs/ECONOMICS.md"), "utf8");

describe("docs/ECONOMICS.md", () => {
  it("has every section of the fixture once, and no other", () => {
    expect(markers().sort()).toEqual(Object.keys(fixture).sort());
  });

  it.each(Object.keys(fixture))("has the numbers of %s", (section) => {
    const expected = Object.entries(fixture[section] ?? {}).map(([entry, value]) => [entry, format(entry, value)]);
    expect(tableOf(section)).toEqual(expected);
  });

  it("has no table of entries without a section", () => {
    expect(text.split("| entry | what | value |").length - 1).toBe(markers().length);
  });
});

/** Sections that the document names. */
function markers(): string[] {
  return [...text.matchAll(/<!-- economics\.json: (\w+) -->/g)].map(([, section = ""]) => section);
}

/** Entries and values of the table right after a section's marker. */
function tableOf(section: string): string[][] {
  const [, after = ""] = text.split(`<!-- economics.json: ${section} -->\n`);
  const [table = ""] = after.split("\n\n");
  return table
    .trim()
    .split("\n")
    .slice(2)
    .map((row) => {
      const cells = row.split("|").map((cell) => cell.trim());
      return [cells[1] ?? "", cells[3] ?? ""];
    });
}

/** A value as the document writes it: exact, with commas in the whole part. */
function format(entry: string, value: string | number): string {
  if (typeof value === "number") return String(value);
  const [whole = "", fraction] = formatEther(BigInt(value)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const unit = /shares$/i.test(entry) ? "shares" : "ether";
  return `${fraction === undefined ? grouped : `${grouped}.${fraction}`} ${unit}`;
}
