import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import solc from "solc";
import { EthstakeError } from "../../lib/errors.ts";
import { projectPath } from "../../lib/paths.ts";
import { CONTRACTS } from "../tools/compiler.ts";

/** Where everything of mutation testing is kept; it may be deleted at any time. */
export const MUTATION_FOLDER = projectPath(join(".ethstake", "mutation"));

/** Seconds after which a test run counts as hanging: it takes 10 when nothing is wrong. */
const TIMEOUT = 120;

/**
 * Tests that are not asked, by their names relative to contracts/: gas figures and symbolic proofs would notice nearly every
 * change, and invariants take minutes. A score without them is a lower bound of what the tests notice.
 */
export const UNUSED_TESTS = /^test\/(gas|symbolic|invariant)(\/|$)/;

/** The tests, likeliest to notice first; a mutant goes on to the next only when it survives. */
const phases = (subject: string | undefined): readonly (readonly string[])[] => [
  ...(subject === undefined ? [] : [["--match-path", `test/unit/${subject}*`]]),
  ["--match-path", "test/unit/*"],
  ["--no-match-path", "test/unit/*"],
];

/** Ending of a built artifact while a mutant's is in its place. */
const BUILT = ".built";

/** Which test noticed a mutant: its file and name; the name is `timeout` when forge was ended. */
export interface Killer {
  readonly file: string;
  readonly test: string;
}

/** The tests cannot be run at all. */
export class SandboxError extends EthstakeError<{ readonly output: string }> {
  readonly code = "MUTATION_TESTS_NOT_RUN";
}

/**
 * A copy of the Foundry project in which artifacts can be exchanged. Tests create contracts from the artifacts of out/ instead of holding
 * their code, so a mutant needs no compilation of tests.
 */
export class Sandbox {
  readonly root: string;
  constructor(index: number) {
    this.root = join(MUTATION_FOLDER, `sandbox-${index}`, "contracts");
  }

  /**
   * Puts a mutant's code in place of a contract's. What was built is kept beside it, so that a run which is killed leaves no mutant
   * behind for the next. `artifact` is as in out/: `StakingPool.sol/StakingPool`; tests' are in the folder of their own profile.
   */
  exchange(artifact: string, creationCode: string): void {
    const folder = artifact.includes(".t.sol/") ? join("out", SETTINGS.FOUNDRY_PROFILE) : "out";
    const path = join(this.root, folder, `${artifact}.json`);
    const built = `${path}${BUILT}`;
    if (!existsSync(built)) renameSync(path, built);
    const content = JSON.parse(readFileSync(built, "utf8")) as { bytecode: object };
    content.bytecode = { object: `0x${creationCode}`, sourceMap: "", linkReferences: {} };
    writeFileSync(path, JSON.stringify(content));
  }

  /** Puts the built code back, also what an earlier run left exchanged. */
  restore(): void {
    for (const name of readdirSync(join(this.root, "out"), { recursive: true, encoding: "utf8" }))
      if (name.endsWith(BUILT)) {
        const built = join(this.root, "out", name);
        renameSync(built, built.slice(0, -BUILT.length));
      }
    // Failures that forge would replay: a verdict must not depend on the mutants before it.
    for (const folder of ["fuzz", "invariant", "test-failures"])
      rmSync(join(this.root, "cache", folder), { recursive: true, force: true });
  }

