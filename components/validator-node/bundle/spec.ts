import type { OpenPort } from "../../host/spec.ts";

/** Networks that bundles are rendered for. */
export type PublicNetwork = "mainnet" | "sepolia" | "hoodi";

export const EXECUTION_CLIENTS = ["besu", "geth", "nethermind", "reth", "erigon"] as const;
export const CONSENSUS_CLIENTS = ["lighthouse", "prysm", "teku", "nimbus", "lodestar"] as const;
export const VALIDATOR_CLIENTS = CONSENSUS_CLIENTS;

export type ExecutionClient = (typeof EXECUTION_CLIENTS)[number];
export type ConsensusClient = (typeof CONSENSUS_CLIENTS)[number];
export type ValidatorClient = (typeof VALIDATOR_CLIENTS)[number];

/** An image other than the catalogue's. */
export interface ImageOverride {
  readonly tag?: string;
  /** `sha256:…`; a rendered image with a digest is pulled by it, whatever the tag says now. */
  readonly digest?: string;
}

/** What any client of a node can be given. */
export interface ClientSettings {
  readonly image?: ImageOverride;
  /** Mebibytes that the container may use; the catalogue's figure for the network when absent. */
  readonly memoryMiB?: number;
  /** Added to the command line, last. */
  readonly extraArgs?: readonly string[];
}

/** One execution client of a node. The first is the primary, a second one the standby. */
export interface ExecutionSettings extends ClientSettings {
  readonly client: ExecutionClient;
  readonly p2pPort: number;
}

/** One consensus client of a node. The first is the primary, a second one the standby. */
export interface ConsensusSettings extends ClientSettings {
  readonly client: ConsensusClient;
  readonly p2pPort: number;
  /** QUIC, UDP; where the client speaks it. */
  readonly quicPort: number;
}

/** How keys are held and signed with. */
export type SignerSettings =
  /**
   * Web3Signer with PostgreSQL slashing protection, on the node: the default on public networks. Its image can be overridden like a
   * client's, because it must know a fork before the fork comes.
   */
  | { readonly kind: "web3signer"; readonly image?: ImageOverride; readonly memoryMiB?: number }
  /** Keystores in the validator client itself, with its own slashing protection. Small setups. */
  | { readonly kind: "local" };

export interface ValidatorSettings extends ClientSettings {
  readonly client: ValidatorClient;
  readonly signer: SignerSettings;
  /** Public keys that this node alone runs, `0x…`, 48 bytes. */
  readonly publicKeys: readonly string[];
  /** Beacon nodes elsewhere that it may fall back to, after the node's own, in order. */
  readonly fallbackBeaconApis: readonly string[];
  readonly doppelgangerProtection: boolean;
  readonly graffiti: string;
  /** Execution address of keys that have none of their own. */
  readonly feeRecipient: string;
  /** Gas limit that proposals ask builders for. */
  readonly gasLimit: number;
}

export interface MevBoostSettings extends ClientSettings {
  /** `https://0xPUBKEY@host`. */
  readonly relays: readonly string[];
  /** Ether below which a local block is better. */
  readonly minBidEther: string;
}

/** A node as an operator describes it: everything its bundle is rendered from. */
export interface BundleSpec {
  readonly name: string;
  readonly network: PublicNetwork;
  readonly execution: readonly ExecutionSettings[];
  readonly consensus: readonly ConsensusSettings[];
  readonly checkpointSyncUrl: string;
  readonly validator?: ValidatorSettings;
  readonly mevBoost?: MevBoostSettings;
  /** Address of the private network on which metrics may be scraped; loopback when absent. */
  readonly metricsAddress?: string;
  /**
   * First of the consecutive loopback ports that this node's APIs and metrics are bound to, so that several nodes can share a host.
   */
  readonly basePort: number;
  /** The node's folder on the host. Bundle, databases and secrets are below it. */
  readonly directory: string;
  /** Whom files and containers belong to on the host. */
  readonly uid: number;
  readonly gid: number;
}

/** A file of a bundle. */
export interface BundleFile {
  /** Relative to the node's folder. */
  readonly path: string;
  /** e.g. `0440`. */
  readonly mode: string;
  readonly content: string;
}

/** A folder that must be there, with this owner, before a service starts: Docker would create it for root, and a client could not write. */
export interface BundleDirectory {
  /** Relative to the node's folder. */
  readonly path: string;
  readonly mode: string;
}

/** A secret that the host makes for itself when it is not there yet; never part of a bundle, of state or of an argument. */
export interface GeneratedSecret {
  /** Relative to the node's folder. */
  readonly path: string;
  readonly mode: string;
  /** Random bytes, written in hex. */
  readonly bytes: number;
}

/** Where a client's metrics are, for Prometheus. */
export interface MetricsTarget {
  readonly job: "execution" | "consensus" | "validator" | "mev-boost" | "web3signer";
  readonly client: string;
  readonly role: "primary" | "standby";
  /** `address:port`. */
  readonly target: string;
  readonly path: string;
}

/** What a node is on its host. */
export interface Bundle {
  readonly directories: readonly BundleDirectory[];
  readonly files: readonly BundleFile[];
  readonly secrets: readonly GeneratedSecret[];
  readonly metrics: readonly MetricsTarget[];
  /** What the host's firewall opens. */
  readonly ports: readonly OpenPort[];
  /** Services by a hash of what they run on: a plan says which of them restart. */
  readonly services: Readonly<Record<string, string>>;
  /** Loopback URL of the primary. */
  readonly executionRpc: string;
  /** Loopback URLs, the primary's first. */
  readonly beaconApis: readonly string[];
  /** `tokenFile` is a path on the host. */
  readonly keymanager?: { readonly url: string; readonly tokenFile: string };
  readonly signerUrl?: string;
}
