import { Command } from "@pulumi/command/local/command.js";
import { ComponentResource, output, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { childOptions } from "../options.ts";
import type { Host, HostSpecOf } from "./host.ts";
import { DATA_DIRECTORY, type LocalTarget } from "./spec.ts";

/** This machine. Commands for it run here, so it has no connection. */
export class LocalHost extends ComponentResource implements Host {
  readonly kind = "local";
  readonly name: string;
  readonly publicAddress: Output<string>;
  readonly privateAddress: Output<string>;
  readonly connection = undefined;
  readonly dataDirectory: string;
  readonly dataVolume = undefined;
  readonly machine: Output<string>;
  readonly ready: readonly Resource[];

  constructor(spec: HostSpecOf<LocalTarget>, options?: ComponentResourceOptions) {
    super("ethstake:index:LocalHost", spec.name, {}, options);
    this.name = spec.name;
    this.publicAddress = output("127.0.0.1");
    this.privateAddress = output("127.0.0.1");
    this.dataDirectory = spec.target.directory ?? DATA_DIRECTORY;
    this.machine = output(spec.name);
    const create = "docker compose version >/dev/null";
    this.ready = [new Command(`${spec.name}-ready`, { create, triggers: [create] }, childOptions(this, options))];
    this.registerOutputs({ publicAddress: this.publicAddress, privateAddress: this.privateAddress });
  }
}
