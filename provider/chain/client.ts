import { createPublicClient, http, type PublicClient } from "viem";
import { z } from "zod";
import { ChainUnreachableError, WrongChainError } from "./errors.ts";

/** How a resource reaches an execution chain. */
export const chainSchema = z.object({
  /** JSON-RPC endpoint of an execution client. */
  rpcUrl: z.url({ protocol: /^https?$/, error: "must be an http(s) URL of an execution client's JSON-RPC" }),
  /** The chain id that the endpoint must report. */
  chainId: z.number({ error: "must be the chain's numeric id" }).int().positive(),
});

export type ChainConnection = z.infer<typeof chainSchema>;

const clients = new Map<string, Promise<PublicClient>>();

/**
 * A client of the chain, once its id has been compared with the settings.
 * @throws {@link ChainUnreachableError}, {@link WrongChainError}
 */
export function connectChain(chain: ChainConnection): Promise<PublicClient> {
  const key = `${chain.chainId} ${chain.rpcUrl}`;
  let client = clients.get(key);
  if (!client) {
    client = openClient(chain);
    clients.set(key, client);
    // A failure is not remembered: the client may only just be starting.
    client.catch(() => clients.delete(key));
  }
  return client;
}

async function openClient({ rpcUrl, chainId }: ChainConnection): Promise<PublicClient> {
  const client = createPublicClient({ transport: http(rpcUrl, { retryCount: 3, retryDelay: 200, timeout: 15_000 }) });
  const actual = await client.getChainId().catch((cause: unknown) => {
    throw new ChainUnreachableError(rpcUrl, cause);
  });
  if (actual !== chainId) throw new WrongChainError(rpcUrl, chainId, actual);
  return client;
}
