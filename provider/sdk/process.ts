import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import { withOutputs } from "./common.ts";

export interface ProcessArgs {
  /** Lower-case letters, digits and hyphens. */
  readonly name: Input<string>;
  /** Folder of the network's files. */
  readonly directory: Input<string>;
  /** `node`, an absolute path, or a command on the PATH. */
  readonly command: Input<string>;
  /** Visible to every user of the machine: secrets go by file. */
  readonly args: Input<readonly Input<string>[]>;
  readonly environment?: Input<Record<string, Input<string>>>;
  /** Files that it reads, by their names in `processes/NAME/files` of the folder. No secrets. */
  readonly files?: Input<Record<string, Input<string>>>;
  /** Arguments for one run before the first start. */
  readonly prepare?: Input<readonly Input<string>[]>;
  /** TCP ports by the names of the settings that choose them. */
  readonly ports?: Input<Record<string, Input<number>>>;
  readonly readiness: Input<{
    readonly url: Input<string>;
    readonly kind: Input<"http" | "json-rpc">;
    readonly timeoutSeconds?: Input<number>;
  }>;
  readonly stopGraceSeconds?: Input<number>;
  /** Values whose change restarts the process. */
  readonly triggers?: Input<readonly Input<unknown>[]>;
}

/** A supervised local process. */
export class Process extends CustomResource {
  /** Process id of its supervisor. */
  declare readonly pid: Output<number>;
  /** ISO time. */
  declare readonly startedAt: Output<string>;
  declare readonly logFile: Output<string>;

  constructor(name: string, args: ProcessArgs, options?: CustomResourceOptions) {
    super("ethstake:index:Process", name, withOutputs(args, ["pid", "startedAt", "logFile"]), options);
  }
}
