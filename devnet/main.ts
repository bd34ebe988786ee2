import { parseArgs } from "node:util";
import { runCommand } from "../lib/command.ts";
import { takeDown } from "./down.ts";
import { loadNetwork } from "./network.ts";
import { NetworkReader } from "./proofs.ts";
import { allHold, renderReport, report } from "./report.ts";
import { bringUp } from "./up.ts";

const USAGE = "usage: npm run devnet | devnet:status | devnet:down [-- --stack NAME] [--json]";

/** `npm run devnet`, `devnet:status` and `devnet:down`. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { stack: { type: "string", default: "devnet" }, json: { type: "boolean", default: false } },
  });
  const { stack, json } = values;
  switch (positionals[0]) {
    case "up":
      return await bringUp(stack, json);
    case "status": {
      const status = await report(new NetworkReader(await loadNetwork(stack)));
      process.stdout.write(`${json ? JSON.stringify(status) : renderReport(status, stack)}\n`);
      return allHold(status) ? 0 : 1;
    }
    case "down":
      return await takeDown(stack);
    default:
      process.stderr.write(`${USAGE}\n`);
      return 2;
  }
}

runCommand(main);
