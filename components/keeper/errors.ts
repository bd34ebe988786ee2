import { EthstakeError } from "../../lib/errors.ts";
import type { KeeperFault } from "./spec.ts";

/** A keeper cannot be written down. */
export class KeeperInvalidError extends EthstakeError<{ readonly faults: readonly KeeperFault[] }> {
  readonly code = "KEEPER_INVALID";
  constructor(name: string, faults: readonly KeeperFault[]) {
    super(`The keeper ${name} cannot be made: ${faults.map(({ path, message }) => `${path} ${message}`).join("; ")}.`, {
      faults,
    });
  }
}

/** The private key of a keeper's account cannot be used. It is in no message. */
export class KeeperKeyError extends EthstakeError<{ readonly account: string }> {
  readonly code = "KEEPER_KEY";
  constructor(account: string, problem: string, cause?: unknown) {
    super(
      `The private key of the keepers' account ${account} ${problem}.`,
      { account },
      { remedy: "Put the account's key (32 bytes in hex) into its keyFile, mode 0600, or name a signerUrl.", cause },
    );
  }
}
