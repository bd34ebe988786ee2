import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PACKAGES } from "../../cloud-init/system.ts";
import { projectPath } from "../../lib/paths.ts";
import { must, run } from "./run.ts";

/** Everything of this suite that outlives a run. */
export const CACHE = projectPath(join(".ethstake", "machine"));

const SUITE = "trixie";
const MIRROR = "http://deb.debian.org/debian";

/** What Debian's cloud images have, as far as it matters here, and tools of the tests. */
const BASE_PACKAGES = [
  "cloud-init",
  "dbus",
  "fdisk",
  "iproute2",
  "netbase",
  "netcat-openbsd",
  "openssh-server",
  "procps",
  "sudo",
  "systemd-sysv",
  "busybox-static",
] as const;

/** Units that want hardware, or a console, which a container has not. */
const MASKED = [
  "systemd-udevd.service",
  "systemd-udev-trigger.service",
  "systemd-udevd-control.socket",
  "systemd-udevd-kernel.socket",
  "systemd-modules-load.service",
  "systemd-logind.service",
  "getty.target",
  "console-getty.service",
] as const;

/** Docker gives containers a read-only /proc/sys; a machine's own network settings are its own to write. */
const NETWORK_SETTINGS_UNIT = `[Unit]
Description=network settings of a machine in a container can be written
DefaultDependencies=no
Before=sysinit.target systemd-sysctl.service
[Service]
Type=oneshot
ExecStart=/bin/mount --bind /proc/sys/net /proc/sys/net
ExecStart=/bin/mount -o remount,bind,rw /proc/sys/net
RemainAfterExit=yes
[Install]
WantedBy=sysinit.target
`;

const INSTALL_DOCKER = projectPath("cloud-init/files/install-docker.sh");

/**
 * Builds a Debian with everything that our cloud-init installs, by the very names and the very script, and imports it into Docker.
 * It is kept under a hash of what it is made of; Debian's updates do not change that, so delete `.ethstake/machine` for newer packages.
 */
export async function debianImage(): Promise<string> {
  const recipe = [
    SUITE,
    MIRROR,
    BASE_PACKAGES,
    PACKAGES,
    MASKED,
    NETWORK_SETTINGS_UNIT,
    readFileSync(INSTALL_DOCKER, "utf8"),
  ];
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 16);
  const image = `ethstake-machine:${hash}`;
  if ((await run("docker", ["image", "inspect", image])).code === 0) return image;
  const archive = join(CACHE, `${hash}.tar`);
  if (!existsSync(archive)) await buildArchive(archive);
  await must("docker", ["import", archive, image], { seconds: 300 });
  return image;
}

async function buildArchive(archive: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const root = mkdtempSync(join(CACHE, "root-"));
  try {
    await must("debootstrap", ["--variant=minbase", SUITE, root, MIRROR], { seconds: 400 });
    const inside = (...command: string[]) =>
      must("chroot", [root, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", ...command], { seconds: 500 });
    // Services of the packages must not start here.
    writeFileSync(join(root, "usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", { mode: 0o755 });
    writeFileSync(
      join(root, "etc/dpkg/dpkg.cfg.d/lean"),
      "path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\nforce-unsafe-io\n",
    );
    writeFileSync(join(root, "etc/resolv.conf"), readFileSync("/etc/resolv.conf"));
    await inside("apt-get", "update");
    await inside("apt-get", "install", "--yes", "--no-install-recommends", ...BASE_PACKAGES, ...PACKAGES);
    writeFileSync(join(root, "root/install-docker"), readFileSync(INSTALL_DOCKER), { mode: 0o755 });
    await inside("/root/install-docker");
    await inside("apt-get", "clean");
    // Every package is there: no list of them keeps cloud-init from waiting for mirrors.
    for (const path of [
      "root/install-docker",
      "usr/sbin/policy-rc.d",
      "etc/apt/sources.list",
      "var/lib/apt/lists",
      "var/cache/apt/pkgcache.bin",
    ])
      rmSync(join(root, path), { recursive: true, force: true });
    writeFileSync(join(root, "etc/machine-id"), "");
    for (const unit of MASKED) symlinkSync("/dev/null", join(root, "etc/systemd/system", unit));
    writeFileSync(join(root, "etc/systemd/system/network-settings.service"), NETWORK_SETTINGS_UNIT);
    await inside("systemctl", "enable", "network-settings.service");
    await must("tar", ["--create", "--file", `${archive}.part`, "--directory", root, "."], { seconds: 200 });
    renameSync(`${archive}.part`, archive);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
