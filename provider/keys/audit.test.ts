import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hex } from "viem";
import { beforeEach, describe, expect, it } from "vitest";
import { auditFaults, auditFile, auditKeys, auditLines } from "./audit.ts";

const KEY: Hex = `0x${"a1".repeat(48)}`;
let folder: string;
const text = (): string => readFileSync(auditFile(folder), "utf8");
const add = (detail: string): Promise<void> =>
  auditKeys(folder, { operation: "loading", publicKeys: [KEY], client: "hoodi/node-1", detail });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ethstake-audit-"));
});

describe("the log of key operations", () => {
  it("is a chain of lines, also when many write at once", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(String(index))));
    expect(auditFaults(text())).toEqual([]);
    expect(auditLines(text()).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
  });

  it("shows a line that was changed, one that was taken out, and an order that was changed", async () => {
    for (const detail of ["1", "2", "3", "4"]) await add(detail);
    const lines = text().trim().split("\n");
    const without = (index: number): string => lines.filter((_, at) => at !== index).join("\n");
    expect(auditFaults(text().replace('"detail":"2"', '"detail":"9"'))).toEqual([
      "line 3 does not follow from the line before: one of them was changed",
    ]);
    expect(auditFaults(without(1))).toContain("line 2 says that it is number 3");
    expect(auditFaults([lines[1], lines[0], ...lines.slice(2)].join("\n"))).not.toEqual([]);
  });

  it("goes on after a write that was interrupted, and tells of it", async () => {
    await add("1");
    appendFileSync(auditFile(folder), '{"sequence":2,"ti');
    await add("3");
    expect(auditFaults(text())).toEqual(["line 2 is not whole: a write was interrupted, or it was changed"]);
    expect(auditLines(text()).map(({ detail }) => detail)).toEqual(["1", "3"]);
  });

  it("writes nothing about no keys", async () => {
    writeFileSync(auditFile(folder), "");
    await auditKeys(folder, { operation: "stored", publicKeys: [] });
    expect(text()).toBe("");
  });
});
