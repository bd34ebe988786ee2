import { EthstakeError } from "../../lib/errors.ts";

/** A host cannot be reached over SSH, or a command on it failed. Never repeats a key. */
export class HostConnectionError extends EthstakeError<{ host: string; port: number; user: string }> {
  readonly code = "HOST_CONNECTION";
  constructor(to: { host: string; port: number; user: string }, problem: string, cause?: unknown) {
    const { host, port, user } = to;
    super(
      `The host ${user}@${host}:${port} ${problem}.`,
      { host, port, user },
      {
        remedy:
          "Check that it runs, that its sshAllow has this machine's address, and that the login key is the stack's.",
        cause,
      },
    );
  }
}

/** A host presents another key than the pinned one: somebody may be in between, or the machine was made anew elsewhere. */
export class HostKeyMismatchError extends EthstakeError<{ host: string; pinned: string; presented: string }> {
  readonly code = "HOST_KEY_MISMATCH";
  constructor(host: string, pinned: string, presented: string) {
    super(
      `The host ${host} presented the key ${presented}, but ${pinned} is pinned.`,
      { host, pinned, presented },
      { remedy: "Nothing was sent. Find out why before the pin is changed: docs/RUNBOOK.md, 'A host key changed'." },
    );
  }
}
