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
  /** Number of validators with interop keys that the validator client runs besides our own. */
  readonly interopValidators: number;
  readonly files: NetworkFiles;
  /** Fee recipient of keys that have none of their own. */
  readonly defaultFeeRecipient: string;
}

/** A node's clients and ports. */
export interface NodeSpec {
  readonly name: string;
  readonly execution: {
    readonly client: "ethereumjs" | "geth";
    readonly rpcPort: number;
    readonly enginePort: number;
    readonly p2pPort: number;
  };
  readonly consensus: {
    readonly client: "lodestar";
    readonly restPort: number;
    readonly p2pPort: number;
    readonly metricsPort: number;
  };
  readonly validator: { readonly client: "lodestar"; readonly keymanagerPort: number; readonly metricsPort: number };
}
