import { ByteVectorType, ContainerType, UintNumberType } from "@chainsafe/ssz";
import { bls12_381 } from "@noble/curves/bls12-381";
import { bytesToHex, hexToBytes, type Hex } from "viem";
import type { SigningKey } from "./derivation.ts";

const Bytes4 = new ByteVectorType(4);
const Bytes32 = new ByteVectorType(32);
const Bytes48 = new ByteVectorType(48);
const Bytes96 = new ByteVectorType(96);
const Uint64 = new UintNumberType(8);

/** consensus-specs, phase0/beacon-chain.md, DepositMessage and DepositData. Amounts in gwei. */
const DepositMessage = new ContainerType({ pubkey: Bytes48, withdrawalCredentials: Bytes32, amount: Uint64 });
const DepositData = new ContainerType({
  pubkey: Bytes48,
  withdrawalCredentials: Bytes32,
  amount: Uint64,
  signature: Bytes96,
});
const ForkData = new ContainerType({ currentVersion: Bytes4, genesisValidatorsRoot: Bytes32 });
const SigningData = new ContainerType({ objectRoot: Bytes32, domain: Bytes32 });

/** DOMAIN_DEPOSIT (phase0/beacon-chain.md, Domain types). */
const DOMAIN_DEPOSIT = Uint8Array.of(3, 0, 0, 0);
/** The proof-of-possession ciphersuite that the consensus specs prescribe (phase0/beacon-chain.md, BLS signatures). */
const BLS_DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/** Public keys in G1, signatures in G2: the variant of the consensus specs. */
const bls = bls12_381.longSignatures;

/** MIN_DEPOSIT_AMOUNT (phase0/beacon-chain.md, Gwei values): what BeaconDeposits deposits first for a key, in gwei. */
export const PRE_DEPOSIT_GWEI = 1_000_000_000;

/** What a deposit promises, and to which network. */
export interface DepositTerms {
  /** 32 bytes in hex. */
  readonly withdrawalCredentials: Hex;
  readonly amountGwei: number;
  /** GENESIS_FORK_VERSION of the network, 4 bytes in hex: a deposit signature holds on no other. */
  readonly genesisForkVersion: Hex;
}

/** Deposit data as the deposit contract takes it. */
export interface SignedDeposit {
  readonly publicKey: Hex;
  readonly signature: Hex;
  /** hash_tree_root(DepositData), the contract's `deposit_data_root`. */
  readonly depositDataRoot: Hex;
}

/** Signs deposit data with a validator's own key, as the consensus specs say (phase0/validator.md, "Submit deposit"). */
export function signDeposit(key: SigningKey, terms: DepositTerms): SignedDeposit {
  const message = depositMessage(key.publicKey, terms);
  const signature = bls
    .sign(bls.hash(signingRoot(message, terms.genesisForkVersion), BLS_DOMAIN), key.secretKey)
    .toBytes();
  return {
    publicKey: key.publicKey,
    signature: bytesToHex(signature),
    depositDataRoot: bytesToHex(DepositData.hashTreeRoot({ ...message, signature })),
  };
}

/** Whether a deposit's signature would be accepted by the beacon chain: an invalid one loses the deposit's ETH for ever. */
export function verifyDeposit(publicKey: Hex, signature: Hex, terms: DepositTerms): boolean {
  try {
    const root = signingRoot(depositMessage(publicKey, terms), terms.genesisForkVersion);
    return bls.verify(hexToBytes(signature), bls.hash(root, BLS_DOMAIN), hexToBytes(publicKey));
  } catch {
    return false;
  }
}

function depositMessage(publicKey: Hex, terms: DepositTerms) {
  return {
    pubkey: hexToBytes(publicKey),
    withdrawalCredentials: hexToBytes(terms.withdrawalCredentials),
    amount: terms.amountGwei,
  };
}

/** compute_signing_root over compute_domain(DOMAIN_DEPOSIT, version), whose genesis validators root is zero by definition. */
function signingRoot(message: ReturnType<typeof depositMessage>, genesisForkVersion: Hex): Uint8Array {
  const forkDataRoot = ForkData.hashTreeRoot({
    currentVersion: hexToBytes(genesisForkVersion),
    genesisValidatorsRoot: new Uint8Array(32),
  });
  const domain = new Uint8Array([...DOMAIN_DEPOSIT, ...forkDataRoot.slice(0, 28)]);
  return SigningData.hashTreeRoot({ objectRoot: DepositMessage.hashTreeRoot(message), domain });
}
