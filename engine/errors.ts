/** Everything the engine refuses or fails on purpose, each with a stable code. */
import { EthstakeError } from "../lib/errors.ts";

/** Faults in Pulumi.yaml, Pulumi.<stack>.yaml or the configuration: all of them, one a line. */
export class ProjectError extends EthstakeError<{ readonly faults: readonly string[] }> {
  readonly code = "PROJECT_INVALID";
  constructor(faults: readonly string[]) {
    super(
      faults.length === 1 ? (faults[0] ?? "") : `${faults.length} faults:\n${faults.map((f) => `  - ${f}`).join("\n")}`,
      {
        faults,
      },
    );
  }
}

/** The command line, or the arguments of a programmatic call, do not fit. */
export class UsageError extends EthstakeError {
  readonly code = "USAGE";
  constructor(message: string, remedy?: string) {
    super(message, {}, remedy === undefined ? {} : { remedy });
  }
}

/** Another run holds the stack. */
export class StackLockedError extends EthstakeError<{ readonly pid: number; readonly path: string }> {
  readonly code = "STACK_LOCKED";
  constructor(stack: string, pid: number, command: string, path: string) {
    super(
      `The stack ${stack} is in use by process ${pid} (${command}).`,
      { pid, path },
      { remedy: "Wait until it ends, or stop that process." },
    );
  }
}

/** The state on disk, or a deployment to import, cannot be used. */
export class StateError extends EthstakeError<{ readonly path: string }> {
  readonly code = "STATE_INVALID";
}

/** A secret must be written or read and there is no passphrase. */
export class PassphraseMissingError extends EthstakeError {
  readonly code = "PASSPHRASE_MISSING";
  constructor(why: string) {
    super(
      `${why}, and no passphrase is set.`,
      {},
      {
        remedy: "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.",
      },
    );
  }
}

/** The passphrase is not the one that the secrets were encrypted with, or a ciphertext is damaged. */
export class PassphraseWrongError extends EthstakeError {
  readonly code = "PASSPHRASE_WRONG";
}

/** A provider's program was not found. */
export class ProviderNotFoundError extends EthstakeError<{
  readonly name: string;
  readonly searched: readonly string[];
}> {
  readonly code = "PROVIDER_NOT_FOUND";
  constructor(name: string, searched: readonly string[]) {
    super(
      `No provider "${name}" was found. Searched: ${searched.join("; ")}.`,
      { name, searched },
      {
        remedy: `Declare it under plugins.providers in Pulumi.yaml with its path, or put pulumi-resource-${name} on the PATH.`,
      },
    );
  }
}

/** A plugin process did not start, or went away. */
export class PluginError extends EthstakeError<{ readonly name: string }> {
  readonly code = "PLUGIN_FAILED";
}

/** A provider call failed. `reasons` is set when the resource exists but did not become ready. */
export class ProviderCallError extends EthstakeError<{
  readonly method: string;
  /** The provider does not have the method. */
  readonly unimplemented: boolean;
  /** The provider went away: whether the call took effect is not known. */
  readonly gone: boolean;
  readonly details: Uint8Array | undefined;
}> {
  readonly code = "PROVIDER_CALL_FAILED";
}

/** A resource cannot be registered, or a step on it failed. */
export class ResourceError extends EthstakeError<{ readonly urn: string }> {
  readonly code = "RESOURCE_FAILED";
}

/** Something of Pulumi that this engine does not do. */
export class UnsupportedError extends EthstakeError {
  readonly code = "UNSUPPORTED";
  constructor(what: string) {
    super(`${what} not supported by this engine.`, {}, { remedy: "Use the official pulumi CLI for it." });
  }
}

/** The run was interrupted. */
export class CancelledError extends EthstakeError {
  readonly code = "CANCELLED";
  constructor() {
    super("The run was interrupted.", {});
  }
}
