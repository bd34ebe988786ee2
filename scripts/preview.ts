// `npm run preview -- --stack mainnet`: what `pulumi up` would make of a stack that does not exist yet, with simulated clouds: no account, no
// credentials, no network. The policies are asked too. Exits 1 when the settings are wrong or a mandatory policy is broken.
//   --json     the plan on standard output, as JSON
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Display } from "../engine/display/display.ts";
import * as engine from "../engine/index.ts";
import { runCommand } from "../lib/command.ts";
import { projectRoot } from "../lib/paths.ts";
import { policies } from "../policy/engine.ts";
import { simulatedClouds } from "../tests/clouds/plugins.ts";

const USAGE = "usage: npm run preview -- --stack NAME [--json]";

runCommand(async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || values.stack === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const folder = mkdtempSync(join(tmpdir(), "ethstake-preview-"));
  // What is kept there for the length of a preview holds simulated keys only.
  process.env["PULUMI_CONFIG_PASSPHRASE"] ??= "simulated";
  const display = new Display(values.json ? process.stderr : process.stdout);
  try {
    const result = await engine.preview({
      projectDir: projectRoot,
      stack: values.stack,
      stateDir: join(folder, "state"),
      plugins: simulatedClouds(join(folder, "clouds")),
      policies,
      onEvent: display.onEvent,
    });
    if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return result.ok ? 0 : 1;
  } finally {
    display.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
