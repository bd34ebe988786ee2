import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../lib/lock.ts";
import { projectPath } from "../../lib/paths.ts";
import { CONTRACTS, FORGE } from "./compiler.ts";
import { run, type Ended } from "./run.ts";

/** The folder of the Python environment that holds halmos, its solvers and slither. */
const FOLDER = projectPath(join(".ethstake", "tools", "python"));
const REQUIREMENTS = join(CONTRACTS, "tools", "requirements.txt");

/** Python programs, or why there are none. */
export type PythonTools = { readonly bin: string } | { readonly missing: string };

/** Makes the environment from tools/requirements.txt, once; later calls find it, and calls of other processes wait for it. */
export async function pythonTools(): Promise<PythonTools> {
  return await withLock(`${FOLDER}.lock`, makeTools);
}

async function makeTools(): Promise<PythonTools> {
  const bin = join(FOLDER, "bin");
  const marker = join(FOLDER, "requirements");
  const wanted = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return { bin };
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const made = await run("python3", ["-m", "venv", FOLDER]);
  if (made.code !== 0) return { missing: `no Python environment: ${lastLine(made)}` };
  const installed = await run(join(bin, "python"), ["-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS]);
  if (installed.code !== 0) return { missing: `pip install failed: ${lastLine(installed)}` };
  writeFileSync(marker, wanted);
  return { bin };
}

/**
 * The environment of a program that calls forge itself: this project's forge and the Python programs come first on the PATH, and
 * what it builds goes to a folder of its own.
 * @param sources the folder whose sources are built
 */
export function forgeEnvironment(name: string, sources: string, tools: { readonly bin: string }): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(CONTRACTS, "bin")}:${tools.bin}:${process.env["PATH"] ?? ""}`,
    FOUNDRY_PROFILE: "default",
    FOUNDRY_SRC: sources,
    FOUNDRY_TEST: sources,
    FOUNDRY_SCRIPT: sources,
    FOUNDRY_OUT: `out/${name}`,
    FOUNDRY_CACHE_PATH: `cache/${name}`,
    NO_COLOR: "1",
  };
}

/** Runs forge in an environment of {@link forgeEnvironment}. */
export function forge(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return run(process.execPath, [FORGE, ...args], { env, cwd: CONTRACTS });
}

function lastLine({ output }: Ended): string {
  return output.trim().split("\n").at(-1) ?? "";
}
