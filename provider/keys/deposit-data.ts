import { ByteVectorType, ContainerType, UintNumberType } from "@chainsafe/ssz";
import { bytesToHex, hexToBytes, zeroHash, type Hex } from "viem";
import type { SigningKey } from "./derivation.ts";
import { signingRoot, signRoot, verifyRoot } from "./signing.ts";

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
/** DOMAIN_DEPOSIT (phase0/beacon-chain.md, Domain types). */
const DOMAIN_DEPOSIT = Uint8Array.of(3, 0, 0, 0);
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
  const signature = signRoot(key, depositRoot(message, terms.genesisForkVersion));
  return {
    publicKey: key.publicKey,
    signature,
    depositDataRoot: bytesToHex(DepositData.hashTreeRoot({ ...message, signature: hexToBytes(signature) })),
  };
}

/** Whether a deposit's signature would be accepted by the beacon chain: an invalid one loses the deposit's ETH for ever. */
export function verifyDeposit(publicKey: Hex, signature: Hex, terms: DepositTerms): boolean {
  return verifyRoot(publicKey, signature, depositRoot(depositMessage(publicKey, terms), terms.genesisForkVersion));
}

function depositMessage(publicKey: Hex, terms: DepositTerms) {
  return {
    pubkey: hexToBytes(publicKey),
    withdrawalCredentials: hexToBytes(terms.withdrawalCredentials),
    amount: terms.amountGwei,
  };
}

/** A deposit's signing root, whose genesis validators root is zero by definition: it holds before genesis too. */
function depositRoot(message: ReturnType<typeof depositMessage>, forkVersion: Hex): Uint8Array {
  return signingRoot(DepositMessage.hashTreeRoot(message), {
    type: DOMAIN_DEPOSIT,
    forkVersion,
    genesisValidatorsRoot: zeroHash,
  });
}
