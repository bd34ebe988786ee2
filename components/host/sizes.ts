/** What the machine types of the clouds offer. Vendors add types all the time: one that is not here needs `memoryGiB` in the settings. */
import type { HostSpec, HostTarget } from "./spec.ts";

/** What a gp3 volume of AWS has at least, and at no extra cost: operations and megabytes a second. */
export const GP3_IOPS = 3000;
export const GP3_THROUGHPUT_MBPS = 125;

/** A machine type. */
export interface MachineSize {
  readonly vcpus: number;
  readonly memoryGiB: number;
}

/** Types of an AWS family from xlarge to 4xlarge, by GiB a virtual processor. */
function awsFamily(family: string, perVcpu: number): [string, MachineSize][] {
  return [4, 8, 16].map((vcpus) => {
    const name = vcpus === 4 ? "xlarge" : `${vcpus / 4}xlarge`;
    return [`${family}.${name}`, { vcpus, memoryGiB: vcpus * perVcpu }];
  });
}

/** DigitalOcean's sizes of a family: their names say what they are. */
function dropletFamily(family: string, perVcpu: number, vcpus: readonly number[]): [string, MachineSize][] {
  return vcpus.map((count) => {
    const memoryGiB = count * perVcpu;
    return [family === "c" ? `c-${count}` : `${family}-${count}vcpu-${memoryGiB}gb`, { vcpus: count, memoryGiB }];
  });
}

function hetznerTypes(sizes: Readonly<Record<string, readonly [vcpus: number, memoryGiB: number]>>) {
  return Object.entries(sizes).map(([name, [vcpus, memoryGiB]]): [string, MachineSize] => [name, { vcpus, memoryGiB }]);
}

/** Known machine types, by kind of target. */
export const MACHINE_SIZES: Readonly<Record<"aws" | "hetzner" | "digitalocean", ReadonlyMap<string, MachineSize>>> = {
  aws: new Map([
    ...["m5", "m6i", "m7i"].flatMap((family) => awsFamily(family, 4)),
    ...["r6i", "r7i", "i4i"].flatMap((family) => awsFamily(family, 8)),
  ]),
  hetzner: new Map(
    hetznerTypes({
      ...{ ccx13: [2, 8], ccx23: [4, 16], ccx33: [8, 32], ccx43: [16, 64], ccx53: [32, 128], ccx63: [48, 192] },
      ...{ cpx11: [2, 2], cpx21: [3, 4], cpx31: [4, 8], cpx41: [8, 16], cpx51: [16, 32] },
      ...{ cpx12: [1, 2], cpx22: [2, 4], cpx32: [4, 8], cpx42: [8, 16], cpx52: [12, 24], cpx62: [16, 32] },
      ...{ cax11: [2, 4], cax21: [4, 8], cax31: [8, 16], cax41: [16, 32] },
    }),
  ),
  digitalocean: new Map([
    ...dropletFamily("so1_5", 8, [2, 4, 8, 16, 24, 32]),
    ...dropletFamily("m", 8, [2, 4, 8, 16, 24, 32]),
    ...dropletFamily("g", 4, [2, 4, 8, 16, 32, 40]),
    ...dropletFamily("c", 2, [2, 4, 8, 16, 32, 48]),
  ]),
};

/** Input/output operations a second that a data volume has, where they are not sold: what the vendors say they hold, not bursts. */
export const VOLUME_IOPS: Readonly<Record<"hetzner" | "digitalocean", number>> = { hetzner: 5000, digitalocean: 7500 };

/** The machine type of a target, and the setting that names it; undefined for a machine that is not bought by type. */
export function machineType(target: HostTarget): { readonly setting: string; readonly value: string } | undefined {
  switch (target.kind) {
    case "aws":
      return { setting: "instanceType", value: target.instanceType };
    case "hetzner":
      return { setting: "serverType", value: target.serverType };
    case "digitalocean":
      return { setting: "size", value: target.size };
    default:
      return undefined;
  }
}

/** Sizes of the target's vendor; undefined for a machine that is not bought by type. */
export function sizesOf(target: HostTarget): ReadonlyMap<string, MachineSize> | undefined {
  return target.kind === "ssh" || target.kind === "local" ? undefined : MACHINE_SIZES[target.kind];
}

/** Memory of a host: what the settings say, else what its type has; undefined when neither is known. */
export function memoryOf({ target, memoryGiB }: HostSpec): number | undefined {
  return memoryGiB ?? sizesOf(target)?.get(machineType(target)?.value ?? "")?.memoryGiB;
}

/** The smallest type with enough memory: of the same family when there is one, else of the vendor. */
export function smallestFit(target: HostTarget, memoryGiB: number): string | undefined {
  const fits = [...(sizesOf(target) ?? [])].filter(([, size]) => size.memoryGiB >= memoryGiB);
  const family = familyOf(machineType(target)?.value ?? "");
  const [best] = fits.sort(
    ([left, a], [right, b]) =>
      Number(familyOf(right) === family) - Number(familyOf(left) === family) || a.memoryGiB - b.memoryGiB,
  );
  return best?.[0];
}

function familyOf(type: string): string {
  return /^(?:[a-z]+\d+[a-z]*(?=\.)|[a-z]+\d_\d|[a-z]+)/.exec(type)?.[0] ?? type;
}
