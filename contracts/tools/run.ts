import { spawn } from "node:child_process";
import { errorLine } from "../../lib/command.ts";

/** How a program ended. */
export interface Ended {
  readonly code: number;
  /** What it wrote, to both streams. */
  readonly output: string;
  /** What it wrote to its standard output. */
  readonly stdout: string;
}

/** What a suite of checks found; its closing line is what scripts/test.ts reads. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  /** Names of what could not run here, and why. */
  readonly skipped?: readonly string[];
}

/** Runs a program to its end. A missing program ends with 127. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", (error) => resolve({ code: 127, output: error.message, stdout: "" }));
    child.on("close", (code) => resolve({ code: code ?? 1, output, stdout }));
  });
}

/** Runs a suite, prints its closing line and ends the process: 0 when nothing failed. */
export function runSuite(suite: () => Promise<Summary> | Summary): void {
  Promise.resolve()
    .then(suite)
    .then(
      ({ passed, failed, skipped = [] }) => {
        for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
        const rest = skipped.length > 0 ? `, ${skipped.length} skipped` : "";
        process.stdout.write(`${passed} passed, ${failed} failed${rest}\n`);
        process.exit(failed === 0 ? 0 : 1);
      },
      (error: unknown) => {
        process.stderr.write(`${errorLine(error)}\n`);
        process.exit(1);
      },
    );
}
