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
 * An account that has its transactions signed by a JSON-RPC signer (eth_signTransaction: Clef, Web3Signer in eth1 mode). What comes back
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
  const answer = await fetch(signerUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_signTransaction", params: [call] }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  })
    .then(async (response) => (await response.json()) as { result?: Hex | { raw?: Hex }; error?: { message?: string } })
    .catch((cause: unknown) => {
      throw new RemoteSignerError(signerUrl, "does not answer", cause);
    });
  // Clef answers with the transaction beside its bytes, others with the bytes alone.
  const raw = typeof answer.result === "string" ? answer.result : answer.result?.raw;
  if (raw === undefined)
    throw new RemoteSignerError(signerUrl, `refused: ${answer.error?.message ?? "no reason given"}`);
  return raw;
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
  const fields = ["chainId", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "value", "data", "to"] as const;
  for (const field of fields) {
    // A signed transaction leaves out what is zero or empty.
    const plain = (value: string | number | bigint | null | undefined): string =>
      (value ?? 0).toString().toLowerCase().replace(/^0x$/, "0");
    if (plain(signed[field]) !== plain(wanted[field]))
      throw new RemoteSignerError(signerUrl, `changed the transaction's ${field}`);
  }
}
