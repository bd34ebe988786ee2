import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { projectPath } from "./paths.ts";

let project: string;
const file = (...parts: string[]): string => join(project, ...parts);
const write = (name: string, text: string): void => writeFileSync(file(name), text);
const cached = (): string[] => readdirSync(file(".ethstake", "cache")).filter((name) => /^\w{16}$/.test(name));

/** A project of its own: the loader and two modules. */
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "ethstake-loader-"));
  mkdirSync(file("lib"));
  for (const name of ["run.cjs", "typescript.cjs"]) cpSync(projectPath(join("lib", name)), file("lib", name));
  symlinkSync(projectPath("node_modules"), file("node_modules"));
  write("package.json", '{ "type": "module" }');
  write("main.ts", 'import { word } from "./word.ts";\nconsole.log(word as string, ...process.argv.slice(2));\n');
  write("word.ts", 'export const word: string = "first";\n');
});
afterEach(() => rmSync(project, { recursive: true }));

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, ["lib/run.cjs", "main.ts", ...args], { cwd: project, stdio: ["ignore", "pipe", "pipe"] });

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(...args);
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]?.on("data", (chunk: Buffer) => {
      output[stream] += chunk.toString();
    });
  const [code] = (await once(child, "close")) as [number];
  return { code, stdout: output.stdout.trim(), stderr: output.stderr };
}

describe("a TypeScript program", () => {
  it("runs with its arguments, and is made once", async () => {
    expect(await run("a", "b")).toMatchObject({ code: 0, stdout: "first a b" });
    const [made, ...more] = cached();
    expect(more).toEqual([]);
    expect(await run()).toMatchObject({ code: 0, stdout: "first" });
    expect(cached()).toEqual([made]);
  });

  it("is what its sources say now, however like the old ones they look", async () => {
    await run();
    const changed = 'export const word: string = "other";\n';
    const time = new Date("2026-01-01");
    utimesSync(file("word.ts"), time, time);
    expect((await run()).stdout).toBe("first");
    write("word.ts", changed);
    utimesSync(file("word.ts"), time, time);
    expect((await run()).stdout).toBe("other");
    // And back: what was made before serves again.
    write("word.ts", 'export const word: string = "first";\n');
    expect((await run()).stdout).toBe("first");
    expect(cached()).toHaveLength(2);
  });

  it("knows where its modules are, and finds packages", async () => {
    write(
      "main.ts",
      'import { parse } from "yaml";\nimport * as esbuild from "esbuild";\nconsole.log(import.meta.url, parse("[1]")[0], process.argv[1], typeof esbuild.build);',
    );
    expect((await run()).stdout).toBe(`${pathToFileURL(file("main.ts")).href} 1 ${file("main.ts")} function`);
  });

  it("leaves texts alone that speak of where a module is", async () => {
    write("main.ts", 'console.log("import.meta.url", import.meta.url.length > 0);');
    expect((await run()).stdout).toBe("import.meta.url true");
  });

  it("is made again when what was made is not whole", async () => {
    await run();
    const [made = ""] = cached();
    write(join(".ethstake", "cache", made, "program.mjs"), "");
    expect((await run()).stdout).toBe("first");
    rmSync(file(".ethstake", "cache", made, "program.mjs"));
    expect((await run()).stdout).toBe("first");
    expect(cached()).toEqual([made]);
  });

  it("says what cannot be read, and where", async () => {
    write("word.ts", "export const word = = 1;\n");
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/word\.ts:1:20/);
    write("word.ts", 'throw new Error("refused");\nexport const word = "";\n');
    expect((await run()).stderr).toContain("refused");
  });

  it("comes of several processes at once, and after some that were killed while they made it", async () => {
    const killed = Array.from({ length: 4 }, () => start());
    await Promise.all(
      killed.map(async (child, index) => {
        const closed = once(child, "close");
        await new Promise((resolve) => setTimeout(resolve, 100 + 100 * index));
        child.kill("SIGKILL");
        await closed;
      }),
    );
    const runs = await Promise.all([run(), run(), run()]);
    expect(runs.map(({ stdout }) => stdout)).toEqual(["first", "first", "first"]);
    expect(cached()).toHaveLength(1);
  });

  it("leaves no old programs behind for ever", async () => {
    await run();
    const [old] = cached();
    write("word.ts", 'export const word: string = "second";\n');
    await run();
    // Whoever runs it may still load a part of it.
    expect(cached()).toHaveLength(2);
    const time = new Date(Date.now() - 8 * 24 * 3_600_000);
    utimesSync(file(".ethstake", "cache", old ?? ""), time, time);
    write("word.ts", 'export const word: string = "third";\n');
    await run();
    expect(cached()).toHaveLength(2);
    expect(cached()).not.toContain(old);
  });
});
