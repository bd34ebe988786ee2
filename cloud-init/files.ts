import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { firewallRules } from "./firewall.ts";
import type { CloudInitSpec } from "./spec.ts";
import {
  CHRONY,
  dataUnit,
  DOCKER_DAEMON,
  DOCKER_DROP_IN,
  EGRESS_UNIT,
  fail2banJail,
  FIREWALL_UNIT,
  hostConf,
  nodeUnit,
  sshdConfig,
  SYSCTL,
  UNATTENDED_UPGRADES,
} from "./system.ts";
import type { MachineFile } from "./system.ts";

/** Folder of our scripts on a machine. */
export const SCRIPT_DIRECTORY = "/usr/local/lib/ethstake";

const SCRIPTS = ["bootstrap", "data-disk", "firewall", "install-docker", "make-secrets"] as const;

/** An entry of cloud-init's write_files. */
export interface WriteFile {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
  readonly encoding?: "gz+b64";
}

/** Every file that first boot writes. */
export function machineFiles(spec: CloudInitSpec): readonly MachineFile[] {
  const config = (path: string, content: string): MachineFile => ({ path, content, mode: "0644" });
  const unit = (name: string, content: string) => config(`/etc/systemd/system/${name}`, content);
  return [
    config("/etc/ethstake/host.conf", hostConf(spec)),
    { path: "/etc/ethstake/firewall.nft", content: withoutComments(firewallRules(spec)), mode: "0600" },
    config("/etc/ssh/sshd_config.d/00-ethstake.conf", sshdConfig(spec)),
    config("/etc/fail2ban/jail.d/zz-ethstake.local", fail2banJail(spec)),
    config("/etc/apt/apt.conf.d/60ethstake", UNATTENDED_UPGRADES),
    config("/etc/chrony/conf.d/ethstake.conf", CHRONY),
    config("/etc/sysctl.d/90-ethstake.conf", withoutComments(SYSCTL)),
    config("/etc/docker/daemon.json", DOCKER_DAEMON),
    unit("docker.service.d/ethstake.conf", DOCKER_DROP_IN),
    unit("ethstake-firewall.service", FIREWALL_UNIT),
    unit("ethstake-egress.service", EGRESS_UNIT),
    unit("ethstake-data.service", dataUnit(spec.data.directory)),
    unit("ethstake-node@.service", nodeUnit(spec.data.directory)),
    ...SCRIPTS.map(
      (name): MachineFile => ({ path: `${SCRIPT_DIRECTORY}/${name}`, content: script(name), mode: "0755" }),
    ),
  ];
}

/** A file as cloud-init takes it, in plain text or packed. */
export function writeFile({ path, content, mode }: MachineFile, packed: boolean): WriteFile {
  const plain = { path, permissions: mode, content };
  if (!packed) return plain;
  const zipped = gzipSync(content, { level: 9 });
  // Byte 9 names the operating system that packed: fixed, so that user data does not depend on who renders it.
  zipped[9] = 255;
  const encoded = zipped.toString("base64");
  return encoded.length < content.length ? { ...plain, encoding: "gz+b64", content: encoded } : plain;
}

function script(name: (typeof SCRIPTS)[number]): string {
  return withoutComments(readFileSync(new URL(`files/${name}.sh`, import.meta.url), "utf8"));
}

/** User data is small (AWS: 16 KiB): lines that are comments stay in the repository. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#(?!!).*\n/gm, "");
}
