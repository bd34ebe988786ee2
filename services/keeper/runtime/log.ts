import { pino, type Logger } from "pino";
import { errorMessage, EthstakeError } from "../../../lib/errors.ts";

export type { Logger } from "pino";

/** The keeper's log: a JSON object a line on standard output. Times are Unix milliseconds. */
export function openLog(name: string): Logger {
  return pino({ name, base: { name } });
}

/** An error as it is logged: its code and what it says. */
export function describeError(error: unknown): { readonly code: string; readonly error: string } {
  if (error instanceof EthstakeError) return { code: error.code, error: error.message };
  return { code: "UNEXPECTED", error: errorMessage(error) };
}
