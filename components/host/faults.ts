/** What is wrong with hosts, all of it at once, before anything is made. Pure. */
import { parseCidr, WIDEST_SSH, type Cidr } from "../../cloud-init/cidr.ts";
import { spreadFaults } from "./spread.ts";
import { GP3_IOPS, GP3_THROUGHPUT_MBPS, machineType, memoryOf, sizesOf, smallestFit, VOLUME_IOPS } from "./sizes.ts";
import type { HostSpec } from "./spec.ts";

/** One fault. */
export interface HostFault {
  /** Where, from the list of hosts: `hosts[2].sshAllow[0]`. */
  readonly path: string;
  readonly value: unknown;
  /** What it must be, in words that say what to do. */
  readonly message: string;
}

/** What the clients on a host need together. */
export interface HostNeed {
  readonly memoryGiB: number;
  readonly diskGiB: number;
  /** Input/output operations a second. */
  readonly iops?: number;
  /** Nodes with validators on the host; 1 for a host with validators by default. */
  readonly validatorNodes?: number;
}

/** How far validators must be apart. */
export interface FleetRules {
  /** Largest share of the nodes with validators at one provider, above 0 and at most 1. */
  readonly maxProviderShare?: number;
  /** The same for one region. */
  readonly maxRegionShare?: number;
}

/** A gp3 volume gives no more throughput, in megabytes a second, than a quarter of its operations. */
const GP3_THROUGHPUT_PER_IOPS = 0.25;

/**
 * Every fault of a fleet's hosts.
 * @param needs what the clients chosen for each host need, by the host's name
 */
export function hostFaults(
  hosts: readonly HostSpec[],
  needs: Readonly<Record<string, HostNeed>> = {},
  fleet: FleetRules = {},
): HostFault[] {
  const seen = new Map<string, number>();
  const faults = hosts.flatMap((host, index) => {
    const path = `hosts[${index}]`;
    const first = seen.get(host.name);
    if (first === undefined) seen.set(host.name, index);
    const need = Object.hasOwn(needs, host.name) ? needs[host.name] : undefined;
    return [
      ...nameFaults(host, path, first),
      ...generationFaults(host, path),
      ...sshAllowFaults(host, path),
      ...targetFaults(host, path),
      ...memoryFaults(host, path, need),
      ...volumeFaults(host, path, need),
    ];
  });
  return [...faults, ...spreadFaults(hosts, needs, fleet)];
}

function nameFaults({ name }: HostSpec, path: string, first: number | undefined): HostFault[] {
  const at = `${path}.name`;
  if (!/^(?=.{1,40}$)[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) {
    const message = "must be a host name: at most 40 lower-case letters, digits and inner hyphens, a letter first";
    return [{ path: at, value: name, message }];
  }
  if (first === undefined) return [];
  return [{ path: at, value: name, message: `is the name of hosts[${first}] already: give it another` }];
}

function generationFaults({ generation }: HostSpec, path: string): HostFault[] {
  if (generation === undefined || (Number.isInteger(generation) && generation >= 1)) return [];
  const message = "must be a whole number of at least 1: raise it by one to make the server anew";
  return [{ path: `${path}.generation`, value: generation, message }];
}

function sshAllowFaults({ sshAllow, target }: HostSpec, path: string): HostFault[] {
  // The firewall of a machine that was there before is its owner's.
  if (target.kind === "local" || target.kind === "ssh") return [];
  const at = `${path}.sshAllow`;
  if (sshAllow.length === 0) {
    return [
      {
        path: at,
        value: [],
        message: "must name the networks you come from, e.g. 203.0.113.4/32: nobody could log in",
      },
    ];
  }
  return sshAllow.flatMap((block, index) => {
    const message = blockFault(block);
    return message === undefined ? [] : [{ path: `${at}[${index}]`, value: block, message }];
  });
}

/** What is wrong with an address block that may reach SSH. */
function blockFault(block: string): string | undefined {
  const cidr = parseCidr(block);
  if (cidr === undefined) return "must be an address block, e.g. 203.0.113.4/32 or 2001:db8::/48";
  const { address, prefix, family } = cidr;
  if (prefix < WIDEST_SSH[family]) {
    return `must not be (almost) everyone: name the networks you come from, /${WIDEST_SSH[family]} or narrower`;
  }
  return hasHostBits(cidr)
    ? `must begin at the first address of its network: write ${address}/${family === "ipv4" ? 32 : 128} for one machine`
    : undefined;
}

/** Whether an address is not the first of its block. */
function hasHostBits({ address, prefix, family }: Cidr): boolean {
  const bits = addressBits(address, family);
  const hostBits = BigInt((family === "ipv4" ? 32 : 128) - prefix);
  return (bits & ((1n << hostBits) - 1n)) !== 0n;
}

function addressBits(address: string, family: Cidr["family"]): bigint {
  if (family === "ipv4") return address.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  // The URL parser writes every IPv6 address in the same way, IPv4 at its end included.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

function targetFaults({ target }: HostSpec, path: string): HostFault[] {
  if (target.kind === "hetzner" && !target.termsAcknowledged) {
    const message =
      "must be true: Hetzner's terms forbid blockchain nodes; clear it with them and say so here, or choose another provider";
    return [{ path: `${path}.target.termsAcknowledged`, value: target.termsAcknowledged, message }];
  }
  if (target.kind === "aws" && !isZone(target.availabilityZone, target.region)) {
    const message = `must be a zone of the region, e.g. ${target.region}a`;
    return [{ path: `${path}.target.availabilityZone`, value: target.availabilityZone, message }];
  }
  if (target.kind !== "ssh") return [];
  const faults: HostFault[] = [];
  if (!isHostKey(target.hostKey)) {
    faults.push({
      path: `${path}.target.hostKey`,
      value: target.hostKey.includes("PRIVATE KEY") ? "(a private key)" : target.hostKey,
      message: `must be the machine's public host key, whole: ssh-keyscan -t ed25519 ${target.address}, and compare it on the machine`,
    });
  }
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65_535) {
    faults.push({ path: `${path}.target.port`, value: target.port, message: "must be a port, 1 to 65535" });
  }
  if (!/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/.test(target.address)) {
    faults.push({ path: `${path}.target.address`, value: target.address, message: "must be a name or an address" });
  }
  return faults;
}

/** Zones are called by their region and a letter, local ones (`us-west-2-lax-1a`) by more. */
function isZone(zone: string, region: string): boolean {
  return region !== "" && zone.startsWith(region) && /^(-[a-z0-9-]*\d)?[a-z]$/.test(zone.slice(region.length));
}

/** Whether a text is one OpenSSH public key: a type, and a blob that says the same type. */
function isHostKey(text: string): boolean {
  const match = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})( [^\n]*)?$/.exec(text);
  const [, type = "", encoded = ""] = match ?? [];
  if (type === "") return false;
  const blob = Buffer.from(encoded, "base64");
  if (blob.length < 4 + type.length || blob.toString("base64") !== encoded) return false;
  const named = blob.readUInt32BE() === type.length && blob.toString("latin1", 4, 4 + type.length) === type;
  // An ED25519 key is 32 bytes with their length.
  return named && (type !== "ssh-ed25519" || blob.length === 4 + type.length + 4 + 32);
}

