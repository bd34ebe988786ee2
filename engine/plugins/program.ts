/** Runs the program with the SDK's own runner, as the CLI does. */
import { PluginError } from "../errors.ts";
import type { Project, StackConfig } from "../project.ts";
import { resolveFrom } from "./locate.ts";
import { Process, PRELOAD, type ProcessExit } from "./process.ts";

/** What the program is given. */
export interface ProgramOptions {
  readonly project: Project;
  readonly stack: string;
  readonly config: StackConfig;
  readonly monitorAddress: string;
  readonly engineAddress: string;
  readonly dryRun: boolean;
  readonly parallel: number;
  readonly env: Readonly<Record<string, string>>;
  readonly onStart: (pid: number, role: string) => void;
  readonly onOutput: (stream: "stdout" | "stderr", line: string) => void;
}

/** The exit code by which the runner says that it has shown the error already. */
export const ALREADY_SHOWN = 32;

/** Starts the program. */
export function startProgram(options: ProgramOptions): Process {
  const { project } = options;
  let runner: string;
  try {
    runner = resolveFrom(project.workDir, "@pulumi/pulumi/cmd/run/index.js");
  } catch (cause) {
    throw new PluginError(
      "@pulumi/pulumi is not installed for the project.",
      { name: "program" },
      {
        cause,
        remedy: "Run npm ci.",
      },
    );
  }
  return new Process({
    command: process.execPath,
    args: [
      "--require",
      PRELOAD,
      ...project.nodeArgs,
      runner,
      "--monitor",
      options.monitorAddress,
      "--engine",
      options.engineAddress,
      "--organization",
      "organization",
      "--project",
      project.name,
      "--root-directory",
      project.dir,
      "--stack",
      options.stack,
      "--pwd",
      project.workDir,
      ...(options.dryRun ? ["--dry-run"] : []),
      "--parallel",
      String(options.parallel),
      project.entry,
    ],
    cwd: project.workDir,
    env: {
      ...process.env,
      ...options.env,
      PULUMI_CONFIG: JSON.stringify(options.config.values),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(options.config.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: String(project.typescript),
    },
    onStart: (pid) => options.onStart(pid, "program"),
    onLine: options.onOutput,
  });
}

/** Why a program's end was no success; undefined when it was one. */
export function programFailure({ code, signal, error }: ProcessExit): string | undefined {
  if (error) return `The program could not be started: ${error.message}`;
  if (signal) return `The program was ended by ${signal}.`;
  if (code === 0) return undefined;
  return code === ALREADY_SHOWN ? "The program failed." : `The program failed with the exit code ${String(code)}.`;
}
