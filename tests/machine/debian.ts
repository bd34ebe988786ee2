import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CACHE, debianImage } from "./image.ts";
import { LENIENT_RUNC, LIMIT_OPTIONS, limitsCanRise, RUNC_PATH } from "./limits.ts";
import { must, run, until } from "./run.ts";
import type { Ended } from "./run.ts";

/** The outer networks of a machine, all of addresses that nobody else uses. */
export const WAN = { subnet: "198.51.100.0/24", gateway: "198.51.100.1", machine: "198.51.100.10" } as const;
/** A private network between hosts. */
export const LAN = { subnet: "10.77.0.0/24", gateway: "10.77.0.1", machine: "10.77.0.10" } as const;
/** Private addresses that the machine reaches through its default route only. */
export const BEYOND = { subnet: "192.168.211.0/24", gateway: "192.168.211.1" } as const;

const PREFIX = "ethstake-machine-";
const NETWORKS = ["wan", "lan", "beyond"] as const;

/** A Debian with systemd in a container, made by cloud-init. */
export interface Machine {
  readonly image: string;
  /** The container that it is. */
  readonly name: string;
  /** Of its SSH server on 127.0.0.1; such connections come from the gateway of {@link WAN}. */
  readonly sshPort: () => number;
  /** Runs a shell script in it as root, whatever its exit code. */
  readonly exec: (script: string, input?: string) => Promise<Ended>;
  /** Runs a shell script that must succeed. */
  readonly sh: (script: string, input?: string) => Promise<string>;
  /** Runs a command in a container beside it, at an address of {@link WAN}. */
  readonly beside: (address: string, command: readonly string[]) => Promise<Ended>;
  /** Shuts it down and boots it again. */
  readonly reboot: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Why no machine can be made here; undefined when one can. */
export async function missing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "needs root";
  for (const tool of ["docker", "debootstrap", "ssh", "ssh-keygen", "losetup", "mkfs.ext4"])
    if ((await run("which", [tool])).code !== 0) return `needs ${tool}`;
  if ((await run("losetup", ["--find"])).code !== 0) return "needs a loop device";
  if (!(await dockerAnswers()) && (await run("which", ["dockerd"])).code !== 0) return "needs a Docker engine";
  // Installed is not allowed: a sandbox may refuse what the engine wants of the kernel.
  const end = await startDocker().catch(() => undefined);
  if (end === undefined) return "needs a Docker engine, and dockerd does not start here";
  await end();
  return undefined;
}

/** Starts a Docker engine when none answers. The result ends it, and only one that was started here. */
export async function startDocker(): Promise<() => Promise<void>> {
  if (await dockerAnswers()) return () => Promise.resolve();
  mkdirSync(CACHE, { recursive: true });
  const log = openSync(join(CACHE, "dockerd.log"), "a");
  const daemon = spawn("dockerd", [], { stdio: ["ignore", log, log], detached: true });
  await until("dockerd answers", 60, dockerAnswers);
  return async () => {
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGTERM");
    await ended;
  };
}

