import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holdLock, withLock } from "./lock.ts";
import { projectPath } from "./paths.ts";

const LOADER = projectPath("lib/typescript.cjs");
let folder: string;
let file: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ethstake-lock-"));
  file = join(folder, "account.lock");
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Another process that tries for the lock and says what came of it. */
async function contender(): Promise<{ child: ChildProcess; answer: string }> {
  const program = `const { holdLock } = await require(${JSON.stringify(LOADER)}).load("lib/lock.ts");
    console.log(String(await holdLock(process.argv[1], 300)));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["-e", `(async () => { ${program} })()`, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [answer] = (await once(child.stdout, "data")) as [Buffer];
  return { child, answer: answer.toString().trim() };
}

describe("holdLock", () => {
  it("counts as taken when this process has it", async () => {
    expect(await holdLock(file)).toBeUndefined();
    expect(await holdLock(file)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["account.lock.1"]);
  });

  it("names the living process that has it, and takes it over once that was killed", async () => {
    const { child, answer } = await contender();
    expect(answer).toBe("undefined");
    expect(await holdLock(file, 200)).toBe(String(child.pid));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await holdLock(file)).toBeUndefined();
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it("takes over from a process whose pid another one has now", async () => {
    writeFileSync(`${file}.1`, JSON.stringify({ pid: process.pid, startedAt: "1" }));
    expect(await holdLock(file)).toBeUndefined();
    expect(JSON.parse(readFileSync(`${file}.2`, "utf8"))).toMatchObject({ pid: process.pid });
  });

  it("takes over a lock that says nothing", async () => {
    writeFileSync(`${file}.7`, "");
    expect(await holdLock(file)).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["account.lock.8"]);
  });

  it("is not taken by a process that adds a number beside a living holder", async () => {
    const { child } = await contender();
    // As if this process had read the row when it ended with 1, dead, and slept while the row was freed and taken again.
    writeFileSync(`${file}.2`, JSON.stringify({ pid: process.pid, startedAt: "1" }));
    expect(await holdLock(file, 200)).toBe(String(child.pid));
  });

  it("goes to one of several processes that find its holder dead", async () => {
    writeFileSync(`${file}.1`, JSON.stringify({ pid: process.pid, startedAt: "1" }));
    const answers = (await Promise.all([contender(), contender(), contender()])).map(({ answer }) => answer);
    expect(answers.filter((answer) => answer === "undefined")).toHaveLength(1);
  });
});

describe("withLock", () => {
  it("lets callers in this process through one at a time, and frees the lock", async () => {
    const events: string[] = [];
    const action = (name: string) => async (): Promise<string> => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      events.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([withLock(file, action("a")), withLock(file, action("b"))]);
    expect(results).toEqual(["a", "b"]);
    expect(events).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("frees the lock and stays usable after a failure", async () => {
    await expect(withLock(file, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withLock(file, () => Promise.resolve(1))).toBe(1);
  });
});
