import { z } from "zod";
import type { Hex } from "viem";
import { EthstakeError } from "../../lib/errors.ts";

/** The beacon node does not answer as its API says. */
export class BeaconApiError extends EthstakeError<{ url: string; status?: number }> {
  readonly code = "BEACON_API";
  constructor(url: string, problem: string, status?: number, cause?: unknown) {
    super(`The beacon node at ${url} ${problem}.`, { url, ...(status === undefined ? {} : { status }) }, { cause });
  }
}

const validatorSchema = z.object({
  index: z.string(),
  balance: z.string(),
  status: z.string(),
  validator: z.object({ pubkey: z.string(), withdrawal_credentials: z.string() }),
});
const validatorsSchema = z.object({ data: z.array(validatorSchema) });

/** Keys go in the URL, of which servers take some 8 KiB. */
const KEYS_PER_REQUEST = 64;

/** A validator as the beacon state has it. */
export interface BeaconValidator {
  readonly index: number;
  readonly publicKey: Hex;
  /** Status of the beacon API: pending_initialized, pending_queued, active_ongoing, ... */
  readonly status: string;
  readonly withdrawalCredentials: Hex;
  readonly balanceGwei: bigint;
}

/** A client of the beacon node API (ethereum/beacon-APIs). */
export class BeaconClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** The validators with these keys in the head state; keys that it does not know are left out. */
  async validators(publicKeys: readonly Hex[]): Promise<BeaconValidator[]> {
    const data = [];
    for (let start = 0; start < publicKeys.length; start += KEYS_PER_REQUEST) {
      const query = publicKeys.slice(start, start + KEYS_PER_REQUEST).map((key) => `id=${key}`);
      const answer = await this.get(`/eth/v1/beacon/states/head/validators?${query.join("&")}`);
      data.push(...validatorsSchema.parse(answer).data);
    }
    return data.map(({ index, balance, status, validator }) => ({
      index: Number(index),
      publicKey: validator.pubkey.toLowerCase() as Hex,
      status,
      withdrawalCredentials: validator.withdrawal_credentials as Hex,
      balanceGwei: BigInt(balance),
    }));
  }

  /** GET a path of the API and parse the JSON. */
  async get(path: string): Promise<unknown> {
    const response = await fetch(new URL(path, this.url), { signal: AbortSignal.timeout(15_000) }).catch(
      (cause: unknown) => {
        throw new BeaconApiError(this.url, "does not answer", undefined, cause);
      },
    );
    const text = await response.text();
    if (!response.ok)
      throw new BeaconApiError(
        this.url,
        `answered ${response.status} to ${path}: ${text.slice(0, 200)}`,
        response.status,
      );
    return JSON.parse(text) as unknown;
  }
}
