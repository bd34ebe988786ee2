import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createFileOnce, exists, readJson, writeFileAtomically } from "./files.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ethstake-files-"));
});

describe("writeFileAtomically", () => {
  it("replaces the content and leaves no temporary file", async () => {
    const file = join(folder, "state.json");
    await writeFileAtomically(file, "old");
    await writeFileAtomically(file, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(readdirSync(folder)).toEqual(["state.json"]);
  });

  it("never shows a part: a reader during many writes sees one of the whole contents", async () => {
    const file = join(folder, "state");
    const contents = ["a", "b", "c", "d"].map((letter) => letter.repeat(200_000));
    await writeFileAtomically(file, contents[0] ?? "");
    const writing = new AbortController();
    const writers = Promise.all(contents.map((content) => writeFileAtomically(file, content))).finally(() =>
      writing.abort(),
    );
    while (!writing.signal.aborted) {
      expect(contents).toContain(readFileSync(file, "utf8"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writers;
  });

  it("gives the mode asked for, in a folder of its own for secrets", async () => {
    const file = join(folder, "secrets", "deeper", "token");
    await writeFileAtomically(file, "s", 0o600);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "secrets")).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "secrets", "deeper")).mode & 0o777).toBe(0o700);
  });
});

describe("createFileOnce", () => {
  it("leaves the file that is there", async () => {
    const file = join(folder, "key");
    expect(await createFileOnce(file, "first")).toBe(true);
    expect(await createFileOnce(file, "second")).toBe(false);
    expect(readFileSync(file, "utf8")).toBe("first");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("lets exactly one of many writers win, and all see its content", async () => {
    const file = join(folder, "key");
    const won = await Promise.all(Array.from({ length: 20 }, (_, index) => createFileOnce(file, `writer ${index}`)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(readFileSync(file, "utf8")).toBe(`writer ${won.indexOf(true)}`);
    expect(readdirSync(folder)).toEqual(["key"]);
  });

  it("does not follow a symbolic link to elsewhere", async () => {
    const elsewhere = join(folder, "elsewhere");
    symlinkSync(elsewhere, join(folder, "key"));
    expect(await createFileOnce(join(folder, "key"), "secret")).toBe(false);
    expect(await exists(elsewhere)).toBe(false);
  });
});

describe("readJson", () => {
  it("tells a missing file from a broken one", async () => {
    expect(await readJson(join(folder, "none"))).toBeUndefined();
    writeFileSync(join(folder, "broken"), '{"a":');
    await expect(readJson(join(folder, "broken"))).rejects.toThrow(SyntaxError);
    writeFileSync(join(folder, "good"), '{"a":1}');
    chmodSync(join(folder, "good"), 0o600);
    expect(await readJson(join(folder, "good"))).toEqual({ a: 1 });
  });
});
