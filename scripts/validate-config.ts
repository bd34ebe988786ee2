// `npm run validate-config`: are a stack's settings right? Every fault at once, from Pulumi.STACK.yaml alone: no network, no passphrase.
//   --stack NAME   this stack only; all of them otherwise
//   --json         { ok, stack, network, faults: [{ path, value, remedy }], notChecked }, or { ok, stacks: [...] } for all
import { parseArgs } from "node:util";
import { runCommand } from "../lib/command.ts";
import { stackNames } from "../stacks/stack-file.ts";
import { renderReport, validateStack } from "./config-faults.ts";

const USAGE = "usage: npm run validate-config -- [--stack NAME] [--json]";

function main(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const reports = (values.stack === undefined ? stackNames() : [values.stack]).map((stack) => validateStack(stack));
  const ok = reports.every((report) => report.ok);
  const json = values.stack === undefined ? { ok, stacks: reports } : reports[0];
  process.stdout.write(`${values.json ? JSON.stringify(json) : reports.map(renderReport).join("\n")}\n`);
  return ok ? 0 : 1;
}

runCommand((args) => Promise.resolve(args).then(main));