  /**
   * Runs the tests until one fails.
   * @param subject the contract whose own unit tests come first, where there are any
   * @returns the test that failed, undefined when all passed
   */
  async test(subject?: string): Promise<Killer | undefined> {
    const own = readdirSync(join(this.root, "test", "unit")).some((name) => subject && name.startsWith(subject));
    for (const phase of phases(own ? subject : undefined)) {
      const { code, output, timedOut } = await this.forge(["test", "--fail-fast", "--threads", "1", ...phase]);
      if (timedOut) return { file: lastFile(output), test: "timeout" };
      if (code === 0) continue;
      const failed = /^\[FAIL[^\n]*\] ([^\s(]+)/m.exec(output);
      if (!failed) throw new SandboxError("forge ended without naming a failed test.", { output });
      return { file: lastFile(output.slice(0, failed.index)), test: failed[1] ?? "" };
    }
    return undefined;
  }

  private async forge(args: readonly string[]): Promise<{ code: number; output: string; timedOut: boolean }> {
    const child = spawn(forgeBinary(this.root), args, {
      cwd: this.root,
      env: { ...process.env, ...SETTINGS },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let timedOut = false;
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, TIMEOUT * 1000);
    const code = await new Promise<number>((resolve, reject) => {
      child.on("close", (exit) => resolve(exit ?? 1));
      child.on("error", reject);
    });
    clearTimeout(timer);
    return { code, output, timedOut };
  }
}

const SETTINGS = { NO_COLOR: "1", FOUNDRY_PROFILE: "tests" };

/**
 * Makes the sandboxes, or takes those of an earlier run over the same sources. The tests must pass in them.
 * @param hash of everything that is built
 */
export async function prepareSandboxes(count: number, hash: string): Promise<void> {
  const [first, ...others] = Array.from({ length: count }, (_, index) => new Sandbox(index));
  if (first === undefined) return;
  const marker = (sandbox: Sandbox): string => join(sandbox.root, "..", "built");
  const isReady = (sandbox: Sandbox): boolean =>
    existsSync(marker(sandbox)) && readFileSync(marker(sandbox), "utf8") === hash;
  if (!isReady(first)) {
    build(first.root);
    const killer = await first.test();
    if (killer) throw new SandboxError(`${killer.test} of ${killer.file} fails without any mutant.`, { output: "" });
    first.restore();
    writeFileSync(marker(first), hash);
  }
  first.restore();
  for (const sandbox of others) {
    if (isReady(sandbox)) {
      sandbox.restore();
      continue;
    }
    copyProject(sandbox.root);
    for (const folder of ["out", "cache", "bin"])
      cpSync(join(first.root, folder), join(sandbox.root, folder), { recursive: true, preserveTimestamps: true });
    // forge's caches name the files outside the project by absolute paths.
    for (const folder of ["cache", join("cache", "tests")]) {
      const cache = join(sandbox.root, folder, "solidity-files-cache.json");
      writeFileSync(cache, readFileSync(cache, "utf8").replaceAll(join(first.root, ".."), join(sandbox.root, "..")));
    }
    writeFileSync(marker(sandbox), hash);
  }
}

function build(root: string): void {
  copyProject(root);
  for (const [args, profile] of [
    [["build", "src"], "default"],
    [["build"], SETTINGS.FOUNDRY_PROFILE],
  ] as const) {
    const built = spawnSync(process.execPath, [join(root, "bin", "forge"), ...args], {
      env: { ...process.env, ...SETTINGS, FOUNDRY_PROFILE: profile },
      encoding: "utf8",
    });
    if (built.status !== 0)
      throw new SandboxError("The contracts or their tests do not compile.", { output: built.stdout + built.stderr });
  }
  // A compiler that only tells its version: quick, and no run can compile by mistake.
  const version = (solc.version as () => string)();
  const answer = `solc, the solidity compiler commandline interface\\nVersion: ${version}\\n`;
  writeFileSync(
    join(root, "bin", "solc"),
    `#!/bin/sh\ncase "$*" in --version) printf '${answer}' ;; *) echo "compilation in a sandbox" >&2; exit 9 ;; esac\n`,
  );
  chmodSync(join(root, "bin", "solc"), 0o755);
}

function copyProject(root: string): void {
  const outer = join(root, "..");
  rmSync(outer, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  symlinkSync(projectPath("node_modules"), join(outer, "node_modules"));
  for (const name of ["bin", "src", "test", "foundry.toml"])
    cpSync(join(CONTRACTS, name), join(root, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !UNUSED_TESTS.test(relative(CONTRACTS, path)),
    });
}

/** The native binary: the launcher in bin/ would cost each run a start of node. */
function forgeBinary(root: string): string {
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch;
  return join(root, "..", "node_modules", "@foundry-rs", `forge-${process.platform}-${arch}`, "bin", "forge");
}

function lastFile(output: string): string {
  return [...output.matchAll(/^Ran \d+ tests? for ([^:\n]+):/gm)].at(-1)?.[1] ?? "";
}

/** A hash over files, by name and content. @param names relative to contracts/ */
export function hashFiles(names: readonly string[]): string {
  const hash = createHash("sha256");
  for (const name of [...names].sort())
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(CONTRACTS, name)))
      .update("\0");
  return hash.digest("hex");
}

/** The files below a folder of contracts/, named relative to contracts/. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(CONTRACTS, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(CONTRACTS.length + 1));
}
