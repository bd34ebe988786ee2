import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { createFileOnce, exists, writeFileAtomically } from "../../lib/files.ts";
import { projectPath, projectRoot } from "../../lib/paths.ts";
import {
  findCommand,
  inheritedEnvironment,
  isPortFree,
  lastLines,
  launch,
  ProcessNotReadyError,
  terminate,
} from "../process/launch.ts";
import {
  isSupervised,
  livingStatus,
  orphanedChild,
  processFiles,
  type Supervised,
  type SupervisorStatus,
} from "../process/status.ts";
import { parseImportId } from "../import-id.ts";
import type { CheckFailure, OperationContext, ResourceHandler } from "../resource.ts";

const portSchema = z.number().int().min(1, "must be a port").max(65_535, "must be a port");

export const processSchema = z.object({
  name: z.string().regex(/^[a-z0-9-]+$/, "must be lower-case letters, digits and hyphens"),
  /** Folder of the network's files; the process has `processes/NAME` and `logs/NAME.log` in it. */
  directory: z.string().min(1),
  /** `node`, an absolute path, or a command on the PATH. */
  command: z.string().min(1),
  /** Arguments; they can be seen by every user of the machine, so secrets go by file. */
  args: z.array(z.string()),
  environment: z.record(z.string(), z.string()).default({}),
  /**
   * Files that it reads, by their names in `processes/NAME/files`: no secrets. They are written before each start; a change of one
   * restarts it.
   */
  files: z.record(z.string().regex(/^[\w-]+(\.[\w-]+)*$/, "must be the name of a file"), z.string()).default({}),
  /** Runs once, before the first start: arguments of the same command (geth's `init`). */
  prepare: z.array(z.string()).optional(),
  /** TCP ports that it listens on, by the setting that names each: a port that is taken is reported by that name. */
  ports: z.record(z.string(), portSchema).default({}),
  /** What answers once it is up: any HTTP status below 500 on a GET, or a JSON-RPC answer on a POST. */
  readiness: z.object({
    url: z.url(),
    kind: z.enum(["http", "json-rpc"]),
    timeoutSeconds: z.number().positive().default(60),
  }),
  stopGraceSeconds: z.number().positive().default(20),
  /** Values whose change restarts it although no argument changes. */
  triggers: z.array(z.unknown()).default([]),
});

type Inputs = z.infer<typeof processSchema>;
interface Outputs extends Inputs {
  /** Process id of the supervisor: it stays while its process is restarted. */
  readonly pid: number;
  /** ISO time. */
  readonly startedAt: string;
  readonly logFile: string;
}

/** A local process that outlives the run that started it, kept up by a supervisor. For the devnet. */
export const processHandler: ResourceHandler<Inputs, Outputs> = {
  schema: processSchema,
  replaceOn: ["name", "directory"],
  deleteBeforeReplace: true,
  // Command, ports and folder come from the settings: a plan finds a port that is taken.
  validatesEarly: true,

  async validate(inputs, old) {
    const failures: CheckFailure[] = [];
    if (!(await findCommand(inputs.command))) {
      failures.push({
        property: "command",
        reason: `there is no executable "${inputs.command}" on the PATH; install it or choose another client in the settings`,
      });
    }
    const statusFile = processFiles(projectPath(inputs.directory), inputs.name).status;
    // What a killed supervisor left running holds the ports too, and is ended before they are needed.
    const ours = (await livingStatus(statusFile)) ?? (await orphanedChild(statusFile));
    for (const [setting, port] of Object.entries(inputs.ports)) {
      if (ours && (!old || Object.values(old.ports).includes(port))) continue;
      if (!(await isPortFree(port))) {
        failures.push({
          property: `ports.${setting}`,
          reason: `port ${port} is in use by another program; free it or set ${setting} to a free port`,
        });
      }
    }
    return failures;
  },

  /** A process that is gone is started again by the next `up`: a refresh would have to read from it what others are. */
  drifted(_inputs, old) {
    return isSupervised(processFiles(projectPath(old.directory), old.name).status) ? [] : ["pid"];
  },

  async create(inputs, context) {
    return { id: `${inputs.directory}/${inputs.name}`, outputs: await start(inputs, context) };
  },

  async read(_id, last) {
    const status = await livingStatus(processFiles(projectPath(last.directory), last.name).status);
    if (!status) return undefined;
    const { pid: _pid, startedAt: _startedAt, logFile: _logFile, ...inputs } = last;
    return { inputs, outputs: outputsOf(inputs, status) };
  },

  async update(_id, old, inputs, context) {
    await terminate(projectPath(old.directory), old);
    return await start(inputs, context);
  },

  locate(id) {
    return Promise.resolve({ ...parseImportId(id, processSchema), pid: 0, startedAt: "", logFile: "" });
  },

  async delete(_id, last) {
    await terminate(projectPath(last.directory), last);
  },
};

async function start(inputs: Inputs, context: OperationContext): Promise<Outputs> {
  const supervised = await supervisedOf(inputs);
  const { folder } = processFiles(projectPath(inputs.directory), inputs.name);
  for (const [name, content] of Object.entries(inputs.files))
    await writeFileAtomically(join(folder, "files", name), content);
  await prepare(inputs, supervised);
  const status = await launch(projectPath(inputs.directory), supervised);
  await untilReady(inputs, supervised, context);
  return outputsOf(inputs, status);
}

function outputsOf(inputs: Inputs, status: SupervisorStatus): Outputs {
  return {
    ...inputs,
    pid: status.supervisor.pid,
    startedAt: status.startedAt,
    logFile: join(inputs.directory, "logs", `${inputs.name}.log`),
  };
}

async function supervisedOf(inputs: Inputs): Promise<Supervised> {
  return {
    name: inputs.name,
    command: (await findCommand(inputs.command)) ?? inputs.command,
    args: inputs.args,
    environment: inputs.environment,
    workingDirectory: projectRoot,
    logFile: join(projectPath(inputs.directory), "logs", `${inputs.name}.log`),
    stopGraceSeconds: inputs.stopGraceSeconds,
  };
}

/** Runs the preparation unless a marker says that it was done; killed in between, it runs again. */
async function prepare(inputs: Inputs, supervised: Supervised): Promise<void> {
  if (!inputs.prepare) return;
  const folder = processFiles(projectPath(inputs.directory), inputs.name).folder;
  const marker = join(folder, "prepared");
  if (await exists(marker)) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await promisify(execFile)(supervised.command, inputs.prepare, {
    cwd: supervised.workingDirectory,
    env: { ...inheritedEnvironment(), ...inputs.environment },
  });
  await createFileOnce(marker, "");
}

async function untilReady(inputs: Inputs, supervised: Supervised, context: OperationContext): Promise<void> {
  const { url, kind, timeoutSeconds } = inputs.readiness;
  const request = (): RequestInit =>
    kind === "http"
      ? { signal: AbortSignal.timeout(2_000) }
      : {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}',
          signal: AbortSignal.timeout(2_000),
        };
  for (
    let delay = 100, deadline = Date.now() + timeoutSeconds * 1_000;
    Date.now() < deadline;
    delay = Math.min(delay * 1.3, 500)
  ) {
    const response = await fetch(url, request()).catch(() => undefined);
    if (response && response.status < 500) return;
    if (context.signal.aborted) break;
    await sleep(delay);
  }
  throw new ProcessNotReadyError(
    inputs.name,
    `did not answer at ${url} within ${timeoutSeconds} s`,
    supervised.logFile,
    await lastLines(supervised.logFile),
  );
}
