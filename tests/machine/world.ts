import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { renderCloudInit } from "../../cloud-init/render.ts";
import type { CloudInitSpec } from "../../cloud-init/spec.ts";
import { LAN, startDocker, startMachine, WAN } from "./debian.ts";
import type { Machine } from "./debian.ts";
import { CACHE } from "./image.ts";
import { keyPair, ssh } from "./keys.ts";
import type { KeyPair } from "./keys.ts";
import { must, run } from "./run.ts";
import type { Ended } from "./run.ts";

/** An address outside that may reach SSH. */
export const FRIEND = "198.51.100.50";
/** An address outside that may not. */
export const STRANGER = "198.51.100.60";
/** Ports of the machine: two that are open, for a process and for a container. */
export const OPEN = { process: 30303, container: 30304 } as const;
/** Two that are not. */
export const CLOSED = { process: 8545, container: 8546 } as const;

const OPEN_PORTS: CloudInitSpec["ports"] = Object.values(OPEN).map((port) => ({
  port,
  protocol: "tcp",
  purpose: "test",
}));

/** How somebody tries to log in; our own key, account and pinned key unless told. */
export interface LoginOptions {
  readonly user?: string;
  readonly identity?: KeyPair;
  readonly host?: KeyPair;
  readonly options?: readonly string[];
}

/** What a machine is made like, where a test wants another one than most. */
export interface WorldOptions {
  /** Size of its data volume in mebibytes; 64 by default. The file behind it is sparse. */
  readonly dataMiB?: number;
  /** What it opens to the world; {@link OPEN} by default. */
  readonly ports?: CloudInitSpec["ports"];
}

/** A machine with a data volume, and what is around it. */
export interface World {
  readonly machine: Machine;
  /** A folder that goes with the machine. */
  readonly folder: string;
  /** The key that logs in. */
  readonly userKey: KeyPair;
  /** What the machine presents. */
  readonly hostKey: KeyPair;
  /** What the machine was made from. */
  readonly spec: CloudInitSpec;
  readonly userData: string;
  /** A key that the machine knows nothing of. */
  readonly otherKey: KeyPair;
  readonly login: (options?: LoginOptions) => Promise<Ended>;
  /** What SSH says first to a client at an address outside. */
  readonly banner: (from: string) => Promise<string>;
  /** Whether the machine, or a container in it, gets an answer from an address outside. */
  readonly reaches: (address: string, from: "machine" | "container") => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** Starts all of it. */
export async function startWorld({ dataMiB = 64, ports = OPEN_PORTS }: WorldOptions = {}): Promise<World> {
  const undo: (() => unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    undo.push(await startDocker());
    mkdirSync(CACHE, { recursive: true });
    const folder = mkdtempSync(join(CACHE, "run-"));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const server = createServer((_, response) => response.end("outside"));
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    undo.push(() => void server.close());
    const outsidePort = (server.address() as AddressInfo).port;

    const file = join(folder, "data.img");
    await must("truncate", ["--size", `${dataMiB}M`, file]);
    const device = await must("losetup", ["--find", "--show", file]);
    undo.push(() => run("losetup", ["--detach", device]));

    const hostKey = await keyPair(folder, "host");
    const userKey = await keyPair(folder, "user");
    const otherKey = await keyPair(folder, "other");
    const spec: CloudInitSpec = {
      hostname: "node-1",
      user: "ethstake",
      authorizedKeys: [userKey.public],
      hostKey,
      sshAllow: [`${WAN.gateway}/32`, `${FRIEND}/32`, "2001:db8::/48"],
      sshPort: 22,
      ports,
      data: { device, directory: "/var/lib/ethstake" },
      privateNetworks: [LAN.subnet, "fd00:77::/64"],
    };
    const userData = renderCloudInit(spec);
    const machine = await startMachine({ userData, device });
    undo.push(machine.remove);
    // An image for Docker in the machine, made of one file.
    await machine.sh("tar --create --directory / --dereference bin/busybox | docker import - tools");
    return {
      machine,
      folder,
      userKey,
      hostKey,
      spec,
      userData,
      otherKey,
      login: ({ user = "ethstake", identity = userKey, host = hostKey, options = [] } = {}) =>
        ssh(
          { folder, port: machine.sshPort(), user, identity: identity.file, hostKey: host.public, options },
          "id --user --name && sudo -n id --user",
        ),
      banner: async (from) =>
        (await machine.beside(from, ["sh", "-c", `nc -w 3 ${WAN.machine} 22 </dev/null | head -c 4`])).stdout,
      reaches: async (address, from) => {
        const get = `busybox wget -q -T 3 -O /dev/null http://${address}:${outsidePort}/`;
        return (await machine.exec(from === "machine" ? get : `docker run --rm tools /bin/${get}`)).code === 0;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Whether HTTP answers at a port of the machine, asked from outside. */
export async function answers(port: number, address: string = WAN.machine): Promise<boolean> {
  try {
    const response = await fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(3000) });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
