import { runtime } from "@pulumi/pulumi";
import { settingKey, settingsOf } from "./namespace.ts";

/**
 * The stack's configuration as one object, without its namespace. Pulumi hands every value over as text; what reads as JSON is
 * taken as JSON, so that numbers and lists come as such.
 */
export function readConfiguration(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settingsOf(runtime.allConfig())).map(([key, text]) => [key, parseValue(text)]),
  );
}

/** The keys of the configuration whose values the stack file encrypts, without their namespace. */
export function readSecretKeys(): ReadonlySet<string> {
  // Pulumi's language hosts tell programs by this variable (sdk/nodejs/runtime/config.ts); the SDK has no public function for it.
  const keys = parseValue(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]");
  if (!Array.isArray(keys)) return new Set();
  return new Set(keys.flatMap((key: unknown) => (typeof key === "string" ? (settingKey(key) ?? []) : [])));
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
