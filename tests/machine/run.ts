import { execFile } from "node:child_process";

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code; `seconds` end it. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly seconds?: number } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...args],
      { encoding: "utf8", maxBuffer: 64 * 1024 * 1024, timeout: (options.seconds ?? 100) * 1000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 255;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.on("error", () => undefined); // it may end without reading
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs a command that must succeed, and gives what it printed. */
export async function must(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly seconds?: number } = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${`${stdout}\n${stderr}`.trim().slice(-2000)}`);
  return stdout.trim();
}

/** Waits until the check holds. */
export async function until(what: string, seconds: number, check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
