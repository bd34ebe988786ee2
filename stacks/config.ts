import { runtime } from "@pulumi/pulumi";

const NAMESPACE = "ethstake:";

/**
 * The stack's configuration as one object, without its namespace. Pulumi hands every value over as text; what reads as JSON is
 * taken as JSON, so that numbers and lists come as such.
 */
export function readConfiguration(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(runtime.allConfig() ?? {})
      .filter(([key]) => key.startsWith(NAMESPACE))
      .map(([key, text]) => [key.slice(NAMESPACE.length), parseValue(text)]),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
