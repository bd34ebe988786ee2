import { EthstakeError } from "../lib/errors.ts";
import { valueAt } from "../lib/values.ts";
import { crossChecks } from "./cross-checks.ts";
import { machineFaults } from "./machine-faults.ts";
import { publicCrossChecks } from "./public-checks.ts";
import { publicSettingsSchema, type PublicSettings } from "./public-schema.ts";
import { settingsSchema, type Settings } from "./schema.ts";

export type { PublicSettings } from "./public-schema.ts";
export type { DevnetSettings, NodeSettings, OperatorSettings, ProtocolSettings, Settings } from "./schema.ts";

/** A stack's settings: a devnet's or a public network's. */
export type StackSettings = Settings | PublicSettings;

/** One fault of a stack's configuration. */
export interface SettingsFault {
  /** Where, from the top of the configuration: `operators[0].keys[1].node`. */
  readonly path: string;
  readonly value: unknown;
  /** What it must be, in words that say what to do. */
  readonly remedy: string;
}

/** Stands in messages for the value of a setting that the stack file encrypts. */
const SECRET = "[secret]";

/** A stack's configuration is wrong: every fault at once, before anything is created. */
export class SettingsError extends EthstakeError<{ faults: readonly SettingsFault[] }> {
  readonly code = "SETTINGS_INVALID";
  constructor(faults: readonly SettingsFault[]) {
    const lines = faults.map(({ path, value, remedy }) => `  ethstake:${path} = ${describe(value)}: ${remedy}`);
    super(`The stack's settings have ${faults.length} fault${faults.length === 1 ? "" : "s"}:\n${lines.join("\n")}`, {
      faults,
    });
  }
}

/**
 * Validates a stack's configuration and fills in defaults.
 * @param raw the configuration without its namespace
 * @param secrets top-level keys whose values the stack file encrypts: no message repeats them
 * @param now Unix seconds, for the calendar of forks
 * @throws {@link SettingsError} with every fault
 */
export function parseSettings(
  raw: Readonly<Record<string, unknown>>,
  secrets: ReadonlySet<string> = new Set(),
  now: number = Date.now() / 1_000,
): StackSettings {
  const isPublic = publicSettingsSchema.shape.network.safeParse(raw["network"]).success;
  const schema = isPublic ? publicSettingsSchema : settingsSchema;
  const result = schema.safeParse(raw);
  const faults: SettingsFault[] = (result.error?.issues ?? []).flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          path: formatPath([...issue.path, key]),
          value: valueAt(raw, [...issue.path, key]),
          remedy: `is not a setting; ${knownKeys(schema, issue.path)}`,
        }))
      : [{ path: formatPath(issue.path), value: valueAt(raw, issue.path), remedy: issue.message }],
  );
  faults.push(...(isPublic ? publicCrossChecks(raw) : crossChecks(raw)));
  if (raw["monitoringSecrets"] !== undefined && !secrets.has("monitoringSecrets"))
    faults.push({
      path: "monitoringSecrets",
      value: SECRET,
      remedy: "must be encrypted: pulumi config set --secret --path 'ethstake:monitoringSecrets.NAME'",
    });
  if (result.data && result.data.network !== "devnet") faults.push(...machineFaults(result.data, now));
  if (faults.length > 0 || !result.success)
    throw new SettingsError(faults.map((fault) => withoutSecret(fault, secrets)));
  return result.data;
}

function withoutSecret(fault: SettingsFault, secrets: ReadonlySet<string>): SettingsFault {
  return secrets.has(/^[^.[]*/.exec(fault.path)?.[0] ?? "") ? { ...fault, value: SECRET } : fault;
}

/** The settings that exist at a place, for a misspelt one. */
function knownKeys(root: unknown, path: readonly PropertyKey[]): string {
  let schema = root;
  for (const key of path)
    schema = typeof key === "number" ? unwrap(schema).element : unwrap(schema).shape?.[String(key)];
  const names = Object.keys(unwrap(schema).shape ?? {});
  return names.length > 0 ? `remove it or use one of: ${names.join(", ")}` : "remove it";
}

interface SchemaView {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
}

/** The schema inside defaults, options and transformations. */
function unwrap(schema: unknown): SchemaView {
  let inner = schema;
  while (typeof inner === "object" && inner !== null && "def" in inner) {
    const { innerType, in: before } = inner.def as { innerType?: unknown; in?: unknown };
    if (!innerType && !before) break;
    inner = innerType ?? before;
  }
  return (inner ?? {}) as SchemaView;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
    .join("");
}

function describe(value: unknown): string {
  if (value === SECRET) return SECRET;
  return value === undefined ? "(not set)" : JSON.stringify(value);
}
