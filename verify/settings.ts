import { listConfig } from "../engine/configfile.ts";
import { projectRoot } from "../lib/paths.ts";
import { settingsOf } from "../stacks/namespace.ts";
import { parseSettings, type StackSettings } from "../stacks/settings.ts";
import { readStackFile } from "../stacks/stack-file.ts";

/**
 * A stack's settings for commands outside of the program. Encrypted ones are decrypted, which needs the stack's passphrase; a file without
 * any needs none.
 * @throws StackFileMissingError, SettingsError
 */
export async function loadSettings(stack: string): Promise<StackSettings> {
  const { config, encrypted } = readStackFile(stack);
  if (encrypted.length === 0) return parseSettings(config);
  const values = settingsOf(Object.fromEntries(await listConfig({ projectDir: projectRoot, stack }, true)));
  return parseSettings(
    Object.fromEntries(Object.entries(values).map(([key, text]) => [key, parseValue(text)])),
    new Set(encrypted.map((path) => /^[^.[]*/.exec(path)?.[0] ?? path)),
  );
}

/** The configuration is handed over as text; what reads as JSON is taken as JSON, as the program does. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
