import type { ComponentResourceOptions } from "@pulumi/pulumi";
import { AwsHost } from "./aws.ts";
import { DigitalOceanHost } from "./digitalocean.ts";
import { HetznerHost } from "./hetzner.ts";
import type { Host, HostArgs } from "./host.ts";
import { LocalHost } from "./local.ts";
import type { HostSpec } from "./spec.ts";
import { SshHost } from "./ssh.ts";

export { awsRegions } from "./aws.ts";
export { HostKeyFileError, HostLoginMissingError } from "./errors.ts";
export type { Host, HostArgs } from "./host.ts";

/** Makes a host of whatever kind its target says. Check the settings with `hostFaults` before. */
export function createHost(spec: HostSpec, args: HostArgs, options?: ComponentResourceOptions): Host {
  const { target } = spec;
  switch (target.kind) {
    case "aws":
      return new AwsHost({ ...spec, target }, args, options);
    case "hetzner":
      return new HetznerHost({ ...spec, target }, args, options);
    case "digitalocean":
      return new DigitalOceanHost({ ...spec, target }, args, options);
    case "ssh":
      return new SshHost({ ...spec, target }, args, options);
    case "local":
      return new LocalHost({ ...spec, target }, options);
  }
}
