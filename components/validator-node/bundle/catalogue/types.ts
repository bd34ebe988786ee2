import type { ForkClient, ImageName } from "../images.ts";
import type { PublicNetwork } from "../spec.ts";

/** Ports inside the containers. They are the same for every client, so that one client can replace another. */
export const PORTS = {
  executionRpc: 8545,
  engine: 8551,
  executionMetrics: 6060,
  beaconApi: 5052,
  consensusMetrics: 8008,
  keymanager: 7500,
  validatorMetrics: 8009,
  mevBoost: 18550,
  mevBoostMetrics: 18551,
  web3signer: 9000,
  web3signerMetrics: 9001,
  postgres: 5432,
} as const;

/** Where a container finds its own data. */
export const DATA = "/data";

/** Where a container finds a secret's file. */
export function secretPath(name: string): string {
  return `/run/secrets/${name}`;
}

/** Web3Signer as the other containers of its node see it. */
export const SIGNER_URL = `http://web3signer:${PORTS.web3signer}`;

export const JWT = secretPath("jwt");

/** What compose has to know of any client's image. */
export interface ContainerFacts {
  readonly image: ImageName;
  /** Replaces the image's own entry point, where that one expects to be root. */
  readonly entrypoint?: readonly string[];
  /** The signal that ends the client properly. */
  readonly stopSignal: "SIGTERM" | "SIGINT";
  /** Mebibytes. */
  readonly memoryMiB: Readonly<Record<PublicNetwork, number>>;
  /** Whether it runs on a root file system that cannot be written. */
  readonly readOnly: boolean;
  /** Whether `/tmp` must allow execution: Java unpacks native libraries there. */
  readonly executableTmp?: boolean;
  /** Environment by the memory that the container has, in mebibytes. */
  readonly environment?: (memoryMiB: number) => Readonly<Record<string, string>>;
  /** A health check of its own, in compose's CMD form. */
  readonly healthCheck: readonly string[];
  /** Path of the Prometheus metrics. */
  readonly metricsPath: string;
}

export interface ExecutionContext {
  readonly network: PublicNetwork;
  readonly p2pPort: number;
}

export interface ExecutionDefinition extends ContainerFacts {
  readonly image: ForkClient;
  readonly args: (context: ExecutionContext) => string[];
}

export interface ConsensusContext {
  readonly network: PublicNetwork;
  readonly p2pPort: number;
  readonly quicPort: number;
  /** Engine API of its execution client. */
  readonly executionEndpoint: string;
  readonly checkpointSyncUrl: string;
  /** mev-boost, when the node has one. */
  readonly builderUrl?: string | undefined;
  /** Of blocks whose proposer named none; absent on a node without validators. */
  readonly feeRecipient?: string | undefined;
}

export interface ConsensusDefinition extends ContainerFacts {
  readonly image: ForkClient;
  /** Whether it speaks QUIC on a port of its own. */
  readonly quic: boolean;
  readonly args: (context: ConsensusContext) => string[];
  /** A one-shot run that must have ended well before the client starts: the whole entry point. */
  readonly prepare?: (context: ConsensusContext) => string[];
}

/** How a validator client signs. */
export type SignerContext =
  | { readonly kind: "web3signer"; readonly url: string; readonly publicKeys: readonly string[] }
  | { readonly kind: "local" };

export interface ValidatorContext {
  readonly network: PublicNetwork;
  /** In the order in which they are used. */
  readonly beaconApis: readonly string[];
  readonly signer: SignerContext;
  readonly doppelgangerProtection: boolean;
  /** Empty for none. */
  readonly graffiti: string;
  readonly feeRecipient: string;
  readonly gasLimit: number;
  /** Whether validators register with builders. */
  readonly builder: boolean;
}

export interface ValidatorDefinition extends ContainerFacts {
  readonly image: ForkClient;
  readonly args: (context: ValidatorContext) => string[];
  /**
   * Where the token of the keymanager API is: a path below its data that it writes itself, or `secret` when it reads one that the host
   * made.
   */
  readonly keymanagerToken: { readonly kind: "data"; readonly path: string } | { readonly kind: "secret" };
  /** Whether doppelganger protection and more than one beacon node go together. */
  readonly doppelgangerWithFailover: boolean;
  /** A one-shot run before the first start, with the secrets that client and run read; only with local keys. */
  readonly localWallet?: { readonly entrypoint: (network: PublicNetwork) => string[]; readonly secret: string };
}
