import type { ProviderResource, Output, Resource } from "@pulumi/pulumi";
import type { CloudInitSpec } from "../../cloud-init/spec.ts";
import type { HostConnection, HostSecrets, HostSpec, HostTarget } from "./spec.ts";

/** What every host gives, whatever it is made of. */
export interface Host {
  readonly name: string;
  readonly kind: HostTarget["kind"];
  /** Where its peers reach it. It stays when the server is made anew. */
  readonly publicAddress: Output<string>;
  /** Its address in the private network; the public one where there is none. */
  readonly privateAddress: Output<string>;
  /** How commands reach it. Undefined for this machine: commands run here (`local.Command`). */
  readonly connection: HostConnection | undefined;
  /** Where its nodes keep their files. */
  readonly dataDirectory: string;
  /** URN of the data volume; undefined where the machine is not ours to make. */
  readonly dataVolume: Output<string> | undefined;
  /** Identifies the machine behind the address: another one has to be given its nodes and rules anew. */
  readonly machine: Output<string>;
  /** What commands on the host must wait for: the machine is up, its volume mounted, Docker there. */
  readonly ready: readonly Resource[];
}

/** What a host needs besides its spec. */
export interface HostArgs {
  /** Renders what a new machine's first boot is told. */
  readonly renderUserData: (spec: CloudInitSpec) => string;
  readonly secrets?: HostSecrets;
  /** The AWS provider of a region, see `awsRegions`; by default each AWS host makes one of its own. */
  readonly awsProvider?: (region: string) => ProviderResource;
}

/** A host's spec with the kind of its target known. */
export type HostSpecOf<Target extends HostTarget> = HostSpec & { readonly target: Target };

/** Whether server and volume are protected. */
export function isProtected(spec: HostSpec): boolean {
  return spec.protected ?? spec.hasValidators;
}

/**
 * Labels of a host's resources: whose they are, and whether keys live there that must not be lost. The policies read them
 * (policy/README.md): a host whose protection the settings lift says so, and passes.
 */
export function labelsOf(spec: HostSpec): Record<string, string> {
  return { ethstake: spec.name, "ethstake-validators": String(isProtected(spec)) };
}

/** Labels of its data volume: how it is backed up, too. */
export function volumeLabelsOf(spec: HostSpec): Record<string, string> {
  return { ...labelsOf(spec), "ethstake-backup": spec.dataVolume.backup ?? "none" };
}

/** Labels as a cloud takes them that has words only. */
export function labelWords(labels: Readonly<Record<string, string>>): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}:${value}`);
}

/** Everyone, in both families. */
export const EVERYONE = ["0.0.0.0/0", "::/0"] as const;

/** Range of a host's private network, and its subnet. Each host has a network of its own: they need not differ. */
export const PRIVATE_RANGE = "10.42.0.0/16";
export const PRIVATE_SUBNET = "10.42.1.0/24";
/** The server's address in it. */
export const PRIVATE_ADDRESS = "10.42.1.10";
