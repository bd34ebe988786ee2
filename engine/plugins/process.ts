/** Child processes of a run: the program and the providers. They end with the engine, whatever happens to it. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Loaded into Node children: ends them when the engine is gone, and keeps their error messages cheap. */
export const PRELOAD = fileURLToPath(new URL("./preload.cjs", import.meta.url));

/** Loaded into hosts of plugins that bring a loader of their own: they set up no TypeScript compiler. */
export const NO_COMPILER = fileURLToPath(new URL("./no-compiler.cjs", import.meta.url));

/** What to start and whom to tell. */
export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Called for each line that the process prints. */
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
  /** Called at once with the process number. */
  readonly onStart: (pid: number) => void;
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the process could not be started at all. */
  readonly error?: Error;
}

/** A child process in a process group of its own (a Ctrl-C at the terminal is for the engine to handle). */
export class Process {
  readonly exit: Promise<ProcessExit>;
  private readonly child: ChildProcess;
  private ended = false;

  constructor(options: ProcessOptions) {
    this.child = spawn(options.command, [...options.args], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdin?.on("error", () => undefined);
    if (this.child.pid !== undefined) options.onStart(this.child.pid);
    for (const stream of ["stdout", "stderr"] as const) {
      const source = this.child[stream];
      if (source) createInterface({ input: source }).on("line", (line) => options.onLine(stream, line));
    }
    this.exit = new Promise((resolve) => {
      this.child.once("error", (error) => {
        if (this.child.pid === undefined) this.finish(resolve, { code: null, signal: null, error });
      });
      // "close" comes after the last line of output, "exit" may come before it.
      this.child.once("close", (code, signal) => this.finish(resolve, { code, signal }));
    });
  }

  private finish(resolve: (exit: ProcessExit) => void, exit: ProcessExit): void {
    this.ended = true;
    resolve(exit);
  }

  /** Ends the process and its group: asks first, kills after `graceMs`. */
  async stop(graceMs = 2000): Promise<void> {
    if (this.ended) return;
    this.child.stdin?.end();
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), graceMs);
    await this.exit;
    clearTimeout(timer);
  }

  /** Kills the process and its group now. */
  kill(): void {
    if (!this.ended) this.signal("SIGKILL");
  }

  private signal(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      this.child.kill(name);
    }
  }
}
