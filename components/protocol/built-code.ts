import type { Address, PublicClient } from "viem";
import { isCodeOf, loadArtifact } from "../../provider/chain/artifact.ts";
import { readImplementation } from "../../provider/chain/proxy.ts";
import { artifactPath } from "./artifacts.ts";

/** A contract's code on the chain, beside what was built. */
export interface BuiltCode {
  /** Where the code is: the contract itself where there is no proxy. */
  readonly implementation: Address;
  /** Bytes of it; 0 where there is none. */
  readonly size: number;
  /** Whether it is what was built from the source, behind the built proxy where there is one. */
  readonly isBuilt: boolean;
}

/** Reads a contract's code and compares it with the artifacts. The contracts must be built. */
export async function readBuiltCode(
  client: PublicClient,
  address: Address,
  { source, proxied }: { readonly source: string; readonly proxied: boolean },
): Promise<BuiltCode> {
  const implementation = proxied ? await readImplementation(client, address) : address;
  const code = await client.getCode({ address: implementation });
  const isSource = code !== undefined && isCodeOf(await loadArtifact(artifactPath(`${source}.sol`, source)), code);
  const size = code ? (code.length - 2) / 2 : 0;
  if (!proxied) return { implementation, size, isBuilt: isSource };
  const proxyCode = await client.getCode({ address });
  const proxy = await loadArtifact(artifactPath("ERC1967Proxy.sol", "ERC1967Proxy"));
  return { implementation, size, isBuilt: isSource && proxyCode !== undefined && isCodeOf(proxy, proxyCode) };
}
