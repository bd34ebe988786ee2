import { join } from "node:path";
import { encodeFunctionData, type Abi, type Address, type Hex } from "viem";
import type { ProtocolContract } from "../../../components/protocol/contracts.ts";
import { loadAccount, type SenderReference } from "../../../provider/chain/account.ts";
import type { ChainConnection } from "../../../provider/chain/client.ts";
import { AccountBusyError, TransactionRejectedError } from "../../../provider/chain/errors.ts";
import { withSender } from "../../../provider/chain/sender.ts";
import type { Contracts } from "../protocol/protocol.ts";
import type { Logger } from "./log.ts";
import type { KeeperMetrics } from "./metrics.ts";

/** A call of a contract of the protocol. */
export interface Call {
  readonly contract: ProtocolContract;
  readonly abi: Abi;
  readonly functionName: string;
  readonly args: readonly unknown[];
  /** For the log and the journal. */
  readonly purpose: string;
  /** Wei sent along. */
  readonly value?: bigint;
  /** Gas beside the usual headroom. */
  readonly spareGas?: bigint;
}

/** One account's transactions. Nonces, replacements and the journal are provider/chain/sender.ts's. */
export class Transactions {
  readonly #chain: ChainConnection;
  readonly #contracts: Contracts;
  readonly #reference: SenderReference;
  readonly #dryRun: boolean;
  readonly #metrics: KeeperMetrics;
  readonly #log: Logger;
  readonly address: Address;

  private constructor(address: Address, reference: SenderReference, options: TransactionsOptions) {
    this.address = address;
    this.#reference = reference;
    this.#chain = options.chain;
    this.#contracts = options.contracts;
    this.#dryRun = options.dryRun;
    this.#metrics = options.metrics;
    this.#log = options.log;
  }

  static async open(reference: SenderReference, options: TransactionsOptions): Promise<Transactions> {
    const { address } = await loadAccount(reference);
    const { accountsDirectory: directory } = options;
    // By address: roles of one account share its lock.
    const records = directory === undefined ? {} : { records: join(directory, address.toLowerCase()) };
    return new Transactions(address, { ...reference, ...records }, options);
  }

  /**
   * Sends a call and waits until it is in a block.
   * @returns false when nothing was sent: a dry run; another copy of this keeper, which has the account; or a refusal by the contract,
   * as of a member that was faster. Who called looks at the chain again in the next run.
   */
  async send({ contract, abi, functionName, args, purpose, value, spareGas }: Call): Promise<boolean> {
    const labels = { contract, function: functionName };
    const data: Hex = encodeFunctionData({ abi, functionName, args });
    if (this.#dryRun) {
      this.#metrics.transactions.inc({ ...labels, outcome: "dry_run" });
      this.#log.info({ ...labels, purpose }, "would send");
      return false;
    }
    try {
      const request = {
        purpose,
        to: this.#contracts[contract],
        data,
        abi,
        ...(value === undefined ? {} : { value }),
        ...(spareGas === undefined ? {} : { spareGas }),
      };
      // Given back after each transaction: another copy of this keeper, and the next `up`, use the account too.
      const { transactionHash } = await withSender(this.#chain, this.#reference, (sender) => sender.send(request), {
        busyForMs: 0,
      });
      this.#metrics.transactions.inc({ ...labels, outcome: "included" });
      this.#log.info({ ...labels, purpose, transaction: transactionHash }, "sent");
      return true;
    } catch (error) {
      if (error instanceof AccountBusyError) {
        this.#log.debug({ ...labels, purpose }, "another copy of this keeper has the account");
        return false;
      }
      if (!(error instanceof TransactionRejectedError)) throw error;
      this.#metrics.transactions.inc({ ...labels, outcome: "rejected" });
      this.#log.warn({ ...labels, purpose, error: error.message }, "refused");
      return false;
    }
  }
}

export interface TransactionsOptions {
  readonly chain: ChainConnection;
  readonly contracts: Contracts;
  readonly dryRun: boolean;
  readonly metrics: KeeperMetrics;
  readonly log: Logger;
  /** Folder of the accounts' locks and journals; beside their key files when absent. */
  readonly accountsDirectory?: string | undefined;
}
