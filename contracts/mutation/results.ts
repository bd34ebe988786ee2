import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, hashFiles, MUTATION_FOLDER, UNUSED_TESTS, type Killer } from "./sandbox.ts";

/** What came of a mutant. `invalid`: does not compile; `equivalent`: compiles to the code of the original. */
export type Verdict = "killed" | "survived" | "invalid" | "equivalent";

/** A verdict as it is kept. */
export interface Result {
  /** The mutant's key. */
  readonly key: string;
  readonly verdict: Verdict;
  /** Hash of the code it compiles to. */
  readonly code?: string;
  readonly killer?: Killer;
  /** Hash of the tests that it rests on: all of them, or the one file that noticed the mutant. */
  readonly tests?: string;
}

const FILE = join(MUTATION_FOLDER, "results.jsonl");

/** Verdicts of earlier runs, one line each, so that an interrupted run goes on where it was. */
export class Results {
  private readonly byKey = new Map<string, Result>();
  private readonly byCode = new Map<string, Result>();
  private readonly hashes = new Map<string, string>();

  /** @param fresh forget what earlier runs found */
  constructor(fresh: boolean) {
    mkdirSync(MUTATION_FOLDER, { recursive: true });
    if (fresh) rmSync(FILE, { force: true });
    if (!existsSync(FILE)) return;
    for (const line of readFileSync(FILE, "utf8").split("\n")) {
      // The last line may be half written.
      if (line.endsWith("}")) this.remember(JSON.parse(line) as Result);
    }
  }

  /** The verdict on a mutant, when it still holds. */
  ofMutant(key: string): Result | undefined {
    const result = this.byKey.get(key);
    return result && this.holds(result) ? result : undefined;
  }

  /** The verdict on code that another mutant compiled to as well. */
  ofCode(code: string): Result | undefined {
    const result = this.byCode.get(code);
    return result && this.holds(result) ? result : undefined;
  }

  add(result: Omit<Result, "tests">): Result {
    const complete = result.code === undefined ? result : { ...result, tests: this.testsOf(result.killer) };
    this.remember(complete);
    appendFileSync(FILE, `${JSON.stringify(complete)}\n`);
    return complete;
  }

  private remember(result: Result): void {
    this.byKey.set(result.key, result);
    if (result.code !== undefined) this.byCode.set(result.code, result);
  }

  /** A survivor has to face every new test; one that a test noticed, only a change of that test. */
  private holds({ tests, killer }: Result): boolean {
    return tests === undefined || tests === this.testsOf(killer);
  }

  private testsOf(killer: Killer | undefined): string {
    const file = killer?.file ?? "";
    const known = this.hashes.get(file);
    if (known !== undefined) return known;
    const hash = hashFiles(
      testFiles().filter((name) => name === "foundry.toml" || file === "" || name === file || !name.endsWith(".t.sol")),
    );
    this.hashes.set(file, hash);
    return hash;
  }
}

/** The files that decide what the tests notice. */
export function testFiles(): string[] {
  return [...filesBelow("test").filter((name) => !UNUSED_TESTS.test(name)), "foundry.toml"];
}