/** Makes a machine, and waits until its first boot is done. `device` is a block device that it is given. */
export async function startMachine(options: { readonly userData: string; readonly device: string }): Promise<Machine> {
  const image = await debianImage();
  await removeLeftovers();
  const name = `${PREFIX}${process.pid}`;
  const network = (which: string) => `${name}-${which}`;
  const volume = `${name}-docker`;
  const remove = () => removeMachine(name);
  const lenient = !(await limitsCanRise());
  try {
    await must("docker", ["network", "create", "--subnet", WAN.subnet, "--gateway", WAN.gateway, network("wan")]);
    const inward = ["network", "create", "--internal"];
    await must("docker", [...inward, "--subnet", LAN.subnet, "--gateway", LAN.gateway, network("lan")]);
    await must("docker", [...inward, "--subnet", BEYOND.subnet, "--gateway", BEYOND.gateway, network("beyond")]);
    // Version 2 of cgroups has one tree, which systemd must write to.
    const cgroups = existsSync("/sys/fs/cgroup/cgroup.controllers")
      ? ["--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]
      : ["--volume", "/sys/fs/cgroup:/sys/fs/cgroup:ro"];
    // Full privileges are refused in our sandboxes; these do. Docker in the machine needs a disk that is no overlay.
    await must("docker", [
      ...["create", "--name", name, "--hostname", "seed", "--network", network("wan"), "--ip", WAN.machine],
      ...["--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--cap-add", "SYS_PTRACE"],
      ...["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
      ...["--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp:exec"],
      ...(lenient ? [] : LIMIT_OPTIONS),
      ...[...cgroups, "--volume", `${volume}:/var/lib/docker`],
      ...[
        "--device",
        options.device,
        "--publish",
        "127.0.0.1::22",
        "--stop-signal",
        "SIGRTMIN+3",
        "--stop-timeout",
        "60",
      ],
      image,
      // Debian 13's systemd refuses version 1 of cgroups, which some sandboxes have, unless told.
      ...["/sbin/init", "systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"],
    ]);
    await must("docker", ["network", "connect", "--ip", LAN.machine, network("lan"), name]);
    await seed(name, options.userData);
    if (lenient) await put(name, RUNC_PATH, LENIENT_RUNC, 0o755);
    await must("docker", ["start", name]);
    await booted(name);
    // Docker chooses another one at each start.
    const published = async () => Number((await must("docker", ["port", name, "22/tcp"])).split(":").at(-1));
    let sshPort = await published();
    const exec = (script: string, input?: string) =>
      run("docker", ["exec", "--interactive", name, "bash", "-c", script], input === undefined ? {} : { input });
    return {
      image,
      name,
      sshPort: () => sshPort,
      exec,
      sh: (script, input) =>
        must("docker", ["exec", "--interactive", name, "bash", "-c", script], input === undefined ? {} : { input }),
      beside: (address, [entry = "true", ...args]) =>
        run("docker", [
          ...["run", "--rm", "--network", network("wan"), "--ip", address, "--entrypoint", entry],
          ...[image, ...args],
        ]),
      reboot: async () => {
        await must("docker", ["restart", name], { seconds: 150 });
        await booted(name);
        sshPort = await published();
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A machine with what stands beside it, should a test have given up on that, and its networks and disk. */
async function removeMachine(name: string): Promise<void> {
  const { stdout } = await run("docker", ["ps", "--all", "--quiet", "--filter", `network=${name}-wan`]);
  await run("docker", ["rm", "--force", "--volumes", name, ...stdout.split("\n").filter(Boolean)]);
  for (const which of NETWORKS) await run("docker", ["network", "rm", `${name}-${which}`]);
  await run("docker", ["volume", "rm", `${name}-docker`]);
}

/** Machines of runs that were killed: their networks would stand in the way of ours, which have the same addresses. */
async function removeLeftovers(): Promise<void> {
  const names = await must("docker", ["network", "ls", "--format", "{{.Name}}", "--filter", `name=^${PREFIX}`]);
  for (const pid of new Set(names.match(/(?<=^ethstake-machine-)\d+(?=-)/gm) ?? []))
    if (!isAlive(Number(pid))) await removeMachine(`${PREFIX}${pid}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function seed(name: string, userData: string): Promise<void> {
  const folder = "var/lib/cloud/seed/nocloud";
  await put(name, `${folder}/meta-data`, "instance-id: machine-1\n", 0o644);
  await put(name, `${folder}/user-data`, userData, 0o600);
}

/** Writes a file into a container that need not run. */
async function put(name: string, path: string, content: string, mode: number): Promise<void> {
  const folder = mkdtempSync(join(CACHE, "seed-"));
  try {
    // docker cp makes no folders above its target, so the tree comes along; those that are there keep their modes.
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content, { mode });
    await must("docker", ["cp", `${folder}/.`, `${name}:/`]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until cloud-init is done and every unit that boot starts has started or failed. */
async function booted(name: string): Promise<void> {
  await until("systemd answers", 60, async () => {
    const { stdout } = await run("docker", ["exec", name, "systemctl", "is-system-running"]);
    return /^(starting|running|degraded)/.test(stdout);
  });
  await run("docker", ["exec", name, "cloud-init", "status", "--wait"], { seconds: 300 });
  await run("docker", ["exec", name, "systemctl", "is-system-running", "--wait"], { seconds: 300 });
}

async function dockerAnswers(): Promise<boolean> {
  return (await run("docker", ["info"], { seconds: 10 })).code === 0;
}
