import {
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import { childOptions } from "../options.ts";
import { HostLoginMissingError } from "./errors.ts";
import type { Host, HostArgs, HostSpecOf } from "./host.ts";
import { checkMachine } from "./machine.ts";
import { DATA_DIRECTORY, type HostConnection, type SshTarget } from "./spec.ts";

/** A machine that exists. Its firewall, its disk and its system are its owner's; what is made here is a check that it fits. */
export class SshHost extends ComponentResource implements Host {
  readonly kind = "ssh";
  readonly name: string;
  readonly publicAddress: Output<string>;
  readonly privateAddress: Output<string>;
  readonly connection: HostConnection;
  readonly dataDirectory = DATA_DIRECTORY;
  readonly dataVolume = undefined;
  readonly machine: Output<string>;
  readonly ready: readonly Resource[];

  constructor(spec: HostSpecOf<SshTarget>, args: HostArgs, options?: ComponentResourceOptions) {
    super("ethstake:index:SshHost", spec.name, {}, options);
    const { name, target } = spec;
    const privateKey = args.secrets?.privateKey;
    if (privateKey === undefined) throw new HostLoginMissingError(name);
    this.name = name;
    this.publicAddress = output(target.address);
    this.privateAddress = output(target.address);
    const { address: host, port, user, hostKey } = target;
    this.connection = { host, port, user, privateKey: secret(privateKey), hostKey };
    // The host key is the machine: whoever moves the disk to another box moves both.
    this.machine = output(hostKey);
    this.ready = [checkMachine(name, this.connection, childOptions(this, options))];
    this.registerOutputs({ publicAddress: this.publicAddress, privateAddress: this.privateAddress });
  }
}
