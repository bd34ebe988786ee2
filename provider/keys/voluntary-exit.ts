import { ContainerType, UintNumberType } from "@chainsafe/ssz";
import type { Hex } from "viem";
import type { SigningKey } from "./derivation.ts";
import { signingRoot, signRoot, verifyRoot } from "./signing.ts";

const Uint64 = new UintNumberType(8);
/** consensus-specs, phase0/beacon-chain.md, VoluntaryExit. */
const VoluntaryExit = new ContainerType({ epoch: Uint64, validatorIndex: Uint64 });

/** DOMAIN_VOLUNTARY_EXIT (phase0/beacon-chain.md, Domain types). */
const DOMAIN_VOLUNTARY_EXIT = Uint8Array.of(4, 0, 0, 0);

/** Whose exit, from when on, and on which chain. */
export interface ExitTerms {
  readonly validatorIndex: number;
  /** The first epoch in which the exit can be used. It stays good after it, for ever (EIP-7044). */
  readonly epoch: number;
  /** CAPELLA_FORK_VERSION of the chain, 4 bytes in hex: since Deneb the domain of exits stays Capella's (EIP-7044). */
  readonly capellaForkVersion: Hex;
  /** 32 bytes in hex. */
  readonly genesisValidatorsRoot: Hex;
}

/** A SignedVoluntaryExit as the beacon API takes it. Whoever has one can end the validator: it is as secret as a key. */
export interface SignedExit {
  readonly message: { readonly epoch: string; readonly validator_index: string };
  readonly signature: Hex;
}

/** Signs a validator's voluntary exit (phase0/validator.md, "Voluntary exits"; EIP-7044). */
export function signExit(key: SigningKey, terms: ExitTerms): SignedExit {
  return {
    message: { epoch: String(terms.epoch), validator_index: String(terms.validatorIndex) },
    signature: signRoot(key, exitRoot(terms)),
  };
}

/** Whether the beacon chain would take an exit for this key and these terms. */
export function verifyExit(publicKey: Hex, exit: SignedExit, terms: ExitTerms): boolean {
  const { epoch, validator_index: index } = exit.message;
  return (
    epoch === String(terms.epoch) &&
    index === String(terms.validatorIndex) &&
    verifyRoot(publicKey, exit.signature, exitRoot(terms))
  );
}

function exitRoot({ validatorIndex, epoch, capellaForkVersion, genesisValidatorsRoot }: ExitTerms): Uint8Array {
  return signingRoot(VoluntaryExit.hashTreeRoot({ epoch, validatorIndex }), {
    type: DOMAIN_VOLUNTARY_EXIT,
    forkVersion: capellaForkVersion,
    genesisValidatorsRoot,
  });
}
