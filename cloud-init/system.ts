import type { CloudInitSpec } from "./spec.ts";

/** A file that first boot writes, owned by root. */
export interface MachineFile {
  readonly path: string;
  readonly content: string;
  readonly mode: "0600" | "0644" | "0755";
}

/** Packages of the distribution besides Docker, under the names that Debian and Ubuntu share. */
export const PACKAGES: readonly string[] = [
  "ca-certificates",
  "chrony",
  // mkfs.ext4, which lean images of Debian lack.
  "e2fsprogs",
  "fail2ban",
  "nftables",
  // fail2ban reads the journal through it.
  "python3-systemd",
  "unattended-upgrades",
];

/**
 * The settings of sshd. The file sorts before the distribution's own and cloud-init's: sshd keeps the first value it reads.
 */
export function sshdConfig({ user, sshPort }: Pick<CloudInitSpec, "user" | "sshPort">): string {
  return `Port ${sshPort}
HostKey /etc/ssh/ssh_host_ed25519_key
AllowUsers ${user}
PermitRootLogin no
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
X11Forwarding no
AllowAgentForwarding no
PermitUserEnvironment no
MaxAuthTries 3
LoginGraceTime 20
ClientAliveInterval 60
`;
}

/** fail2ban's jail. The unit is named as Debian and Ubuntu name it: the filter's own match goes by names that differ between versions. */
export function fail2banJail({ sshPort }: Pick<CloudInitSpec, "sshPort">): string {
  return `[DEFAULT]
banaction = nftables
banaction_allports = nftables[type=allports]

[sshd]
enabled = true
backend = systemd
journalmatch = _SYSTEMD_UNIT=ssh.service
port = ${sshPort}
maxretry = 5
findtime = 10m
bantime = 1h
`;
}

/** Security updates only, and never a reboot: when a validator's machine restarts is the operator's decision. */
export const UNATTENDED_UPGRADES = `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
#clear Unattended-Upgrade::Allowed-Origins;
#clear Unattended-Upgrade::Origins-Pattern;
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";
  "origin=Ubuntu,archive=\${distro_codename}-security";
};
Unattended-Upgrade::Automatic-Reboot "false";
`;

/** A client of time only: no port is served. Validators miss duties when the clock is off, so a wrong one is set at the start. */
export const CHRONY = `port 0
cmdport 0
makestep 1 3
`;

export const SYSCTL = `kernel.dmesg_restrict = 1
kernel.kptr_restrict = 2
kernel.unprivileged_bpf_disabled = 1
kernel.yama.ptrace_scope = 1
fs.protected_fifos = 2
fs.protected_hardlinks = 1
fs.protected_regular = 2
fs.protected_symlinks = 1
fs.suid_dumpable = 0
net.core.bpf_jit_harden = 2
net.ipv4.tcp_syncookies = 1
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.secure_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv4.conf.all.rp_filter = 2
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
# QUIC between consensus clients wants larger buffers, databases more mappings and less swapping.
net.core.rmem_max = 8388608
net.core.wmem_max = 8388608
net.core.somaxconn = 4096
vm.max_map_count = 262144
vm.swappiness = 10
`;

/** What the scripts of files/ read. Values are free of shell syntax: {@link cloudInitFaults} refuses others. */
export function hostConf({ user, data }: Pick<CloudInitSpec, "user" | "data">): string {
  return `HOST_USER=${user}
DATA_DIRECTORY=${data.directory}
DATA_DEVICE=${data.device ?? ""}
`;
}

/** Brings the table up before any interface, and again with the WAN interface before Docker; without either, Docker does not start. */
export const FIREWALL_UNIT = `[Unit]
Description=ethstake firewall
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/ethstake/firewall
ExecReload=/usr/local/lib/ethstake/firewall --need-wan
[Install]
WantedBy=sysinit.target
`;

export const EGRESS_UNIT = `[Unit]
Description=ethstake firewall: egress on the interface of the default route
Wants=network-online.target
Requires=ethstake-firewall.service
After=ethstake-firewall.service network-online.target
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/ethstake/firewall --need-wan
[Install]
WantedBy=multi-user.target
`;

/** Mounts the volume where fstab could not, and makes the folders. It follows fstab's own mount, so that they never race. */
export function dataUnit(directory: string): string {
  return `[Unit]
Description=ethstake data volume
After=local-fs.target ${mountUnit(directory)}
Before=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/ethstake/data-disk
TimeoutStartSec=10min
[Install]
WantedBy=multi-user.target
`;
}

/** systemd's name for the mount of a folder. */
function mountUnit(directory: string): string {
  const escaped = directory
    .split("/")
    .filter(Boolean)
    .map((part) => part.replaceAll("-", "\\x2d"))
    .join("-");
  return `${escaped}.mount`;
}

/** Docker starts containers by itself at boot: not without the firewall, and not on the empty folder below a missing volume. */
export const DOCKER_DROP_IN = `[Unit]
Requires=ethstake-egress.service ethstake-data.service
After=ethstake-egress.service ethstake-data.service
`;

/**
 * The engine's settings: logs that cannot fill the disk, containers that live on while the engine restarts, published ports by
 * packet filter only, no containers that talk to each other on the default bridge.
 */
export const DOCKER_DAEMON = `${JSON.stringify(
  {
    "log-driver": "json-file",
    "log-opts": { "max-size": "50m", "max-file": "5" },
    "live-restore": true,
    "userland-proxy": false,
    icc: false,
    "no-new-privileges": true,
  },
  undefined,
  2,
)}\n`;

/**
 * A node's bundle as a unit. Docker is wanted and not required, so that a restart of the engine leaves the nodes running. Stopping
 * waits for the longest stop grace of a client, five minutes, and a little more.
 */
export function nodeUnit(directory: string): string {
  return `[Unit]
Description=ethstake node %i
Wants=docker.service network-online.target
Requires=ethstake-data.service
After=docker.service network-online.target ethstake-data.service
[Service]
Type=oneshot
RemainAfterExit=yes
WorkingDirectory=${directory}/nodes/%i
ExecStart=/usr/bin/docker compose up --detach --wait
ExecReload=/usr/bin/docker compose up --detach --wait
ExecStop=/usr/bin/docker compose down
TimeoutStartSec=30min
TimeoutStopSec=7min
[Install]
WantedBy=multi-user.target
`;
}
