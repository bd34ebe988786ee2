import { CONSENSUS, EXECUTION, VALIDATOR } from "./catalogue/index.ts";
import { forkFaults, type RunningClient } from "./forks.ts";
import { tagOf } from "./images.ts";
import { PORTS_PER_NODE } from "./ports.ts";
import type { BundleSpec, ClientSettings, ImageOverride } from "./spec.ts";
import { validatorFaults } from "./validator-faults.ts";

/** Something of a node's description that must not be. */
export interface BundleFault {
  /** Where, e.g. `node-1.validator.publicKeys[0]`. */
  readonly path: string;
  readonly value: unknown;
  /** What is wrong with it, and what to do. */
  readonly message: string;
}

/** A node and the machine that it runs on. */
export interface PlacedNode {
  /** Nodes with the same host share its ports. */
  readonly host: string;
  readonly spec: BundleSpec;
}

/** Clients of a kind that one node can have: a primary and a standby. */
const MAX_CLIENTS = 2;

/**
 * Everything that is wrong with the nodes of a stack, at once. What no node shows alone is found, too: a key on two nodes, a port taken
 * twice on a host.
 * @param now Unix seconds, for forks
 * @param acknowledgedForks see {@link forkFaults}
 */
export function bundleFaults(
  nodes: readonly PlacedNode[],
  now: number,
  acknowledgedForks: readonly string[] = [],
): BundleFault[] {
  return [
    ...nodes.flatMap(({ spec }) => [
      ...nodeFaults(spec),
      ...forkFaults(spec.network, runningClients(spec), now, acknowledgedForks),
    ]),
    ...nameFaults(nodes),
    ...portFaults(nodes),
    ...keyFaults(nodes),
  ];
}

function nodeFaults(spec: BundleSpec): BundleFault[] {
  const { name, validator, mevBoost } = spec;
  return [
    ...listFaults(`${name}.execution`, spec.execution),
    ...listFaults(`${name}.consensus`, spec.consensus),
    ...(isHttps(spec.checkpointSyncUrl)
      ? []
      : [
          fault(
            `${name}.checkpointSyncUrl`,
            spec.checkpointSyncUrl,
            "must be an https URL: the node starts from what it says",
          ),
        ]),
    ...(mevBoost?.relays ?? []).flatMap((relay, index) =>
      isRelay(relay)
        ? []
        : [
            fault(
              `${name}.mevBoost.relays[${index}]`,
              relay,
              "is no relay: write https://0xPUBLICKEY@host, 48 bytes of key",
            ),
          ],
    ),
    ...(mevBoost?.relays.length === 0
      ? [fault(`${name}.mevBoost.relays`, [], "is empty: name a relay, or leave mevBoost out")]
      : []),
    ...(mevBoost && !/^\d+(\.\d{1,18})?$/.test(mevBoost.minBidEther)
      ? [fault(`${name}.mevBoost.minBidEther`, mevBoost.minBidEther, "is no amount of ether: write e.g. 0.05")]
      : []),
    ...allSettings(spec).flatMap(([path, settings]) => settingsFaults(path, settings)),
    ...(validator ? validatorFaults(spec, validator) : []),
  ];
}

function listFaults(path: string, clients: BundleSpec["execution"] | BundleSpec["consensus"]): BundleFault[] {
  const names: readonly string[] = clients.map(({ client }) => client);
  return [
    ...(clients.length === 0 ? [fault(path, [], "is empty: name a client")] : []),
    ...(clients.length > MAX_CLIENTS
      ? [fault(path, names, `has ${clients.length} clients: a node has a primary and one standby at most`)]
      : []),
    ...names.flatMap((client, index) =>
      names.indexOf(client) < index
        ? [
            fault(
              `${path}[${index}].client`,
              client,
              "is the primary's client, too: a standby helps against that client's own faults only if it is another one",
            ),
          ]
        : [],
    ),
  ];
}

function settingsFaults(path: string, { image, memoryMiB }: ClientSettings): BundleFault[] {
  return [
    ...(image?.digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(image.digest)
      ? [fault(`${path}.image.digest`, image.digest, "is no digest: write sha256: and 64 hex digits")]
      : []),
    ...(memoryMiB !== undefined && !(Number.isInteger(memoryMiB) && memoryMiB >= 64)
      ? [fault(`${path}.memoryMiB`, memoryMiB, "must be a whole number of mebibytes, 64 or more")]
      : []),
  ];
}

/** Settings of all containers by where they are. */
function allSettings(spec: BundleSpec): [string, ClientSettings][] {
  const { name, execution, consensus, validator, mevBoost } = spec;
  return [
    ...execution.map((settings, index): [string, ClientSettings] => [`${name}.execution[${index}]`, settings]),
    ...consensus.map((settings, index): [string, ClientSettings] => [`${name}.consensus[${index}]`, settings]),
    ...(validator ? [[`${name}.validator`, validator] as [string, ClientSettings]] : []),
    ...(validator?.signer.kind === "web3signer"
      ? [[`${name}.validator.signer`, validator.signer] as [string, ClientSettings]]
      : []),
    ...(mevBoost ? [[`${name}.mevBoost`, mevBoost] as [string, ClientSettings]] : []),
  ];
}

