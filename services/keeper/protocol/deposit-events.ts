import type { Hex } from "viem";
import { DEPOSIT_CONTRACT_ABI } from "./abi.ts";
import { blockRanges } from "./block-ranges.ts";
import type { Protocol } from "./protocol.ts";

/** A deposit, as the deposit contract logs it. */
export interface DepositLog {
  /** In lower case. */
  readonly publicKey: Hex;
  readonly gwei: bigint;
  /** How many deposits came before it. */
  readonly index: bigint;
  readonly blockNumber: bigint;
  readonly transaction: Hex;
}

/** Deposits of everybody in a part of the chain, both ends included, in their order. */
export async function* depositLogs(
  { client, contracts }: Pick<Protocol, "client" | "contracts">,
  first: bigint,
  last: bigint,
): AsyncGenerator<DepositLog> {
  for (const range of blockRanges(first, last)) {
    const logs = await client.getContractEvents({
      address: contracts.DepositContract,
      abi: DEPOSIT_CONTRACT_ABI,
      eventName: "DepositEvent",
      ...range,
      strict: true,
    });
    for (const { args, blockNumber, transactionHash: transaction } of logs) {
      const publicKey = args.pubkey.toLowerCase() as Hex;
      yield { publicKey, gwei: uint64Of(args.amount), index: uint64Of(args.index), blockNumber, transaction };
    }
  }
}

/** The deposit contract's numbers are 8 bytes, the least first. */
export function uint64Of(bytes: Hex): bigint {
  return Buffer.from(bytes.slice(2), "hex").readBigUInt64LE(0);
}
