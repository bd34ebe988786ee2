import { getAddress, type Address, type Hex, type PublicClient } from "viem";

/** EIP-1967: keccak256("eip1967.proxy.implementation") - 1. */
const IMPLEMENTATION_SLOT: Hex = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";

/** The implementation that an ERC-1967 proxy delegates to; the zero address where there is no such proxy. */
export async function readImplementation(client: PublicClient, proxy: Address): Promise<Address> {
  const word = await client.getStorageAt({ address: proxy, slot: IMPLEMENTATION_SLOT });
  return getAddress(`0x${(word ?? "0x").slice(2).padStart(64, "0").slice(-40)}`);
}
