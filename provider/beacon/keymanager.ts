import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { Hex } from "viem";
import { EthstakeError } from "../../lib/errors.ts";
import { projectPath } from "../../lib/paths.ts";
import { shellWord } from "../../lib/shell.ts";
import { KeystoreImportError } from "../keys/errors.ts";
import { askApi } from "../remote/http.ts";
import { sshSchema, useHost } from "../remote/ssh.ts";

/** How a keymanager API is reached: a validator client's, or Web3Signer's, which has its part that holds keystores. */
export const keymanagerSchema = z.object({
  url: z.url({ protocol: /^https?$/, error: "must be the http(s) URL of a keymanager API" }),
  /** File with the API's bearer token, on the machine where the API is; absent for Web3Signer, which asks for none. */
  tokenFile: z.string({ error: "must be the path of the file with the keymanager API's token" }).min(1).optional(),
  /** Lasting name of the client that has the keys, e.g. `hoodi/node-1`; its URL by default. */
  name: z.string().min(1).optional(),
  /** Host on whose loopback the API is; absent for this machine. */
  ssh: sshSchema.optional(),
});

export type KeymanagerConnection = z.infer<typeof keymanagerSchema>;

/** The lasting name of a client: what keys are noted to be at. */
export function clientName({ name, url }: KeymanagerConnection): string {
  return name ?? url;
}

/** The keymanager API does not answer as its specification says. */
export class KeymanagerError extends EthstakeError<{ url: string; status?: number }> {
  readonly code = "KEYMANAGER";
  constructor(url: string, problem: string, status?: number, cause?: unknown) {
    super(`The keymanager API at ${url} ${problem}.`, { url, ...(status === undefined ? {} : { status }) }, { cause });
  }
}

const statusSchema = z.object({ status: z.string(), message: z.string().optional() });
const statusesSchema = z.object({ data: z.array(statusSchema) });
const keystoresSchema = z.object({ data: z.array(z.object({ validating_pubkey: z.string() })) });
const remoteKeysSchema = z.object({ data: z.array(z.object({ pubkey: z.string(), url: z.string().optional() })) });
const deletionSchema = statusesSchema.extend({ slashing_protection: z.string() });
const feeRecipientSchema = z.object({ data: z.object({ ethaddress: z.string() }) });
const gasLimitSchema = z.object({ data: z.object({ gas_limit: z.union([z.string(), z.number()]) }) });
const graffitiSchema = z.object({ data: z.object({ graffiti: z.string() }) });

/** Opening a keystore takes a client up to a second each: so many go in one request. */
const KEYSTORES_PER_REQUEST = 20;
const TIMEOUT_MS = 120_000;

/** What became of keys that a client was told to give up. */
export interface DeletedKeys {
  /** deleted, not_active, not_found or error, in the order asked for. */
  readonly statuses: readonly { readonly status: string; readonly message?: string | undefined }[];
  /** EIP-3076 interchange as the client wrote it. */
  readonly slashingProtection: string;
}

/** A client of the Ethereum keymanager API (ethereum/keymanager-APIs), version 1. */
export class KeymanagerClient {
  readonly #connection: KeymanagerConnection;
  #token: Promise<string> | undefined;

  constructor(connection: KeymanagerConnection) {
    this.#connection = connection;
  }

