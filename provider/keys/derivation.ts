import { deriveKeyFromMnemonic, eth2ValidatorPaths } from "@chainsafe/bls-keygen";
import { bls12_381 } from "@noble/curves/bls12-381";
import { validateMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english";
import { bytesToHex, type Hex } from "viem";
import { InvalidMnemonicError } from "./errors.ts";

/** A validator's signing key. Lives in memory only; nothing of it but `publicKey` and `path` may leave the provider. */
export interface SigningKey {
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
  /** 48 bytes in hex: the compressed point, as the consensus specs write BLSPubkey. */
  readonly publicKey: Hex;
  /** EIP-2334 path, e.g. m/12381/3600/0/0/0. */
  readonly path: string;
}

/**
 * Derives a validator's signing key from a BIP-39 mnemonic (EIP-2333 key tree, EIP-2334 path m/12381/3600/index/0/0).
 * @param index the validator's index in the mnemonic, from 0
 * @throws {@link InvalidMnemonicError}; its message does not repeat the words
 */
export function deriveSigningKey(mnemonic: string, index: number): SigningKey {
  if (!validateMnemonic(mnemonic, wordlist)) throw new InvalidMnemonicError();
  const path = eth2ValidatorPaths(index).signing;
  const secretKey = deriveKeyFromMnemonic(mnemonic, path);
  return { secretKey, publicKey: publicKeyOf(secretKey), path };
}

/** The public key of a secret key, 48 bytes in hex. */
export function publicKeyOf(secretKey: Uint8Array): Hex {
  return bytesToHex(bls12_381.longSignatures.getPublicKey(secretKey).toBytes());
}
