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

/** How a resource reaches a host over SSH: the shape of @pulumi/command's connections, with a pinned host key. */
export interface SshArgs {
  readonly host: Input<string>;
  readonly port: Input<number>;
  readonly user: Input<string>;
  /** OpenSSH private key. Secret. */
  readonly privateKey: Input<string>;
  readonly hostKey: Input<string>;
}

/** How a resource reaches a keymanager API: a validator client's, or Web3Signer's. */
export interface KeymanagerArgs {
  readonly url: Input<string>;
  /** File with the API's bearer token, on the machine where the API is; Web3Signer asks for none. */
  readonly tokenFile?: Input<string>;
  /** Lasting name of the client that has the keys; its URL by default. */
  readonly name?: Input<string>;
  /** Host on whose loopback the API is; this machine by default. */
  readonly ssh?: Input<SshArgs>;
}

/**
 * Inputs and empty outputs in one bag, as Pulumi wants them.
 * @param outputs names of what the provider computes
 */
export function withOutputs(args: object, outputs: readonly string[]): Record<string, unknown> {
  return { ...args, ...Object.fromEntries(outputs.map((name) => [name, undefined])) };
}
