import { ENCRYPTED, readStackFile, StackFileInvalidError } from "../stacks/stack-file.ts";
import { parseSettings, SettingsError, type SettingsFault } from "../stacks/settings.ts";

/** What is wrong with a stack's settings file. */
export interface ConfigReport {
  readonly ok: boolean;
  readonly stack: string;
  /** As the file says, right or wrong; null where it says nothing. */
  readonly network: string | null;
  readonly faults: readonly { readonly path: string; readonly value: unknown; readonly remedy: string }[];
  /** Paths of encrypted values: nobody decrypted them, so nobody looked at them. */
  readonly notChecked: readonly string[];
}

/**
 * Validates a stack's settings from its file alone: no network, no state, no passphrase.
 * @param root folder of the stack files
 * @param now Unix seconds, for the calendar of forks
 * @throws StackFileMissingError
 */
export function validateStack(stack: string, root?: string, now?: number): ConfigReport {
  let file: ReturnType<typeof readStackFile>;
  try {
    file = readStackFile(stack, root);
  } catch (error) {
    if (!(error instanceof StackFileInvalidError)) throw error;
    const faults = error.data.problems.map((problem) => ({ path: "", value: null, remedy: problem }));
    return { ok: false, stack, network: null, faults, notChecked: [] };
  }
  const { config, encrypted } = file;
  const network = config["network"];
  const faults = faultsOf(config, encrypted, now).map(({ path, value, remedy }) => ({
    path,
    // JSON has no undefined.
    value: value ?? null,
    remedy,
  }));
  return {
    ok: faults.length === 0,
    stack,
    network: typeof network === "string" ? network : null,
    faults,
    notChecked: encrypted,
  };
}

function faultsOf(
  config: Readonly<Record<string, unknown>>,
  encrypted: readonly string[],
  now: number | undefined,
): readonly SettingsFault[] {
  if (encrypted.includes("network")) {
    return [
      { path: "network", value: ENCRYPTED, remedy: "must not be encrypted: it decides which settings there are" },
    ];
  }
  try {
    // A setting with an encrypted part is encrypted, as it is to the program.
    parseSettings(config, new Set(encrypted.map((path) => path.replace(/[.[].*$/, ""))), now);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    // What stands for an encrypted value may well be a fault where the value is none.
    return error.data.faults.filter(({ path }) => !encrypted.some((place) => isWithin(path, place)));
  }
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`);
}

/** A report as lines for people. */
export function renderReport({ ok, stack, network, faults, notChecked }: ConfigReport): string {
  const secret = notChecked.length > 0 ? ` (not checked, because encrypted: ${notChecked.join(", ")})` : "";
  return [
    ok
      ? `ok    ${stack}: ${network ?? "no network"}${secret}`
      : `FAIL  ${stack}: ${faults.length} fault${faults.length === 1 ? "" : "s"}${secret}`,
    ...faults.map(({ path, value, remedy }) =>
      path === ""
        ? `      ${remedy}`
        : `      ethstake:${path} = ${value === null ? "(not set)" : JSON.stringify(value)}: ${remedy}`,
    ),
  ].join("\n");
}
