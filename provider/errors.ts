import { EthstakeError } from "../lib/errors.ts";

/** A resource type token that this provider does not have. */
export class UnknownResourceTypeError extends EthstakeError<{ type: string; known: readonly string[] }> {
  readonly code = "UNKNOWN_RESOURCE_TYPE";
  constructor(type: string, known: readonly string[]) {
    super(
      `The provider ethstake has no resource type ${type}.`,
      { type, known },
      { remedy: `It has: ${known.join(", ")}.` },
    );
  }
}
