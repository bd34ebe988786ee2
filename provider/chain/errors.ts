import { formatEther, type Address, type Hex } from "viem";
import { EthstakeError } from "../../lib/errors.ts";

/** An endpoint without what may be a secret in its URL: providers put their API keys into path, query or user. */
function withoutSecrets(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "rpcUrl";
}

/** The JSON-RPC endpoint does not answer. */
export class ChainUnreachableError extends EthstakeError<{ rpcUrl: string }> {
  readonly code = "CHAIN_UNREACHABLE";
  constructor(rpcUrl: string, cause: unknown) {
    super(
      `No execution client answers at ${withoutSecrets(rpcUrl)}.`,
      { rpcUrl: withoutSecrets(rpcUrl) },
      { remedy: "Start it, or correct rpcUrl.", cause },
    );
  }
}

/** The endpoint serves another chain than the settings name. */
export class WrongChainError extends EthstakeError<{ rpcUrl: string; expected: number; actual: number }> {
  readonly code = "WRONG_CHAIN";
  constructor(rpcUrl: string, expected: number, actual: number) {
    super(
      `${withoutSecrets(rpcUrl)} serves chain id ${actual}, but the settings say ${expected}.`,
      { rpcUrl: withoutSecrets(rpcUrl), expected, actual },
      { remedy: "Correct the chain id or point rpcUrl at the right network; nothing was sent." },
    );
  }
}

/** An account cannot pay for a transaction. Amounts in wei. */
export class InsufficientFundsError extends EthstakeError<{ address: Address; balance: bigint; needed: bigint }> {
  readonly code = "INSUFFICIENT_FUNDS";
  constructor(address: Address, balance: bigint, needed: bigint) {
    super(
      `Account ${address} has ${formatEther(balance)} ETH and needs ${formatEther(needed)} ETH for this transaction (value and highest fee).`,
      { address, balance, needed },
      { remedy: `Send at least ${formatEther(needed - balance)} ETH to ${address} and run again.` },
    );
  }
}

/** A call or transaction that the chain refuses; `reason` is the contract's own error where it could be decoded. */
export class TransactionRejectedError extends EthstakeError<{ purpose: string; reason: string; hash?: Hex }> {
  readonly code = "TRANSACTION_REJECTED";
  constructor(purpose: string, reason: string, hash?: Hex, cause?: unknown) {
    super(`${purpose} was rejected: ${reason}.`, { purpose, reason, ...(hash ? { hash } : {}) }, { cause });
  }
}

/** A transaction was sent, and replaced with higher fees, but did not get into a block in time. */
export class TransactionStuckError extends EthstakeError<{ purpose: string; hashes: readonly Hex[]; seconds: number }> {
  readonly code = "TRANSACTION_STUCK";
  constructor(purpose: string, hashes: readonly Hex[], seconds: number) {
    super(
      `${purpose} is not in a block after ${seconds} s (transaction ${hashes.at(-1) ?? "unknown"}).`,
      { purpose, hashes, seconds },
      {
        remedy:
          "Check that the chain produces blocks; a further run waits for the same transaction and does not send a second one.",
      },
    );
  }
}

/** The file that should hold an account's private key cannot be used. */
export class AccountKeyFileError extends EthstakeError<{ file: string }> {
  readonly code = "ACCOUNT_KEY_FILE";
  constructor(file: string, problem: string, cause?: unknown) {
    super(
      `The account key file ${file} ${problem}.`,
      { file },
      {
        remedy: "It must hold one private key, 32 bytes in hex, belong to the user who runs this, and have mode 0600.",
        cause,
      },
    );
  }
}

/** A remote signer did not sign what it was asked to. */
export class RemoteSignerError extends EthstakeError<{ signerUrl: string }> {
  readonly code = "REMOTE_SIGNER";
  constructor(signerUrl: string, problem: string, cause?: unknown) {
    super(
      `The signer at ${signerUrl} ${problem}.`,
      { signerUrl },
      { remedy: "Check that it is unlocked for this account and approves the transaction.", cause },
    );
  }
}

/** Another process is using the same account. */
export class AccountBusyError extends EthstakeError<{ address: Address; holder: string }> {
  readonly code = "ACCOUNT_BUSY";
  constructor(address: Address, holder: string) {
    super(
      `Account ${address} is in use by process ${holder}.`,
      { address, holder },
      { remedy: "Wait until that run ends: two senders on one account would take each other's nonces." },
    );
  }
}
