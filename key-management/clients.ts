import type { Hex } from "viem";
import {
  clientName,
  KeymanagerClient,
  KeymanagerError,
  type DeletedKeys,
  type KeymanagerConnection,
} from "../provider/beacon/keymanager.ts";

/** A node's client as keys see it. */
export interface SigningClient {
  /** Name of the node in the settings. */
  readonly node: string;
  /** What holds the keystores: the validator client, or its Web3Signer. Its name is what keys are noted to be at. */
  readonly holder: KeymanagerConnection;
  /** The validator client, where Web3Signer is the holder. */
  readonly validator?: KeymanagerConnection | undefined;
  /** Web3Signer as its validator client sees it. */
  readonly signerUrl?: string | undefined;
}

/** The keys at a node's client; undefined when there is no such node. */
export function clientAt(clients: readonly SigningClient[], node: string): ClientKeys | undefined {
  const client = clients.find((candidate) => candidate.node === node);
  return client && new ClientKeys(client);
}

/** What a validator client was told of one key. Absent is what it has no API for. */
export interface KeySettings {
  readonly feeRecipient?: string | undefined;
  readonly gasLimit?: number | undefined;
  readonly graffiti?: string | undefined;
}

/** Result of taking keys away from a client. */
export interface Unloaded {
  /** Keys that it would not give up, and why. */
  readonly kept: ReadonlyMap<Hex, string>;
  /** EIP-3076 interchanges, of the validator client and of its signer. */
  readonly histories: readonly string[];
}

/** Keys at one client: loaded, unloaded, looked at. Every operation can be repeated. */
export class ClientKeys {
  readonly name: string;
  readonly #holder: KeymanagerClient;
  readonly #validator: KeymanagerClient;
  readonly #signerUrl: string | undefined;

  constructor({ holder, validator, signerUrl }: SigningClient) {
    this.name = clientName(holder);
    this.#holder = new KeymanagerClient(holder);
    this.#validator = validator ? new KeymanagerClient(validator) : this.#holder;
    this.#signerUrl = validator ? signerUrl : undefined;
  }

  /** Which of the keys the client could sign with, at its validator client or its signer. */
  async loaded(publicKeys: readonly Hex[]): Promise<Hex[]> {
    const present = new Set(await this.#holder.listKeystores());
    if (this.#signerUrl !== undefined) {
      for (const key of await this.#validator.listRemoteKeys()) present.add(key);
      // From a time when it held keys itself.
      for (const key of await this.#validator.listKeystores()) present.add(key);
    }
    return publicKeys.filter((key) => present.has(key));
  }

  /** Makes the client stop signing, and takes what it signed. The validator client first: it would only fail without its signer. */
  async unload(publicKeys: readonly Hex[]): Promise<Unloaded> {
    const kept = new Map<Hex, string>();
    const note = (statuses: DeletedKeys["statuses"]): void => {
      publicKeys.forEach((key, index) => {
        const { status, message } = statuses[index] ?? { status: "no answer" };
        if (!["deleted", "not_active", "not_found"].includes(status)) kept.set(key, message ?? status);
      });
    };
    const histories: string[] = [];
    if (this.#signerUrl !== undefined) {
      note(await this.#validator.deleteRemoteKeys(publicKeys));
      const own = await this.#validator.deleteKeystores(publicKeys);
      note(own.statuses);
      histories.push(own.slashingProtection);
    }
    const { statuses, slashingProtection } = await this.#holder.deleteKeystores(publicKeys);
    note(statuses);
    return { kept, histories: [...histories, slashingProtection] };
  }

  /** Loads keys with what they have signed, and names them to the validator client. */
  async load(
    publicKeys: readonly Hex[],
    keystores: readonly string[],
    passwords: readonly string[],
    slashingProtection: string | undefined,
  ): Promise<void> {
    await this.#holder.importKeystores(keystores, passwords, slashingProtection);
    if (this.#signerUrl !== undefined) await this.#validator.importRemoteKeys(publicKeys, this.#signerUrl);
  }

  /** What the validator client was told of a key. */
  async settings(key: Hex): Promise<KeySettings> {
    return {
      feeRecipient: await this.#validator.getFeeRecipient(key),
      gasLimit: await ifServed(() => this.#validator.getGasLimit(key)),
      graffiti: await ifServed(() => this.#validator.getGraffiti(key)),
    };
  }

  /** Tells the validator client the same of a key, as far as it has APIs for it. */
  async setSettings(key: Hex, { feeRecipient, gasLimit, graffiti }: KeySettings): Promise<void> {
    // Whom proposals pay is not optional.
    if (feeRecipient !== undefined) await this.#validator.setFeeRecipient(key, feeRecipient);
    if (gasLimit !== undefined) await ifServed(() => this.#validator.setGasLimit(key, gasLimit));
    if (graffiti !== undefined) await ifServed(() => this.#validator.setGraffiti(key, graffiti));
  }
}

/** Not every client has every part of the API. One that has not answers 404, 405 or 501, and some 400 or 500. */
async function ifServed<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof KeymanagerError && [400, 404, 405, 500, 501].includes(error.data.status ?? 0))
      return undefined;
    throw error;
  }
}
