/** The simulated clouds as the engine's option `plugins` takes them. `plugins.json` is the same for the command line. */
import { fileURLToPath } from "node:url";
import { readPlugins, type PluginCommands } from "../../engine/plugins/locate.ts";

/** File for `npm run stack -- … --plugins`. */
export const PLUGINS_FILE = fileURLToPath(new URL("./plugins.json", import.meta.url));

/** Options of a simulated cloud. */
export interface SimulationOptions {
  /** How long each change takes. */
  readonly delayMs?: number;
}

/** Commands that start the simulated clouds with their state in a folder. */
export function simulatedClouds(stateDir: string, { delayMs = 0 }: SimulationOptions = {}): PluginCommands {
  const env = { ETHSTAKE_SIMULATED_CLOUDS: stateDir, ETHSTAKE_SIMULATED_DELAY_MS: String(delayMs) };
  const commands = Object.entries(readPlugins(PLUGINS_FILE));
  return Object.fromEntries(commands.map(([name, command]) => [name, { ...command, env: { ...command.env, ...env } }]));
}
