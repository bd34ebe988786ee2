import { gatewayPorts } from "../components/gateway/index.ts";
import { DATA_DIRECTORY, type HostSpec, type OpenPort } from "../components/host/spec.ts";
import type {
  BundleSpec,
  ClientSettings,
  ImageOverride,
  SignerSettings,
} from "../components/validator-node/bundle/spec.ts";
import { LINK_PORT, linkPort } from "../monitoring/link.ts";
import { gatewaySpec } from "./gateway.ts";
import { NETWORKS } from "./networks.ts";
import { BASE_PORT, HOST_UID } from "./places.ts";
import type { HostSettings, PublicNodeSettings, PublicSettings } from "./public-schema.ts";

/** Ports of the clients' peer-to-peer protocols, for the first node of a host; further ones follow at a distance. */
const EXECUTION_P2P_PORT = 30_303;
const CONSENSUS_P2P_PORT = 9_000;
const P2P_PORTS_PER_NODE = 10;
/** From {@link BASE_PORT} on, a hundred loopback ports a node. */
const PORTS_PER_NODE = 100;

/** A stack's nodes as bundles are rendered from, by host: ports that the settings leave open follow from a node's place on its host. */
export function bundleSpecs(settings: PublicSettings): BundleSpec[] {
  return settings.nodes.map((node) => {
    const place = settings.nodes.filter(({ host }) => host === node.host).indexOf(node);
    return bundleSpec(settings, node, place);
  });
}

function bundleSpec(settings: PublicSettings, node: PublicNodeSettings, place: number): BundleSpec {
  const { network, deployment } = settings;
  const { validator, mevBoost } = node;
  const shift = P2P_PORTS_PER_NODE * place;
  const hasKeeper = settings.keepers.some((keeper) => keeper.node === node.name);
  return {
    name: node.name,
    network,
    execution: node.execution.map((client, index) => ({
      ...clientSettings(client),
      ...(hasKeeper && index === 0 && client.client === "geth" ? gethByName(client) : {}),
      client: client.client,
      p2pPort: client.p2pPort ?? EXECUTION_P2P_PORT + shift + index,
    })),
    consensus: node.consensus.map((client, index) => ({
      ...clientSettings(client),
      client: client.client,
      p2pPort: client.p2pPort ?? CONSENSUS_P2P_PORT + shift + 2 * index,
      quicPort: client.quicPort ?? CONSENSUS_P2P_PORT + shift + 2 * index + 1,
    })),
    checkpointSyncUrl: node.checkpointSyncUrl ?? NETWORKS[network].checkpointSyncUrl,
    ...(validator
      ? {
          validator: {
            ...clientSettings(validator),
            client: validator.client,
            signer: signerOf(validator),
            publicKeys: validator.publicKeys,
            fallbackBeaconApis: validator.fallbackBeaconApis,
            doppelgangerProtection: validator.doppelgangerProtection,
            graffiti: validator.graffiti,
            // Where the stack deploys the protocol itself, the vault's address takes this one's place once it is known.
            feeRecipient: deployment?.executionRewardsVault ?? settings.protocol?.treasury ?? "",
            gasLimit: validator.gasLimit,
          },
        }
      : {}),
    ...(mevBoost
      ? { mevBoost: { ...clientSettings(mevBoost), relays: mevBoost.relays, minBidEther: mevBoost.minBid } }
      : {}),
    basePort: node.basePort ?? BASE_PORT + PORTS_PER_NODE * place,
    directory: `${dataDirectoryOf(settings, node)}/nodes/${node.name}`,
    uid: HOST_UID,
    gid: HOST_UID,
  };
}

/** geth answers requests for `localhost` only, unless told otherwise; a keeper asks for its container's name. */
function gethByName({ extraArgs = [] }: ContainerSettings): ClientSettings {
  return { extraArgs: ["--http.vhosts=localhost,execution", ...extraArgs] };
}

function dataDirectoryOf({ hosts }: PublicSettings, { host }: PublicNodeSettings): string {
  const target = hosts.find(({ name }) => name === host)?.target;
  return (target?.kind === "local" ? target.directory : undefined) ?? DATA_DIRECTORY;
}

/** A stack's machines. @param portsOf what a node opens to the world */
export function hostSpecs(settings: PublicSettings, portsOf: (node: BundleSpec) => readonly OpenPort[]): HostSpec[] {
  const bundles = bundleSpecs(settings);
  const { gateway, monitoring } = settings;
  return settings.hosts.map((host) => {
    const nodes = bundles.filter((_bundle, index) => settings.nodes[index]?.host === host.name);
    return {
      name: host.name,
      target: targetOf(host),
      dataVolume: withoutUndefined(host.dataVolume),
      sshAllow: host.sshAllow,
      ports: [
        ...nodes.flatMap((node) => portsOf(node).map((port) => ({ ...port, purpose: `${node.name} ${port.purpose}` }))),
        ...(gateway?.host === host.name ? gatewayPorts(gatewaySpec(gateway, settings.hosts)) : []),
        ...(monitoring?.host === host.name && settings.hosts.length > 1 ? [linkPort(LINK_PORT)] : []),
      ],
      hasValidators: nodes.some(({ validator }) => validator !== undefined),
      ...(host.generation === undefined ? {} : { generation: host.generation }),
      ...(host.memoryGiB === undefined ? {} : { memoryGiB: host.memoryGiB }),
      ...(host.protected === undefined ? {} : { protected: host.protected }),
      allowUndersized: host.allowUndersized,
    };
  });
}

function targetOf({ target }: HostSettings): HostSpec["target"] {
  if (target.kind === "local") return withoutUndefined(target);
  if (target.kind !== "ssh") return target;
  const { address, port, user, hostKey } = target;
  return { kind: "ssh", address, port, user, hostKey };
}

function signerOf({ signer, web3signer }: NonNullable<PublicNodeSettings["validator"]>): SignerSettings {
  if (signer === "local") return { kind: "local" };
  const { image, memoryMiB } = clientSettings(web3signer ?? {});
  return { kind: "web3signer", ...(image ? { image } : {}), ...(memoryMiB === undefined ? {} : { memoryMiB }) };
}

interface ContainerSettings {
  readonly image?: { readonly tag?: string | undefined; readonly digest?: string | undefined } | undefined;
  readonly memoryMiB?: number | undefined;
  readonly extraArgs?: readonly string[] | undefined;
}

function clientSettings({ image, memoryMiB, extraArgs }: ContainerSettings): ClientSettings {
  return {
    ...(image ? { image: withoutUndefined(image) as ImageOverride } : {}),
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
    ...(extraArgs === undefined ? {} : { extraArgs }),
  };
}

type Present<Shape> = { [Key in keyof Shape]: Exclude<Shape[Key], undefined> };

/** Settings that were left out are absent, not undefined. */
function withoutUndefined<Shape extends object>(shape: Shape): Present<Shape> {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as Present<Shape>;
}
