import { Display } from "../engine/display/display.ts";
import { destroy, stackExists } from "../engine/index.ts";
import { projectRoot } from "../lib/paths.ts";

/** `npm run devnet:down`: ends every process of the network. Keys, slashing-protection data and logs are kept. @returns the exit code */
export async function takeDown(stack: string): Promise<number> {
  const options = { projectDir: projectRoot, stack };
  if (!stackExists(options)) {
    process.stdout.write(`There is no devnet in stack ${stack}: nothing to take down.\n`);
    return 0;
  }
  const display = new Display(process.stdout);
  const { ok } = await destroy({ ...options, onEvent: (event) => display.onEvent(event) });
  return ok ? 0 : 1;
}