function runningClients(spec: BundleSpec): RunningClient[] {
  const { name, execution, consensus, validator, mevBoost } = spec;
  const running = (
    path: string,
    client: RunningClient["client"],
    override: ImageOverride | undefined,
  ): RunningClient => ({
    path: `${name}.${path}.image.tag`,
    client,
    tag: tagOf(client, override),
  });
  return [
    ...execution.map(({ client, image }, i) => running(`execution[${i}]`, EXECUTION[client].image, image)),
    ...consensus.map(({ client, image }, i) => running(`consensus[${i}]`, CONSENSUS[client].image, image)),
    ...(validator ? [running("validator", VALIDATOR[validator.client].image, validator.image)] : []),
    ...(validator?.signer.kind === "web3signer"
      ? [running("validator.signer", "web3signer", validator.signer.image)]
      : []),
    ...(mevBoost ? [running("mevBoost", "mev-boost", mevBoost.image)] : []),
  ];
}

function nameFaults(nodes: readonly PlacedNode[]): BundleFault[] {
  return nodes.flatMap(({ host, spec }, index) => [
    // Compose derives the names of containers from it.
    ...(/^[a-z0-9][a-z0-9-]{0,39}$/.test(spec.name)
      ? []
      : [fault(`${spec.name}.name`, spec.name, "must be lower-case letters, digits and hyphens, 40 at most")]),
    ...(nodes.findIndex((other) => other.host === host && other.spec.name === spec.name) < index
      ? [fault(`${spec.name}.name`, spec.name, `is taken on ${host}: give each node of a host another name`)]
      : []),
  ]);
}

/** A port of a node: what takes it, and on which protocol. */
interface TakenPort {
  readonly path: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

function portsOf(spec: BundleSpec): TakenPort[] {
  const both = (path: string, port: number): TakenPort[] => [
    { path, port, protocol: "tcp" },
    { path, port, protocol: "udp" },
  ];
  return [
    ...spec.execution.flatMap(({ p2pPort }, index) => both(`${spec.name}.execution[${index}].p2pPort`, p2pPort)),
    ...spec.consensus.flatMap(({ client, p2pPort, quicPort }, index): TakenPort[] => [
      ...both(`${spec.name}.consensus[${index}].p2pPort`, p2pPort),
      ...(CONSENSUS[client].quic
        ? [{ path: `${spec.name}.consensus[${index}].quicPort`, port: quicPort, protocol: "udp" as const }]
        : []),
    ]),
    ...Array.from(
      { length: PORTS_PER_NODE },
      (_, offset): TakenPort => ({
        path: `${spec.name}.basePort`,
        port: spec.basePort + offset,
        protocol: "tcp",
      }),
    ),
  ];
}

function portFaults(nodes: readonly PlacedNode[]): BundleFault[] {
  const taken = new Map<string, string>();
  const faults = new Map<string, BundleFault>();
  for (const { host, spec } of nodes) {
    for (const { path, port, protocol } of portsOf(spec)) {
      if (!Number.isInteger(port) || port < 1024 || port > 65_535) {
        faults.set(path, fault(path, port, "must be a port from 1024 to 65535"));
        continue;
      }
      const key = `${host} ${port}/${protocol}`;
      const other = taken.get(key);
      // One fault a setting: ranges that overlap do so in many ports.
      if (other === undefined) taken.set(key, path);
      else if (!faults.has(path))
        faults.set(
          path,
          fault(path, port, `takes port ${port}/${protocol} of ${host}, which is ${other}'s: choose another`),
        );
    }
  }
  return [...faults.values()];
}

function keyFaults(nodes: readonly PlacedNode[]): BundleFault[] {
  const owners = new Map<string, string>();
  return nodes.flatMap(({ spec }) =>
    (spec.validator?.publicKeys ?? []).flatMap((key, index) => {
      const path = `${spec.name}.validator.publicKeys[${index}]`;
      const owner = owners.get(key.toLowerCase());
      owners.set(key.toLowerCase(), owner ?? path);
      return owner === undefined
        ? []
        : [fault(path, key, `is ${owner}, too: a key that two clients sign with is slashed; leave it with one`)];
    }),
  );
}

function fault(path: string, value: unknown, message: string): BundleFault {
  return { path, value, message };
}

function isHttps(text: string): boolean {
  return parseUrl(text)?.protocol === "https:";
}

function isRelay(text: string): boolean {
  const url = parseUrl(text);
  // A comma separates relays on mev-boost's command line.
  return (
    url?.protocol === "https:" && /^0x[0-9a-f]{96}$/i.test(url.username) && url.password === "" && !text.includes(",")
  );
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
