import {
  isAddressEqual,
  numberToHex,
  parseTransaction,
  recoverTransactionAddress,
  type Address,
  type Hex,
  type LocalAccount,
  type TransactionSerializable,
  type TransactionSerialized,
} from "viem";
import { toAccount } from "viem/accounts";
import { RemoteSignerError } from "./errors.ts";

/** A person may have to press a button: milliseconds until that is given up. */
const PATIENCE_MS = 600_000;

/**
 * An account that has its transactions signed by a JSON-RPC signer (eth_signTransaction, or account_signTransaction as Clef calls it). What comes back
 * is checked: a signer that changes a field or signs for another account is refused.
 */
export function remoteAccount(signerUrl: string, address: Address): LocalAccount {
  const only = (): never => {
    throw new RemoteSignerError(signerUrl, "is asked for transactions only");
  };
  return toAccount({
    address,
    signTransaction: async (transaction) => {
      const wanted = transaction as TransactionSerializable;
      const raw = await ask(signerUrl, address, wanted);
      await verify(signerUrl, address, wanted, raw);
      return raw;
    },
    signMessage: only,
    signTypedData: only,
  });
}

async function ask(signerUrl: string, address: Address, transaction: TransactionSerializable): Promise<Hex> {
  const { to, nonce, data, value = 0n, gas = 0n, chainId } = transaction;
  const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = transaction;
  const call = {
    from: address,
    ...(to ? { to } : {}),
    nonce: numberToHex(nonce ?? 0),
    gas: numberToHex(gas),
    maxFeePerGas: numberToHex(maxFeePerGas),
    maxPriorityFeePerGas: numberToHex(maxPriorityFeePerGas),
    value: numberToHex(value),
    chainId: numberToHex(chainId ?? 0),
    data: data ?? "0x",
  };
  let answer = await request(signerUrl, "eth_signTransaction", call);
  // Clef serves the same under a namespace of its own.
  if (answer.error?.code === METHOD_NOT_FOUND) answer = await request(signerUrl, "account_signTransaction", call);
  // Clef answers with the transaction beside its bytes, others with the bytes alone.
  const raw = typeof answer.result === "string" ? answer.result : answer.result?.raw;
  if (raw === undefined)
    throw new RemoteSignerError(signerUrl, `refused: ${answer.error?.message ?? "no reason given"}`);
  return raw;
}

interface Answer {
  readonly result?: Hex | { readonly raw?: Hex };
  readonly error?: { readonly code?: number; readonly message?: string };
}

/** JSON-RPC's code for it. https://www.jsonrpc.org/specification#error_object */
const METHOD_NOT_FOUND = -32_601;

async function request(signerUrl: string, method: string, call: object): Promise<Answer> {
  try {
    const response = await fetch(signerUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [call] }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return (await response.json()) as Answer;
  } catch (cause) {
    throw new RemoteSignerError(signerUrl, "does not answer", cause);
  }
}

async function verify(signerUrl: string, address: Address, wanted: TransactionSerializable, raw: Hex): Promise<void> {
  let signer: Address;
  let signed: ReturnType<typeof parseTransaction>;
  try {
    signer = await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerialized });
    signed = parseTransaction(raw);
  } catch (cause) {
    throw new RemoteSignerError(signerUrl, "answered with something that is no signed transaction", cause);
  }
  if (!isAddressEqual(signer, address))
    throw new RemoteSignerError(signerUrl, `signed for ${signer} instead of ${address}`);
  if (signed.type !== "eip1559" || (signed.accessList ?? []).length > 0)
    throw new RemoteSignerError(signerUrl, "signed a transaction of another type than it was asked for");
  const fields = ["chainId", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "value", "data", "to"] as const;
  for (const field of fields) {
    // A signed transaction leaves out what is zero or empty.
    const plain = (value: string | number | bigint | null | undefined): string =>
      (value ?? 0).toString().toLowerCase().replace(/^0x$/, "0");
    if (plain(signed[field]) !== plain(wanted[field]))
      throw new RemoteSignerError(signerUrl, `changed the transaction's ${field}`);
  }
}
