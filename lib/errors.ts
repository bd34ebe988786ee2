import { inspect } from "node:util";

/** What an {@link EthstakeError} carries besides its message. */
export interface EthstakeErrorOptions {
  /** What the user can do about it: one imperative sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * Base of every error that ethstake raises on purpose. Subclasses fix a stable `code` (upper snake case, part of the public
 * interface: scripts match on it) and keep in `data` what is needed to act on the error. `data` never holds a secret.
 */
export abstract class EthstakeError<Data extends object = object> extends Error {
  abstract readonly code: string;
  readonly data: Data;
  readonly remedy: string | undefined;

  constructor(message: string, data: Data, options: EthstakeErrorOptions = {}) {
    super(options.remedy ? `${message} ${options.remedy}` : message, { cause: options.cause });
    this.name = new.target.name;
    this.data = data;
    this.remedy = options.remedy;
  }
}

/** The message of anything that may have been thrown. What else an object holds is not shown: it may be a secret. */
export function errorMessage(error: unknown): string {
  if (typeof error === "string") return error;
  if (typeof error !== "object" || error === null) return inspect(error);
  return "message" in error && typeof error.message === "string"
    ? error.message
    : Object.prototype.toString.call(error);
}
