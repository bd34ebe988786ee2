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

/** The file with the private key that logs in to a machine cannot be used. */
export class HostKeyFileError extends EthstakeError<{ readonly host: string; readonly file: string }> {
  readonly code = "HOST_KEY_FILE";
  constructor(host: string, file: string, problem: string, cause?: unknown) {
    super(
      `The private key ${file} for the host ${host} ${problem}.`,
      { host, file },
      { remedy: "It must be an OpenSSH private key that belongs to the user who runs this, with mode 0600.", cause },
    );
  }
}
