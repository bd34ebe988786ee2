// `npm run check-endpoints -- --stack NAME`: does what a stack's settings count on answer, and is it what it should be? Reads only.
//   --json              { ok, stack, checks: [{ status, what, figure, fix }] }
//   --timeout SECONDS   for each check, 10 unless said otherwise
// Exits 1 when a check failed; what could not be asked is skipped by name.
import { parseArgs } from "node:util";
import { loadNetwork } from "../devnet/network.ts";
import { runCommand } from "../lib/command.ts";
import { loadSettings } from "../verify/settings.ts";
import { allHold, renderOutcomes, runChecks } from "./checks.ts";
import { devnetChecks, publicChecks } from "./endpoints.ts";

const USAGE = "usage: npm run check-endpoints -- --stack NAME [--timeout SECONDS] [--json]";

runCommand(async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string" },
      timeout: { type: "string", default: "10" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const seconds = Number(values.timeout);
  if (values.help || values.stack === undefined || !(seconds > 0 && seconds <= 600)) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const { stack } = values;
  const settings = await loadSettings(stack);
  const checks =
    settings.network === "devnet" ? devnetChecks(settings, await loadNetwork(stack)) : publicChecks(settings);
  const outcomes = await runChecks(checks, seconds * 1_000);
  const ok = allHold(outcomes);
  process.stdout.write(`${values.json ? JSON.stringify({ ok, stack, checks: outcomes }) : renderOutcomes(outcomes)}\n`);
  return ok ? 0 : 1;
});
