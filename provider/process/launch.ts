import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { EthstakeError } from "../../lib/errors.ts";
import { writeFileAtomically } from "../../lib/files.ts";
import { RUNNER } from "../../lib/paths.ts";
import { isRunning } from "../../lib/process.ts";
import {
  digestOf,
  livingStatus,
  orphanedChild,
  processFiles,
  type Supervised,
  type SupervisorStatus,
} from "./status.ts";

const SUPERVISOR = fileURLToPath(new URL("./supervisor.ts", import.meta.url));
/** How long a supervisor may take to come up, in milliseconds. */
const SUPERVISOR_START_MS = 15_000;

/** A process did not come up, or did not answer in time. */
export class ProcessNotReadyError extends EthstakeError<{
  name: string;
  logFile: string;
  lastLines: readonly string[];
}> {
  readonly code = "PROCESS_NOT_READY";
  constructor(name: string, problem: string, logFile: string, lastLines: readonly string[]) {
    super(
      `Process ${name} ${problem}.${lastLines.length > 0 ? ` Its log ends with: ${lastLines.join(" | ")}.` : ""}`,
      { name, logFile, lastLines },
      { remedy: `See ${logFile}.` },
    );
  }
}

/** Variables that programs on any machine may need. Everything else in our environment stays with us: it may hold secrets. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|TERM|LD_LIBRARY_PATH|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|XDG_\w+)$/;

/**
 * The part of this process's environment that local processes get. A run has the passphrase of the stack's secrets and the keys of
 * clouds in its environment; a process that outlives it must not have them.
 */
export function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && PASSED_ON.test(name) ? [[name, value]] : [],
    ),
  );
}

/** Where a command is: an absolute path, this Node itself for `node`, or the first match on the PATH. */
export async function findCommand(command: string): Promise<string | undefined> {
  if (command === "node") return process.execPath;
  const candidates = isAbsolute(command)
    ? [command]
    : (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, command));
  for (const candidate of candidates) {
    if (
      await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return candidate;
  }
  return undefined;
}

/** Whether nothing listens on a TCP port of this machine. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** Starts a supervised process, or adopts the one that runs already with the same specification. */
export async function launch(directory: string, supervised: Supervised): Promise<SupervisorStatus> {
  const files = processFiles(directory, supervised.name);
  const digest = digestOf(supervised);
  const present = await livingStatus(files.status);
  if (present?.digest === digest) return present;
  await terminate(directory, supervised);
  await mkdir(dirname(supervised.logFile), { recursive: true, mode: 0o700 });
  await mkdir(supervised.workingDirectory, { recursive: true, mode: 0o700 });
  await writeFileAtomically(files.spec, JSON.stringify(supervised, undefined, 2), 0o600);
  const supervisor = spawn(process.execPath, [RUNNER, SUPERVISOR, directory, supervised.name], {
    detached: true,
    env: inheritedEnvironment(),
    stdio: "ignore",
  });
  supervisor.unref();
  for (const deadline = Date.now() + SUPERVISOR_START_MS; Date.now() < deadline; ) {
    const status = await livingStatus(files.status);
    if (status?.digest === digest) return status;
    await sleep(50);
  }
  throw new ProcessNotReadyError(
    supervised.name,
    "has no supervisor",
    supervised.logFile,
    await lastLines(supervised.logFile),
  );
}

/** Ends a supervised process and its supervisor, if they run, and returns once both are gone. */
export async function terminate(
  directory: string,
  { name, stopGraceSeconds }: Pick<Supervised, "name" | "stopGraceSeconds">,
): Promise<void> {
  const statusFile = processFiles(directory, name).status;
  const status = await livingStatus(statusFile);
  const orphan = await orphanedChild(statusFile);
  const processes = [status?.supervisor, status?.child, orphan].filter((identity) => identity !== undefined);
  // The supervisor ends its process; only one that lost its supervisor is told itself.
  for (const { pid } of [status?.supervisor, orphan].filter((identity) => identity !== undefined))
    signal(pid, "SIGTERM");
  for (const deadline = Date.now() + (stopGraceSeconds + 2) * 1_000; Date.now() < deadline; ) {
    if (!processes.some(isRunning)) return;
    await sleep(50);
  }
  for (const identity of processes) if (isRunning(identity)) signal(identity.pid, "SIGKILL");
}

/** Signals a process that may end by itself at this very moment. */
function signal(pid: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The last lines of a log, without terminal colours. */
export async function lastLines(logFile: string, count = 3): Promise<string[]> {
  const text = await readFile(logFile, "utf8").catch(() => "");
  const lines = stripVTControlCharacters(text)
    .split("\n")
    .map((line) => line.trim());
  return lines.filter((line) => line !== "").slice(-count);
}
