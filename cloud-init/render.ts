import { stringify } from "yaml";
import { EthstakeError } from "../lib/errors.ts";
import { cloudInitFaults } from "./faults.ts";
import type { CloudInitFault } from "./faults.ts";
import { machineFiles, SCRIPT_DIRECTORY, writeFile } from "./files.ts";
import type { WriteFile } from "./files.ts";
import type { CloudInitSpec } from "./spec.ts";
import { PACKAGES } from "./system.ts";

/** AWS takes 16 KiB of user data, the smallest limit of the clouds we know (Hetzner 32 KiB, DigitalOcean 64 KiB). */
export const USER_DATA_LIMIT = 16_384;

/** A machine's first boot cannot be written down. */
export class CloudInitError extends EthstakeError<{ readonly faults: readonly CloudInitFault[] }> {
  readonly code = "CLOUD_INIT_INVALID";
}

/**
 * The user data of a machine's first boot: a `#cloud-config` document, the same for the same spec.
 *
 * It holds the machine's private host key, since there is no other way to know the key before the first connection. So it is a secret:
 * whoever reads a cloud's user data can pose as the machine (not log in to it). On the machine only root reads it, in
 * /var/lib/cloud/instance, and containers cannot ask the metadata service for it. README.md tells how to change the key.
 */
export function renderCloudInit(spec: CloudInitSpec): string {
  const faults = cloudInitFaults(spec);
  if (faults.length > 0)
    throw new CloudInitError(
      `the machine ${spec.hostname} cannot be made: ${faults.map(({ path, message }) => `${path}: ${message}`).join("; ")}`,
      { faults },
    );
  const files = machineFiles(spec);
  // Plain text shows what changes in a preview, and does not change with zlib's version: only as many files are packed as must be,
  // those first where it saves most.
  const bySavings = files
    .map((file) => ({ file, saved: file.content.length - writeFile(file, true).content.length }))
    .sort((one, other) => other.saved - one.saved)
    .map(({ file }) => file);
  for (let packed = 0; packed <= files.length; packed++) {
    const chosen = new Set(bySavings.slice(0, packed));
    const userData = document(
      spec,
      files.map((file) => writeFile(file, chosen.has(file))),
    );
    if (Buffer.byteLength(userData) <= USER_DATA_LIMIT) return userData;
  }
  throw new CloudInitError(
    `the user data of ${spec.hostname} is larger than the ${USER_DATA_LIMIT} bytes that clouds take.`,
    { faults: [] },
    { remedy: "Give fewer authorized keys, or fewer and wider address blocks." },
  );
}

function document(spec: CloudInitSpec, files: readonly WriteFile[]): string {
  const config = {
    hostname: spec.hostname,
    preserve_hostname: false,
    manage_etc_hosts: "localhost",
    users: [
      {
        name: spec.user,
        gecos: "ethstake",
        shell: "/bin/bash",
        lock_passwd: true,
        // The account manages Docker, and who manages Docker is root: a shorter list of commands would only look safer.
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        ssh_authorized_keys: [...spec.authorizedKeys],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_genkeytypes: ["ed25519"],
    ssh_keys: {
      ed25519_private: `${spec.hostKey.private.trim()}\n`,
      ed25519_public: spec.hostKey.public.trim(),
    },
    ssh: { emit_keys_to_console: false },
    package_update: true,
    packages: [...PACKAGES],
    write_files: files,
    runcmd: [[`${SCRIPT_DIRECTORY}/bootstrap`]],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}
