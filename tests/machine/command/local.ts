import { spawn } from "node:child_process";
import { Recorder, type Output, type Work } from "./outcome.ts";

/** Where and with what a local command runs. */
export interface LocalWork extends Work {
  /** e.g. `["/bin/sh", "-c"]`; the command is its last argument. */
  readonly interpreter: readonly string[];
  /** Working directory; the plugin's own when absent. */
  readonly dir: string | undefined;
}

/** Runs a command here. Rejects when it cannot be started or does not end with 0. */
export function runHere({ command, interpreter, dir, environment, stdin, signal }: LocalWork): Promise<Output> {
  const [program = "/bin/sh", ...args] = interpreter;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, command], {
      ...(dir === undefined ? {} : { cwd: dir }),
      env: { ...process.env, ...environment },
      signal,
    });
    const said = new Recorder();
    child.stdout.on("data", (chunk: Buffer) => said.add("stdout", chunk));
    child.stderr.on("data", (chunk: Buffer) => said.add("stderr", chunk));
    child.stdin.on("error", () => undefined); // it may end without reading
    child.once("error", reject);
    child.once("close", (code, how) => {
      if (code === 0) resolve(said.output());
      else reject(said.failure(how === null ? `exit status ${String(code)}` : `signal: ${how}`, command));
    });
    child.stdin.end(stdin);
  });
}
