// Keeps one process running:  node lib/run.cjs supervisor.ts DIRECTORY NAME
//
// It is detached from whoever started it, restarts its process with growing pauses, says in a status file what goes on, and ends its
// process when it is told to end. A lock makes it the only one of its name, whatever was killed before.
import { spawn, type ChildProcess } from "node:child_process";
import { openSync } from "node:fs";
import { readJson, writeFileAtomically } from "../../lib/files.ts";
import { holdLock } from "../../lib/lock.ts";
import { identifyProcess, type ProcessIdentity } from "../../lib/process.ts";
import { digestOf, processFiles, supervisedSchema, type SupervisorStatus } from "./status.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A process that ran this long counts as healthy again: the next pause is short. As Docker's restart policies have it. */
const HEALTHY_AFTER_MS = 10_000;

const [directory = "", name = ""] = process.argv.slice(2);
const files = processFiles(directory, name);
const supervised = supervisedSchema.parse(await readJson(files.spec));
const log = openSync(supervised.logFile, "a", 0o600);

let child: ChildProcess | undefined;
let stopping = false;
let pause = FIRST_PAUSE_MS;
let writing: Promise<void> = Promise.resolve();
const status: SupervisorStatus = {
  digest: digestOf(supervised),
  supervisor: requireIdentity(process.pid),
  startedAt: new Date().toISOString(),
  restarts: 0,
};

process.on("SIGTERM", () => stop());
process.on("SIGINT", () => stop());
process.on("SIGHUP", () => undefined);

if ((await holdLock(files.lock)) !== undefined) process.exit(0);
start();

function start(): void {
  const startedMs = Date.now();
  child = spawn(supervised.command, supervised.args, {
    cwd: supervised.workingDirectory,
    env: { ...process.env, ...supervised.environment },
    stdio: ["ignore", log, log],
  });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (identity) status.child = identity;
  saveStatus();
  let ended = false;
  const end = (how: string): void => {
    if (ended) return;
    ended = true;
    delete status.child;
    status.lastExit = how;
    if (stopping) {
      saveStatus(() => process.exit(0));
      return;
    }
    if (Date.now() - startedMs > HEALTHY_AFTER_MS) pause = FIRST_PAUSE_MS;
    status.restarts += 1;
    saveStatus();
    setTimeout(() => {
      if (!stopping) start();
    }, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  };
  child.on("error", (error) => end(error.message));
  child.on("exit", (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code ?? "unknown"}`));
}

function stop(): void {
  if (stopping) return;
  stopping = true;
  if (!child || child.exitCode !== null || child.signalCode !== null) process.exit(0);
  child.kill("SIGTERM");
  setTimeout(() => child?.kill("SIGKILL"), supervised.stopGraceSeconds * 1_000);
}

function saveStatus(then: () => void = () => undefined): void {
  const text = JSON.stringify(status, undefined, 2);
  writing = writing.then(() => writeFileAtomically(files.status, text, 0o600)).then(then, then);
}

function requireIdentity(pid: number): ProcessIdentity {
  const identity = identifyProcess(pid);
  if (!identity) throw new Error("the identity of this process cannot be read");
  return identity;
}