  /** Public keys of the keystores that the client has loaded, lower case. */
  async listKeystores(): Promise<Hex[]> {
    const { data } = keystoresSchema.parse(await this.#request("GET", "/eth/v1/keystores"));
    return data.map((key) => key.validating_pubkey.toLowerCase() as Hex);
  }

  /**
   * Loads EIP-2335 keystores; those that are loaded already count as loaded.
   * @param slashingProtection EIP-3076 interchange that the client takes in before it signs
   * @throws {@link KeystoreImportError}
   */
  async importKeystores(
    keystores: readonly string[],
    passwords: readonly string[],
    slashingProtection?: string,
  ): Promise<void> {
    for (let start = 0; start < keystores.length; start += KEYSTORES_PER_REQUEST) {
      const end = start + KEYSTORES_PER_REQUEST;
      const body = {
        keystores: keystores.slice(start, end),
        passwords: passwords.slice(start, end),
        ...(slashingProtection === undefined ? {} : { slashing_protection: slashingProtection }),
      };
      this.#requireImported(await this.#request("POST", "/eth/v1/keystores", body));
    }
  }

  /** Makes the client stop signing with keys, remove their keystores and give out what they signed (EIP-3076). Can be asked again. */
  async deleteKeystores(publicKeys: readonly Hex[]): Promise<DeletedKeys> {
    const answer = deletionSchema.parse(await this.#request("DELETE", "/eth/v1/keystores", { pubkeys: publicKeys }));
    return { statuses: answer.data, slashingProtection: answer.slashing_protection };
  }

  /** Public keys that the validator client has a remote signer for, lower case. */
  async listRemoteKeys(): Promise<Hex[]> {
    const { data } = remoteKeysSchema.parse(await this.#request("GET", "/eth/v1/remotekeys"));
    return data.map(({ pubkey }) => pubkey.toLowerCase() as Hex);
  }

  /** Names the remote signer of keys to the validator client. @throws {@link KeystoreImportError} */
  async importRemoteKeys(publicKeys: readonly Hex[], signerUrl: string): Promise<void> {
    const body = { remote_keys: publicKeys.map((pubkey) => ({ pubkey, url: signerUrl })) };
    this.#requireImported(await this.#request("POST", "/eth/v1/remotekeys", body));
  }

  /** Makes the validator client forget remote keys: it asks their signer no more. */
  async deleteRemoteKeys(publicKeys: readonly Hex[]): Promise<DeletedKeys["statuses"]> {
    return statusesSchema.parse(await this.#request("DELETE", "/eth/v1/remotekeys", { pubkeys: publicKeys })).data;
  }

  /** The fee recipient in force for a key, as the client spells it. */
  async getFeeRecipient(publicKey: Hex): Promise<string> {
    return feeRecipientSchema.parse(await this.#getOf(publicKey, "feerecipient")).data.ethaddress;
  }

  /** Sets the fee recipient of a key. */
  async setFeeRecipient(publicKey: Hex, feeRecipient: string): Promise<void> {
    await this.#request("POST", `/eth/v1/validator/${publicKey}/feerecipient`, { ethaddress: feeRecipient });
  }

  /** The gas limit that a key's proposals ask for. */
  async getGasLimit(publicKey: Hex): Promise<number> {
    return Number(gasLimitSchema.parse(await this.#getOf(publicKey, "gas_limit")).data.gas_limit);
  }

  /** Sets the gas limit of a key. */
  async setGasLimit(publicKey: Hex, gasLimit: number): Promise<void> {
    await this.#request("POST", `/eth/v1/validator/${publicKey}/gas_limit`, { gas_limit: String(gasLimit) });
  }

  /** The graffiti of a key's blocks. */
  async getGraffiti(publicKey: Hex): Promise<string> {
    return graffitiSchema.parse(await this.#getOf(publicKey, "graffiti")).data.graffiti;
  }

  /** Sets the graffiti of a key. */
  async setGraffiti(publicKey: Hex, graffiti: string): Promise<void> {
    await this.#request("POST", `/eth/v1/validator/${publicKey}/graffiti`, { graffiti });
  }

  #getOf(publicKey: Hex, what: string): Promise<unknown> {
    return this.#request("GET", `/eth/v1/validator/${publicKey}/${what}`);
  }

  #requireImported(answer: unknown): void {
    const failures = statusesSchema
      .parse(answer)
      .data.filter(({ status }) => status !== "imported" && status !== "duplicate");
    if (failures.length > 0)
      throw new KeystoreImportError(
        this.#connection.url,
        failures.map(({ status, message }) => `${status}: ${message ?? "no reason given"}`),
      );
  }

  async #request(method: string, path: string, body?: unknown): Promise<unknown> {
    const { url, ssh } = this.#connection;
    const authorization = await this.#authorization();
    const { status, text } = await askApi(
      {
        method,
        url: new URL(path, url),
        headers: { ...authorization, ...(body ? { "content-type": "application/json" } : {}) },
        timeoutMs: TIMEOUT_MS,
        ...(body ? { body: JSON.stringify(body) } : {}),
      },
      ssh,
    ).catch((cause: unknown) => {
      throw cause instanceof EthstakeError ? cause : new KeymanagerError(url, "does not answer", undefined, cause);
    });
    if (status < 200 || status > 299) {
      // A request to load keys carries passwords, and a server may quote a request that it does not like.
      const quoted = method === "POST" && path === "/eth/v1/keystores" ? "" : `: ${text.slice(0, 300)}`;
      throw new KeymanagerError(url, `answered ${status} to ${method} ${path}${quoted}`, status);
    }
    return text ? (JSON.parse(text) as unknown) : undefined;
  }

  async #authorization(): Promise<Record<string, string>> {
    const { tokenFile } = this.#connection;
    if (tokenFile === undefined) return {};
    this.#token ??= this.#readToken(tokenFile);
    this.#token.catch(() => (this.#token = undefined));
    return { authorization: `Bearer ${await this.#token}` };
  }

  async #readToken(tokenFile: string): Promise<string> {
    const { url, ssh } = this.#connection;
    const unreadable = (cause?: unknown): KeymanagerError =>
      new KeymanagerError(url, `cannot be used: its token file ${tokenFile} cannot be read`, undefined, cause);
    if (!ssh)
      return await readFile(projectPath(tokenFile), "utf8").then(
        (text) => text.trim(),
        (cause: unknown) => {
          throw unreadable(cause);
        },
      );
    const { code, stdout, stderr } = await useHost(ssh, (host) => host.run(`cat -- ${shellWord(tokenFile)}`));
    if (code !== 0) throw unreadable(new Error(stderr.trim()));
    return stdout.trim();
  }
}
