import type { Input } from "@pulumi/pulumi";

/** How a resource reaches an execution chain. */
export interface ChainArgs {
  /** JSON-RPC endpoint of an execution client. */
  readonly rpcUrl: Input<string>;
  /** Chain id that the endpoint must report: nothing is sent to another chain. */
  readonly chainId: Input<number>;
}

/** The account that signs a resource's transactions. */
export type SenderArgs =
  | {
      /** File with its private key (32 bytes in hex), mode 0600; relative paths count from the project's folder. */
      readonly keyFile: Input<string>;
    }
  | {
      /** JSON-RPC signer that holds its key (eth_signTransaction), e.g. Clef with a hardware wallet. */
      readonly signerUrl: Input<string>;
      readonly address: Input<string>;
    };

/** How a resource reaches a validator client's keymanager API. */
export interface KeymanagerArgs {
  readonly url: Input<string>;
  /** File with the API's bearer token. */
  readonly tokenFile: Input<string>;
}

/**
 * Inputs and empty outputs in one bag, as Pulumi wants them.
 * @param outputs names of what the provider computes
 */
export function withOutputs(args: object, outputs: readonly string[]): Record<string, unknown> {
  return { ...args, ...Object.fromEntries(outputs.map((name) => [name, undefined])) };
}
