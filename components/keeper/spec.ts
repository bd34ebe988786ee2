import type { AppliedBundle } from "../validator-node/bundle/apply.ts";
import type { ImageOverride } from "../validator-node/bundle/spec.ts";
import type { KeeperSettings } from "../../services/keeper/runtime/settings.ts";

/** What a keeper can be told beside where it is and who it is; defaults as in services/keeper/runtime/settings.ts. */
export type KeeperOptions = {
  readonly [Option in "settled" | "cacheDirectory" | "prometheus" | "deposits" | "exits" | "perValidatorLimit"]?:
    | KeeperSettings[Option]
    | undefined;
};

/** What a keeper signs as: `member` votes; the others hold the role of the same name. */
export type KeeperRole = keyof KeeperSettings["accounts"];

/** An account that a keeper signs with. */
export interface KeeperAccount {
  /** Of the account, in the stack's settings: what its file is called on the host. */
  readonly name: string;
  readonly address: string;
  /** JSON-RPC signer that has its key. Without one the key is brought to the host. */
  readonly signerUrl?: string;
}

/** A keeper on a host: everything its bundle is rendered from, but the contracts' addresses. */
export interface KeeperSpec {
  readonly name: string;
  /** Node of the same host whose execution client and beacon node it asks. */
  readonly node: string;
  readonly chainId: number;
  readonly accounts: Readonly<Partial<Record<KeeperRole, KeeperAccount>>> & { readonly member: KeeperAccount };
  /** First block of the deployment, or one before it. */
  readonly fromBlock: number;
  readonly options: Omit<KeeperOptions, "cacheDirectory">;
  /** Docker networks that it joins beside its node's, which others have made. */
  readonly networks?: readonly string[];
  /** Only says what it would do. */
  readonly dryRun: boolean;
  /** Private address on which metrics may be scraped; loopback when absent. */
  readonly metricsAddress?: string;
  /** Port of metrics and health on that address. */
  readonly port: number;
  /** Its folder on the host. Its keys, journals and cache are below it. */
  readonly directory: string;
  readonly uid: number;
  readonly gid: number;
  readonly image?: ImageOverride;
  readonly memoryMiB: number;
}

/** Mebibytes of a keeper's container. */
export const KEEPER_MEMORY_MIB = 1_024;
/** Port of a keeper's metrics and health. */
export const KEEPER_PORT = 7_380;

/** One fault of a keeper's description. */
export interface KeeperFault {
  /** Where, from the spec: `options.prometheus.url`. */
  readonly path: string;
  readonly value: unknown;
  /** What it must be, in words that say what to do. */
  readonly message: string;
}

/** What a keeper is on its host. */
export interface KeeperBundle extends AppliedBundle {
  /** Where its metrics are: `address:port`, path `/metrics`. */
  readonly target: string;
}
