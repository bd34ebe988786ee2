import { isPrivate, parseCidr, WIDEST_SSH } from "./cidr.ts";
import type { CloudInitSpec } from "./spec.ts";
import { parsePublicKey, publicBlobOf } from "./ssh-keys.ts";

/** What is wrong with a machine's description. */
export interface CloudInitFault {
  /** Where: `sshAllow[0]`. */
  readonly path: string;
  /** What was given; never the private key. */
  readonly value: unknown;
  /** What it must be, in words that say what to do. */
  readonly message: string;
}

/** Every fault of a machine's description at once; none means that {@link renderCloudInit} takes it. */
export function cloudInitFaults(spec: CloudInitSpec): readonly CloudInitFault[] {
  return [
    ...nameFaults(spec),
    ...keyFaults(spec),
    ...hostKeyFaults(spec),
    ...sshFaults(spec),
    ...portFaults(spec),
    ...dataFaults(spec),
    ...networkFaults(spec),
  ];
}

function nameFaults({ hostname, user }: CloudInitSpec): CloudInitFault[] {
  const faults: CloudInitFault[] = [];
  if (!/^(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(hostname))
    faults.push({
      path: "hostname",
      value: hostname,
      message: "must be a host name: at most 63 lower-case letters, digits and inner hyphens",
    });
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user) || user === "root")
    faults.push({
      path: "user",
      value: user,
      message: "must name an account other than root, in lower-case letters, digits, _ and -",
    });
  return faults;
}

function keyFaults({ authorizedKeys }: CloudInitSpec): CloudInitFault[] {
  if (authorizedKeys.length === 0)
    return [{ path: "authorizedKeys", value: [], message: "give at least one key: nobody could log in" }];
  return authorizedKeys.flatMap((key, index) =>
    parsePublicKey(key)
      ? []
      : [
          {
            path: `authorizedKeys[${index}]`,
            // A private key pasted here by mistake must not travel on in a message.
            value: key.includes("PRIVATE KEY") ? "(a private key)" : key,
            message: "must be one OpenSSH public key, whole: ssh-ed25519 AAAA…",
          },
        ],
  );
}

function hostKeyFaults({ hostKey }: CloudInitSpec): CloudInitFault[] {
  const pub = parsePublicKey(hostKey.public);
  const faults: CloudInitFault[] = [];
  if (pub?.type !== "ssh-ed25519")
    faults.push({
      path: "hostKey.public",
      value: hostKey.public.includes("PRIVATE KEY") ? "(a private key)" : hostKey.public,
      message: "must be an ed25519 key: ssh-ed25519 AAAA…; make one with ssh-keygen -t ed25519",
    });
  const inner = publicBlobOf(hostKey.private);
  if (!inner)
    faults.push({
      path: "hostKey.private",
      value: "(secret)",
      message: "must be an OpenSSH private key without a passphrase: -----BEGIN OPENSSH PRIVATE KEY-----",
    });
  else if (pub?.type === "ssh-ed25519" && !inner.equals(pub.blob))
    faults.push({
      path: "hostKey",
      value: hostKey.public,
      message: "the public key is not the private key's other half; take both from one pair",
    });
  return faults;
}

function sshFaults({ sshAllow, sshPort }: CloudInitSpec): CloudInitFault[] {
  const faults: CloudInitFault[] = [];
  if (!isPort(sshPort)) faults.push({ path: "sshPort", value: sshPort, message: "must be a port, 1 to 65535" });
  if (sshAllow.length === 0)
    faults.push({
      path: "sshAllow",
      value: [],
      message: "name the address blocks that may reach SSH, e.g. 198.51.100.7/32: nobody could",
    });
  for (const [index, block] of sshAllow.entries()) {
    const path = `sshAllow[${index}]`;
    const cidr = parseCidr(block);
    if (!cidr) faults.push({ path, value: block, message: "must be an address block, e.g. 198.51.100.7/32" });
    else if (cidr.prefix < WIDEST_SSH[cidr.family])
      faults.push({
        path,
        value: block,
        message: `must not be (almost) everyone: name the networks you come from, /${WIDEST_SSH[cidr.family]} or narrower`,
      });
  }
  return faults;
}

function portFaults({ ports, sshPort }: CloudInitSpec): CloudInitFault[] {
  const faults: CloudInitFault[] = [];
  const seen = new Map<string, string>([[`tcp ${sshPort}`, "SSH"]]);
  for (const [index, { port, protocol, purpose }] of ports.entries()) {
    const path = `ports[${index}]`;
    const name = `${protocol} ${port}`;
    const other = seen.get(name);
    if (!isPort(port)) faults.push({ path: `${path}.port`, value: port, message: "must be a port, 1 to 65535" });
    else if (other !== undefined)
      faults.push({
        path,
        value: name,
        message: `${purpose} and ${other} want the same port: give one of them another`,
      });
    else seen.set(name, purpose);
  }
  return faults;
}

function dataFaults({ data }: CloudInitSpec): CloudInitFault[] {
  const faults: CloudInitFault[] = [];
  const plain = (path: string) => /^(\/[A-Za-z0-9_.:+@-]+)+$/.test(path) && !path.split("/").includes("..");
  if (data.device !== undefined && !(plain(data.device) && data.device.startsWith("/dev/")))
    faults.push({
      path: "data.device",
      value: data.device,
      message: "must be a device below /dev, best one of /dev/disk/by-id: names like /dev/sdb change between boots",
    });
  // fstab and units are written with this path: a folder of its own below /var, /srv, /mnt, /opt or /data.
  if (!plain(data.directory) || !/^\/(var|srv|mnt|opt|data)\/./.test(data.directory))
    faults.push({
      path: "data.directory",
      value: data.directory,
      message: "must be a folder of its own below /var, /srv, /mnt, /opt or /data, without spaces",
    });
  return faults;
}

function networkFaults({ privateNetworks }: CloudInitSpec): CloudInitFault[] {
  return privateNetworks.flatMap((block, index) => {
    const path = `privateNetworks[${index}]`;
    const cidr = parseCidr(block);
    if (!cidr) return [{ path, value: block, message: "must be an address block, e.g. 10.0.0.0/16" }];
    if (!isPrivate(cidr))
      return [
        {
          path,
          value: block,
          message: "must lie in 10/8, 172.16/12, 192.168/16, 100.64/10 or fc00::/7: hosts of it reach every port",
        },
      ];
    return [];
  });
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
