/** A process of a node, as data: what a {@link Process} resource runs. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly prepare?: readonly string[];
  /** TCP ports by the settings that choose them. */
  readonly ports: Readonly<Record<string, number>>;
  readonly readiness: { readonly url: string; readonly kind: "http" | "json-rpc"; readonly timeoutSeconds: number };
  /** Seconds between SIGTERM and SIGKILL. */
  readonly stopGraceSeconds: number;
}

/** Where a network's files are. Paths are relative to the project's folder. */
export interface NetworkFiles {
  /** Folder of the network. */
  readonly directory: string;
  readonly executionGenesisFile: string;
  readonly chainFile: string;
  readonly consensusParametersFile: string;
  readonly genesisStateFile: string;
  readonly jwtFile: string;
}

/** What distinguishes one network from another for its clients. */
export interface NetworkSpec {
  readonly chainId: number;
  /** Number of validators with interop keys that this node's validator client runs besides our own: 0 for all nodes but one. */
  readonly interopValidators: number;
  readonly files: NetworkFiles;
  /** Fee recipient of keys that have none of their own. */
  readonly defaultFeeRecipient: string;
}

/** A node's clients and ports. */
export interface NodeSpec {
  readonly name: string;
  /** The primary first, then a standby at most. */
  readonly execution: readonly ExecutionSpec[];
  /** The primary first, then a standby at most. */
  readonly consensus: readonly ConsensusSpec[];
  readonly validator: { readonly client: "lodestar"; readonly keymanagerPort: number; readonly metricsPort: number };
}

/** An execution client. */
export interface ExecutionSpec {
  readonly client: "ethereumjs" | "geth";
  readonly rpcPort: number;
  readonly enginePort: number;
  readonly p2pPort: number;
}

/** A consensus client. */
export interface ConsensusSpec {
  readonly client: "lodestar";
  readonly restPort: number;
  readonly p2pPort: number;
  readonly metricsPort: number;
}

/** Which of a node's clients of one kind it is. */
export interface Place {
  /** Place in the list of the settings: 0 is the primary. */
  readonly index: number;
  /** Name of its process. */
  readonly process: string;
  /** Folder of its data below the network's folder. */
  readonly folder: string;
}
