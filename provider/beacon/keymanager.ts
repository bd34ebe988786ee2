import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Hex } from "viem";
import { EthstakeError } from "../../lib/errors.ts";
import { projectPath } from "../../lib/paths.ts";
import { KeystoreImportError } from "../keys/errors.ts";

/** How a resource reaches a validator client's keymanager API. */
export const keymanagerSchema = z.object({
  url: z.url({ protocol: /^https?$/, error: "must be the http(s) URL of a validator client's keymanager API" }),
  /** File with the API's bearer token. */
  tokenFile: z.string({ error: "must be the path of the file with the keymanager API's token" }).min(1),
});

export type KeymanagerConnection = z.infer<typeof keymanagerSchema>;

/** The keymanager API does not answer as its specification says. */
export class KeymanagerError extends EthstakeError<{ url: string; status?: number }> {
  readonly code = "KEYMANAGER";
  constructor(url: string, problem: string, status?: number, cause?: unknown) {
    super(`The keymanager API at ${url} ${problem}.`, { url, ...(status === undefined ? {} : { status }) }, { cause });
  }
}

const keystoresSchema = z.object({ data: z.array(z.object({ validating_pubkey: z.string() })) });
const importSchema = z.object({ data: z.array(z.object({ status: z.string(), message: z.string().optional() })) });
const feeRecipientSchema = z.object({ data: z.object({ ethaddress: z.string() }) });

/** A client of the Ethereum keymanager API (ethereum/keymanager-APIs), version 1. */
export class KeymanagerClient {
  readonly #connection: KeymanagerConnection;

  constructor(connection: KeymanagerConnection) {
    this.#connection = connection;
  }

  /** Public keys of the local keystores that the validator client has loaded, lower case. */
  async listKeystores(): Promise<Hex[]> {
    const { data } = keystoresSchema.parse(await this.#request("GET", "/eth/v1/keystores"));
    return data.map((key) => key.validating_pubkey.toLowerCase() as Hex);
  }

  /**
   * Loads EIP-2335 keystores; those that are loaded already count as loaded.
   * @throws {@link KeystoreImportError}
   */
  async importKeystores(keystores: readonly string[], passwords: readonly string[]): Promise<void> {
    const { data } = importSchema.parse(await this.#request("POST", "/eth/v1/keystores", { keystores, passwords }));
    const failures = data.filter(({ status }) => status !== "imported" && status !== "duplicate");
    if (failures.length > 0) {
      throw new KeystoreImportError(
        this.#connection.url,
        failures.map(({ status, message }) => `${status}: ${message ?? "no reason given"}`),
      );
    }
  }

  /** The fee recipient in force for a key, as the client spells it. */
  async getFeeRecipient(publicKey: Hex): Promise<string> {
    const answer = await this.#request("GET", `/eth/v1/validator/${publicKey}/feerecipient`);
    return feeRecipientSchema.parse(answer).data.ethaddress;
  }

  /** Sets the fee recipient of a key. */
  async setFeeRecipient(publicKey: Hex, feeRecipient: string): Promise<void> {
    await this.#request("POST", `/eth/v1/validator/${publicKey}/feerecipient`, { ethaddress: feeRecipient });
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    const { url, tokenFile } = this.#connection;
    const token = await readFile(projectPath(tokenFile), "utf8").catch((cause: unknown) => {
      throw new KeymanagerError(url, `cannot be used: its token file ${tokenFile} cannot be read`, undefined, cause);
    });
    const response = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token.trim()}`, ...(body ? { "content-type": "application/json" } : {}) },
      signal: AbortSignal.timeout(60_000),
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((cause: unknown) => {
      throw new KeymanagerError(url, "does not answer", undefined, cause);
    });
    const text = await response.text();
    if (!response.ok) {
      // A request to load keys carries passwords, and a server may quote a request that it does not like.
      const quoted = method === "POST" && path === "/eth/v1/keystores" ? "" : `: ${text.slice(0, 300)}`;
      throw new KeymanagerError(url, `answered ${response.status} to ${method} ${path}${quoted}`, response.status);
    }
    return text ? (JSON.parse(text) as unknown) : undefined;
  }
}
