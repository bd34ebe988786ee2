import { EthstakeError } from "../../lib/errors.ts";

/** An SSH host has no private key to log in with. */
export class HostLoginMissingError extends EthstakeError<{ readonly host: string }> {
  readonly code = "HOST_LOGIN_MISSING";
  constructor(host: string) {
    super(
      `The host ${host} is reached over SSH and no private key is set for it.`,
      { host },
      { remedy: "Set the key that logs in as a secret of the stack." },
    );
  }
}
