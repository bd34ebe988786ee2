import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { runCommand } from "../../lib/command.ts";
import { assembleKeeper } from "./assemble.ts";
import { answerAsWorker, proveInThread } from "./proofs/worker.ts";
import { openLog } from "./runtime/log.ts";
import { LoopRunner } from "./runtime/loop.ts";
import { serve } from "./runtime/server.ts";
import { loadSettings } from "./runtime/settings.ts";

const USAGE = "usage: keeper --settings FILE [--dry-run]\n";
const VERSION = process.env["npm_package_version"] ?? "0.1.0";

/** Runs a keeper until SIGTERM or SIGINT. */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { settings: { type: "string" }, "dry-run": { type: "boolean", default: false } },
  });
  if (values.settings === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const read = await loadSettings(values.settings);
  const settings = { ...read, dryRun: read.dryRun || values["dry-run"] };
  const log = openLog(settings.name);
  const { loops, metrics, registry, intervals } = await assembleKeeper(
    settings,
    VERSION,
    log,
    proveInThread(import.meta.url),
  );
  const runner = new LoopRunner(intervals, metrics, log);
  const { server, url } = await serve(settings.listen, registry, () =>
    runner.stale(loops).map(({ loop, seconds }) => `${loop} has not succeeded for ${seconds} s`),
  );
  log.info({ url, loops: loops.map(({ name }) => name), dryRun: settings.dryRun }, "running");
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  await runner.run(loops, stop.signal);
  server.close();
  log.info("stopped");
  return 0;
}

if (isMainThread) runCommand(main);
else answerAsWorker();