function memoryFaults(host: HostSpec, path: string, need: HostNeed | undefined): HostFault[] {
  const { target, allowUndersized = false } = host;
  const type = machineType(target);
  const memory = memoryOf(host);
  const at = type ? `${path}.target.${type.setting}` : `${path}.memoryGiB`;
  if (host.memoryGiB !== undefined && !(host.memoryGiB > 0)) {
    return [{ path: `${path}.memoryGiB`, value: host.memoryGiB, message: "must be a number of GiB above 0" }];
  }
  if (memory === undefined) {
    // A machine that is not bought by type is its owner's to judge, unless the settings say what it has.
    if (!type) return [];
    const known = [...(sizesOf(target)?.keys() ?? [])].join(", ");
    const message = `is no type that is known here (${known}): choose one of them, or set memoryGiB of the host`;
    return [{ path: at, value: type.value, message }];
  }
  if (need === undefined || allowUndersized || memory >= need.memoryGiB) return [];
  const fit = smallestFit(target, need.memoryGiB);
  const way = fit === undefined ? "choose a larger machine" : `choose ${fit} or larger`;
  const message = `has ${memory} GiB of memory and its clients need ${need.memoryGiB}: ${way}, choose smaller clients, or set allowUndersized`;
  return [{ path: at, value: type?.value ?? memory, message }];
}

function volumeFaults(
  { target, dataVolume, allowUndersized = false }: HostSpec,
  path: string,
  need?: HostNeed,
): HostFault[] {
  const at = `${path}.dataVolume`;
  const { sizeGiB, iops, throughputMBps } = dataVolume;
  const faults: HostFault[] = [];
  if (!Number.isInteger(sizeGiB) || sizeGiB < 10) {
    faults.push({ path: `${at}.sizeGiB`, value: sizeGiB, message: "must be a whole number of GiB, at least 10" });
  } else if (need && !allowUndersized && sizeGiB < need.diskGiB) {
    const message = `is less than the ${need.diskGiB} GiB that its clients need: set at least ${need.diskGiB}, or allowUndersized`;
    faults.push({ path: `${at}.sizeGiB`, value: sizeGiB, message });
  }
  const had = iopsOf(target.kind, iops);
  if (need?.iops !== undefined && had !== undefined && !allowUndersized && had < need.iops) {
    const way =
      target.kind === "aws"
        ? `set at least ${need.iops}`
        : "choose a provider with faster volumes, or a machine of your own with local NVMe";
    const message = `gives ${had} operations a second and its clients need ${need.iops}: ${way}, or set allowUndersized`;
    faults.push({ path: `${at}.iops`, value: iops, message });
  }
  if (target.kind !== "aws") return faults;
  if (iops !== undefined && (!Number.isInteger(iops) || iops < GP3_IOPS)) {
    faults.push({
      path: `${at}.iops`,
      value: iops,
      message: `must be a whole number of at least ${GP3_IOPS}: gp3 has no less`,
    });
  }
  const most = Math.floor((iops ?? GP3_IOPS) * GP3_THROUGHPUT_PER_IOPS);
  if (throughputMBps !== undefined && (throughputMBps < GP3_THROUGHPUT_MBPS || throughputMBps > most)) {
    const message = `must be ${GP3_THROUGHPUT_MBPS} to ${most}: a gp3 volume gives at most a quarter of its IOPS`;
    faults.push({ path: `${at}.throughputMBps`, value: throughputMBps, message });
  }
  return faults;
}

/** Operations a second of a data volume; undefined where nobody says. */
function iopsOf(kind: HostSpec["target"]["kind"], given: number | undefined): number | undefined {
  if (kind === "aws") return given ?? GP3_IOPS;
  return kind === "ssh" || kind === "local" ? given : VOLUME_IOPS[kind];
}
