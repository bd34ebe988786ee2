import { errorMessage, EthstakeError } from "./errors.ts";

/** An error as commands print it: what happened, and the code that docs/RUNBOOK.md lists. */
export function errorLine(error: unknown): string {
  return `error: ${error instanceof EthstakeError ? `${error.message} [${error.code}]` : errorMessage(error)}`;
}

/** Runs a command and ends the process with its exit code; an error is printed as one line and ends it with 1. */
export function runCommand(main: (args: readonly string[]) => Promise<number>): void {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${errorLine(error)}\n`);
      process.exit(1);
    },
  );
}
