import { Command as LocalCommand } from "@pulumi/command/local/command.js";
import { Command as RemoteCommand } from "@pulumi/command/remote/command.js";
import type { CustomResourceOptions, Output } from "@pulumi/pulumi";
import type { HostConnection } from "./spec.ts";

/** A script, and what else of the command a plan shows. */
export interface HostScript {
  readonly create: Output<string>;
  readonly delete?: Output<string>;
  readonly stdin: Output<string>;
  readonly triggers?: string[];
}

/** A script on a host (this machine without a connection), run again whenever it or its input changes. */
export function runOnHost(
  name: string,
  connection: HostConnection | undefined,
  inputs: HostScript,
  options: CustomResourceOptions,
): LocalCommand | RemoteCommand {
  // No script reads what its last run said, and sshd takes no variables: without this, every change comes with a warning.
  const commands = { ...inputs, update: inputs.create, addPreviousOutputInEnv: false };
  return connection === undefined
    ? new LocalCommand(name, { ...commands, interpreter: ["/bin/sh", "-c"] }, options)
    : new RemoteCommand(name, { ...commands, connection }, options);
}
