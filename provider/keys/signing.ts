import { ByteVectorType, ContainerType } from "@chainsafe/ssz";
import { bls12_381 } from "@noble/curves/bls12-381";
import { bytesToHex, hexToBytes, type Hex } from "viem";
import type { SigningKey } from "./derivation.ts";

const Bytes4 = new ByteVectorType(4);
const Bytes32 = new ByteVectorType(32);

/** consensus-specs, phase0/beacon-chain.md, ForkData and SigningData. */
const ForkData = new ContainerType({ currentVersion: Bytes4, genesisValidatorsRoot: Bytes32 });
const SigningData = new ContainerType({ objectRoot: Bytes32, domain: Bytes32 });

/** The proof-of-possession ciphersuite that the consensus specs prescribe (phase0/beacon-chain.md, BLS signatures). */
const BLS_DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/** Public keys in G1, signatures in G2: the variant of the consensus specs. */
const bls = bls12_381.longSignatures;

/** Of what and for which fork of which chain a signature is. */
export interface SigningDomain {
  /** A DomainType (phase0/beacon-chain.md, Domain types): 4 bytes. */
  readonly type: Uint8Array;
  /** 4 bytes in hex. */
  readonly forkVersion: Hex;
  /** 32 bytes in hex. */
  readonly genesisValidatorsRoot: Hex;
}

/** compute_signing_root over compute_domain (phase0/beacon-chain.md). @param objectRoot hash_tree_root of what is signed */
export function signingRoot(objectRoot: Uint8Array, domain: SigningDomain): Uint8Array {
  const forkDataRoot = ForkData.hashTreeRoot({
    currentVersion: hexToBytes(domain.forkVersion),
    genesisValidatorsRoot: hexToBytes(domain.genesisValidatorsRoot),
  });
  return SigningData.hashTreeRoot({
    objectRoot,
    domain: new Uint8Array([...domain.type, ...forkDataRoot.slice(0, 28)]),
  });
}

/** Signs a signing root. */
export function signRoot(key: SigningKey, root: Uint8Array): Hex {
  return bytesToHex(bls.sign(bls.hash(root, BLS_DOMAIN), key.secretKey).toBytes());
}

/** Whether a signature is a key's over a signing root; malformed ones are not. */
export function verifyRoot(publicKey: Hex, signature: Hex, root: Uint8Array): boolean {
  try {
    return bls.verify(hexToBytes(signature), bls.hash(root, BLS_DOMAIN), hexToBytes(publicKey));
  } catch {
    return false;
  }
}
