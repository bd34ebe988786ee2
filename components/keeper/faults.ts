/** What is wrong with a keeper by itself, all of it at once, before anything is made. Pure. */
import { isIPv4 } from "node:net";
import { isAddress } from "viem";
import { isPrivate } from "../../cloud-init/cidr.ts";
import { KEEPER_PORT, type KeeperFault, type KeeperSpec } from "./spec.ts";

/** As the container's project and folder have it: nodes' names are the same kind. */
const NAME = /^[a-z][a-z0-9-]{0,30}$/;
/** Projects that other parts of a stack have. */
const TAKEN: readonly string[] = ["gateway", "monitoring"];
/** Mebibytes that a keeper needs at least: Node itself, and an answer of 4,000 validators at a time. */
const LEAST_MEMORY_MIB = 256;

/** Every fault of a keeper's description; none means that it can be rendered. */
export function keeperFaults(spec: KeeperSpec): KeeperFault[] {
  return [...nameFaults(spec), ...accountFaults(spec), ...urlFaults(spec), ...placeFaults(spec)];
}

function nameFaults({ name, node }: KeeperSpec): KeeperFault[] {
  const faults: KeeperFault[] = [];
  if (!NAME.test(name))
    faults.push({
      path: "name",
      value: name,
      message: "must be lower-case letters, digits and hyphens, a letter first",
    });
  if (TAKEN.includes(name) || name === node)
    faults.push({ path: "name", value: name, message: "is the name of something else on a host; choose another" });
  if (!NAME.test(node)) faults.push({ path: "node", value: node, message: "must be the name of a node" });
  return faults;
}

function accountFaults({ accounts }: KeeperSpec): KeeperFault[] {
  return Object.entries(accounts).flatMap(([role, account]) => {
    const faults: KeeperFault[] = [];
    const { name, address, signerUrl } = account;
    if (!NAME.test(name))
      faults.push({ path: `accounts.${role}`, value: name, message: "must be the name of an account" });
    if (!isAddress(address))
      faults.push({ path: `accounts.${role}.address`, value: address, message: "must be an address" });
    if (signerUrl === undefined) return faults;
    if (isOwnLoopback(signerUrl))
      faults.push({
        path: `accounts.${role}.signerUrl`,
        value: signerUrl,
        message: "must not be loopback, which is the keeper's own container there: give the signer a private address",
      });
    return faults;
  });
}

function urlFaults({ options: { prometheus } }: KeeperSpec): KeeperFault[] {
  if (!prometheus || !isOwnLoopback(prometheus.url)) return [];
  return [
    {
      path: "options.prometheus.url",
      value: prometheus.url,
      message: "must not be loopback, which is the keeper's own container there: give Prometheus' private address",
    },
  ];
}

function placeFaults({ metricsAddress, port, directory, memoryMiB, ...owner }: KeeperSpec): KeeperFault[] {
  const faults: KeeperFault[] = [];
  if (metricsAddress !== undefined && !isInside(metricsAddress))
    faults.push({
      path: "metricsAddress",
      value: metricsAddress,
      message: "must be a loopback or private IPv4 address: metrics answer whoever asks",
    });
  if (!Number.isInteger(port) || port < 1_024 || port > 65_535)
    faults.push({ path: "port", value: port, message: `must be a port, 1024 to 65535, e.g. ${KEEPER_PORT}` });
  if (!/^(\/[A-Za-z0-9_.-]+)+$/.test(directory) || directory.split("/").some((part) => /^\.+$/.test(part)))
    faults.push({ path: "directory", value: directory, message: "must be an absolute path without spaces" });
  if (!Number.isInteger(memoryMiB) || memoryMiB < LEAST_MEMORY_MIB)
    faults.push({ path: "memoryMiB", value: memoryMiB, message: `must be at least ${LEAST_MEMORY_MIB}` });
  for (const key of ["uid", "gid"] as const)
    if (!Number.isInteger(owner[key]) || owner[key] < 1)
      faults.push({ path: key, value: owner[key], message: "must be a number of at least 1: never root" });
  return faults;
}

/** Whether a URL means the machine, or the container, that asks. */
function isOwnLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return /^(localhost|.*\.localhost|127\.[\d.]+|0\.0\.0\.0|\[::1?\])$/.test(hostname);
}

/** Whether an IPv4 address is loopback or private. */
function isInside(address: string): boolean {
  if (!isIPv4(address)) return false;
  return address.startsWith("127.") || isPrivate({ address, prefix: 32, family: "ipv4" });
}
