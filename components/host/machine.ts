/** What machines have in common wherever they are: keys made before the first boot, user data, a connection, a check. */
import { Command } from "@pulumi/command/remote/command.js";
import { all, secret, type CustomResourceOptions, type Input, type Output, type Resource } from "@pulumi/pulumi";
import { PrivateKey } from "@pulumi/tls/privateKey.js";
import { firewallRules, LOAD_FIREWALL } from "../../cloud-init/firewall.ts";
import { isProtected, type HostArgs } from "./host.ts";
import { DATA_DIRECTORY, HOST_USER, SSH_PORT, type HostConnection, type HostSpec } from "./spec.ts";

/** A machine's keys. */
export interface MachineKeys {
  /** Logs in. */
  readonly login: PrivateKey;
  /** The machine's own: known before it exists, so that the first connection is checked like every other. */
  readonly host: PrivateKey;
  /** Public half of `login`, one line. */
  readonly loginPublic: Output<string>;
  /** Public half of `host`, one line. */
  readonly hostPublic: Output<string>;
}

/** Makes a machine's keys. Their private halves are in the state only, encrypted. */
export function machineKeys(name: string, child: CustomResourceOptions): MachineKeys {
  const login = new PrivateKey(`${name}-login`, { algorithm: "ED25519" }, child);
  const host = new PrivateKey(`${name}-hostkey`, { algorithm: "ED25519" }, child);
  const line = (key: PrivateKey): Output<string> => key.publicKeyOpenssh.apply((text) => text.trim());
  return { login, host, loginPublic: line(login), hostPublic: line(host) };
}

/** What depends on the cloud in a machine's user data. */
export interface MachinePlace {
  readonly keys: MachineKeys;
  /** The data volume's block device, by a path that stays. */
  readonly device: Input<string>;
  readonly privateNetworks: readonly Input<string>[];
}

/** User data for a machine: secret, for it carries the machine's private key. */
export function userData(
  spec: HostSpec,
  args: HostArgs,
  { keys, device, privateNetworks }: MachinePlace,
): Output<string> {
  const parts = all([
    keys.loginPublic,
    keys.host.privateKeyOpenssh,
    keys.hostPublic,
    device,
    all([...privateNetworks]),
  ]);
  return secret(
    parts.apply(([login, hostPrivate, hostPublic, block, networks]) =>
      args.renderUserData({
        hostname: spec.name,
        user: HOST_USER,
        authorizedKeys: [login],
        hostKey: { private: hostPrivate, public: hostPublic },
        sshAllow: spec.sshAllow,
        sshPort: SSH_PORT,
        ports: spec.ports,
        data: { device: block, directory: DATA_DIRECTORY },
        privateNetworks: networks,
      }),
    ),
  );
}

/** The connection to a machine that this program made. */
export function machineConnection(address: Input<string>, keys: MachineKeys): HostConnection {
  const privateKey = secret(keys.login.privateKeyOpenssh);
  return { host: address, port: SSH_PORT, user: HOST_USER, privateKey, hostKey: keys.hostPublic };
}

/** Waits on the machine until its first boot is through, the volume is mounted and Docker answers. */
const BOOTED = [
  // 2 means done with recoverable errors, which old images always have.
  "cloud-init status --wait >/dev/null || test $? -eq 2",
  `mountpoint -q ${DATA_DIRECTORY}`,
  "docker compose version >/dev/null",
].join(" && ");

/**
 * Options of a server. Two servers with the same keys never run at once, and only one can have the volume: the old one goes first. What
 * would change a running server's image or user data waits for the next generation: `held` are the names of those inputs.
 */
export function serverOptions(
  spec: HostSpec,
  child: CustomResourceOptions,
  held: readonly string[],
): CustomResourceOptions {
  return {
    ...child,
    protect: isProtected(spec),
    ignoreChanges: [...held],
    replacementTrigger: spec.generation ?? 1,
    deleteBeforeReplace: true,
  };
}

/** A server that was made, and how it is reached. */
export interface MadeServer {
  readonly connection: HostConnection;
  /** Its id at the provider. */
  readonly machine: Output<string>;
  readonly privateNetworks: readonly Input<string>[];
  /** What its first boot needs besides: volume, networks. */
  readonly attached: readonly Resource[];
}

/**
 * What commands on a server wait for: that its first boot is through, again for each new server, and that its own firewall has the rules of
 * today. User data is read once, so a port of a new node or another address that may log in reaches it this way; rules with a fault leave
 * those that hold.
 */
export function settleServer(
  spec: HostSpec,
  { connection, machine, privateNetworks, attached }: MadeServer,
  child: CustomResourceOptions,
): readonly Resource[] {
  const { name, ports, sshAllow } = spec;
  const booted = new Command(
    `${name}-ready`,
    { connection: patient(connection), create: BOOTED, triggers: [machine], addPreviousOutputInEnv: false },
    { ...child, dependsOn: [...attached] },
  );
  const rules = all([...privateNetworks]).apply((networks) =>
    firewallRules({ ports, sshAllow, sshPort: SSH_PORT, privateNetworks: networks }),
  );
  // Another machine was made with the user data of its day; it gets the rules of today.
  const load = machine.apply((id) => `${LOAD_FIREWALL}# on ${id}\n`);
  const firewalled = new Command(
    `${name}-rules`,
    { connection: patient(connection), create: load, update: load, stdin: rules, addPreviousOutputInEnv: false },
    { ...child, dependsOn: [booted] },
  );
  return [booted, firewalled];
}

/** Checks a machine that was there before: Docker with compose, and the folder for data. */
export function checkMachine(name: string, connection: HostConnection, child: CustomResourceOptions): Command {
  const create = `docker compose version >/dev/null && test -w ${DATA_DIRECTORY}`;
  // Not for as long as one that boots: where the key does not fit, every attempt counts against us with the machine's SSH server.
  const inputs = { connection, create, triggers: [create], addPreviousOutputInEnv: false };
  return new Command(`${name}-ready`, inputs, child);
}

/** A server that boots refuses connections for a while. */
function patient(connection: HostConnection) {
  return { ...connection, dialErrorLimit: 40, perDialTimeout: 15 };
}
