import type { Address, Hex } from "viem";
import type { Watched } from "./settlements.ts";

/** An alert in a notification of Alertmanager, as far as tests look at it. */
export interface Alert {
  readonly status: string;
  /** RFC 3339. */
  readonly startsAt: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Outputs of a devnet, as far as tests look at them. */
export interface Outputs {
  readonly executionRpc: string;
  readonly beaconApi: string;
  readonly prometheus?: string;
  readonly contracts: Watched & Readonly<Record<string, Address>>;
  readonly accounts: Readonly<Record<string, { readonly address: Address; readonly keyFile: string }>>;
  readonly operators: readonly {
    readonly name: string;
    readonly operatorId: string;
    readonly keys: readonly { readonly publicKeys: Hex[] }[];
  }[];
}
