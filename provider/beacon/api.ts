import { z } from "zod";
import type { Hex } from "viem";
import { EthstakeError } from "../../lib/errors.ts";
import { askApi } from "../remote/http.ts";
import type { SshConnection } from "../remote/ssh.ts";

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
const genesisSchema = z.object({ data: z.object({ genesis_time: z.string(), genesis_validators_root: z.string() }) });
const specSchema = z.object({ data: z.record(z.string(), z.unknown()) });
const syncingSchema = z.object({
  data: z.object({ is_syncing: z.boolean(), head_slot: z.coerce.number(), sync_distance: z.coerce.number() }),
});
const livenessSchema = z.object({ data: z.array(z.object({ index: z.coerce.string(), is_live: z.boolean() })) });

/** Bytes of a state are some 300 million; what is longer by far is none. */
const MOST_BYTES = 1_500_000_000;
/** For a state of some hundred megabytes, over a slow network. */
const BYTES_TIMEOUT_MS = 300_000;
/** Keys go in the URL, of which servers take some 8 KiB. */
const KEYS_PER_REQUEST = 64;

/** An answer in SSZ. */
export interface VersionedBytes {
  /** Fork that the node names beside it. */
  readonly fork: string;
  /** Undefined when the fork was not wanted. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** A validator as the beacon state has it. */
export interface BeaconValidator {
  readonly index: number;
  readonly publicKey: Hex;
  /** Status of the beacon API: pending_initialized, pending_queued, active_ongoing, ... */
  readonly status: string;
  readonly withdrawalCredentials: Hex;
  readonly balanceGwei: bigint;
}

/** Constants of a chain that no fork changes. */
export interface ChainFacts {
  /** Unix seconds. */
  readonly genesisTime: number;
  /** 32 bytes in hex. */
  readonly genesisValidatorsRoot: Hex;
  readonly secondsPerSlot: number;
  readonly slotsPerEpoch: number;
  /** CAPELLA_FORK_VERSION, 4 bytes in hex. */
  readonly capellaForkVersion: Hex;
}

/** The slot of a moment. @param seconds since 1970 */
export function slotAt({ genesisTime, secondsPerSlot }: ChainFacts, seconds: number): number {
  return Math.floor((seconds - genesisTime) / secondsPerSlot);
}

/** The epoch of a moment (phase0/beacon-chain.md, compute_epoch_at_slot). @param seconds since 1970 */
export function epochAt(facts: ChainFacts, seconds: number): number {
  return Math.floor(slotAt(facts, seconds) / facts.slotsPerEpoch);
}

/** Unix seconds at which an epoch begins. */
export function epochStart({ genesisTime, secondsPerSlot, slotsPerEpoch }: ChainFacts, epoch: number): number {
  return genesisTime + epoch * slotsPerEpoch * secondsPerSlot;
}

/** A client of the beacon node API (ethereum/beacon-APIs). */
export class BeaconClient {
  readonly url: string;
  readonly #ssh: SshConnection | undefined;

  /** @param ssh host on whose loopback the API is; absent for this machine */
  constructor(url: string, ssh?: SshConnection) {
    this.url = url;
    this.#ssh = ssh;
  }

  /** What the chain is, as its beacon node says. */
  async chainFacts(): Promise<ChainFacts> {
    const { data: genesis } = genesisSchema.parse(await this.get("/eth/v1/beacon/genesis"));
    const { data: spec } = specSchema.parse(await this.get("/eth/v1/config/spec"));
    const constant = (name: string): string => {
      const value = spec[name];
      if (typeof value !== "string") throw new BeaconApiError(this.url, `names no ${name} in its spec`);
      return value;
    };
    return {
      genesisTime: Number(genesis.genesis_time),
      genesisValidatorsRoot: genesis.genesis_validators_root as Hex,
      secondsPerSlot: Number(constant("SECONDS_PER_SLOT")),
      slotsPerEpoch: Number(constant("SLOTS_PER_EPOCH")),
      capellaForkVersion: constant("CAPELLA_FORK_VERSION") as Hex,
    };
  }

  /**
   * Which of the validators the node has seen attest or propose in an epoch (beacon-APIs, getLiveness). Nodes answer for the current epoch
   * and the one before.
   * @returns indices of those that are live
   */
  async live(epoch: number, indices: readonly number[]): Promise<Set<number>> {
    const path = `/eth/v1/validator/liveness/${epoch}`;
    const answer = await this.post(path, indices.map(String)).catch(async (error: unknown) => {
      // Before beacon-APIs 2.4 it was a GET with a query.
      if (!(error instanceof BeaconApiError) || ![404, 405].includes(error.data.status ?? 0)) throw error;
      const query = indices.map((index) => `indices=${index}`).join("&");
      return await this.get(`/eth/v1/validator/liveness?epoch=${epoch}&${query}`);
    });
    const seen = new Map(livenessSchema.parse(answer).data.map(({ index, is_live: live }) => [Number(index), live]));
    // What a node does not say is not silence.
    const unsaid = indices.filter((index) => !seen.has(index));
    if (unsaid.length > 0)
      throw new BeaconApiError(this.url, `says nothing of validator(s) ${unsaid.join(", ")} in epoch ${epoch}`);
    return new Set(indices.filter((index) => seen.get(index) === true));
  }

  /** Whether the node follows the head of the chain: what it says of validators is of today. */
  async isSynced(): Promise<boolean> {
    return !(await this.#syncing()).is_syncing;
  }

  /** The slot that the node's clock is in. */
  async currentSlot(): Promise<number> {
    const { head_slot: head, sync_distance: distance } = await this.#syncing();
    return head + distance;
  }

  async #syncing(): Promise<z.infer<typeof syncingSchema>["data"]> {
    return syncingSchema.parse(await this.get("/eth/v1/node/syncing")).data;
  }

  /** Hands a signed voluntary exit to the chain. */
  async submitExit(exit: object): Promise<void> {
    await this.post("/eth/v1/beacon/pool/voluntary_exits", exit);
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
  get(path: string): Promise<unknown> {
    return this.#ask("GET", path);
  }

  /** POST to a path of the API and parse the JSON. */
  post(path: string, body: object): Promise<unknown> {
    return this.#ask("POST", path, body);
  }

  /**
   * GET a path of the API as bytes (application/octet-stream). From this machine only.
   * @param isWanted by the fork that the node names: an answer that is not wanted is not read
   */
  async bytes(path: string, isWanted: (fork: string) => boolean): Promise<VersionedBytes> {
    const response = await fetch(new URL(path, this.url), {
      // Compressed, its length would not be the body's.
      headers: { accept: "application/octet-stream", "accept-encoding": "identity" },
      redirect: "error",
      signal: AbortSignal.timeout(BYTES_TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new BeaconApiError(this.url, "does not answer", undefined, cause);
    });
    if (!response.ok) {
      const text = await response.text();
      throw new BeaconApiError(
        this.url,
        `answered ${response.status} to ${path}: ${text.slice(0, 200)}`,
        response.status,
      );
    }
    const fork = response.headers.get("eth-consensus-version");
    if (fork === null || !response.headers.get("content-type")?.startsWith("application/octet-stream"))
      throw new BeaconApiError(this.url, `gives no SSZ of ${path}`);
    if (!isWanted(fork)) {
      await response.body?.cancel();
      return { fork, bytes: undefined };
    }
    return { fork, bytes: await this.#readBody(path, response) };
  }

  /** An answer's bytes. Into one place from the beginning where its length is known: parts and the whole would take twice the memory. */
  async #readBody(path: string, { headers, body }: Response): Promise<Uint8Array<ArrayBuffer>> {
    const length = Number(headers.get("content-length"));
    const isKnown = Number.isSafeInteger(length) && length > 0 && !headers.has("content-encoding");
    if (isKnown && length > MOST_BYTES) throw new BeaconApiError(this.url, `gives ${length} bytes of ${path}`);
    let bytes = new Uint8Array(isKnown ? length : 1_048_576);
    let filled = 0;
    for await (const part of (body ?? []) as AsyncIterable<Uint8Array>) {
      const needed = filled + part.length;
      if (needed > MOST_BYTES) throw new BeaconApiError(this.url, `gives more than ${MOST_BYTES} bytes of ${path}`);
      if (needed > bytes.length) {
        const larger = new Uint8Array(Math.min(MOST_BYTES, needed * 2));
        larger.set(bytes.subarray(0, filled));
        bytes = larger;
      }
      bytes.set(part, filled);
      filled = needed;
    }
    return filled === bytes.length ? bytes : bytes.slice(0, filled);
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const { status, text } = await askApi(
      {
        method,
        url: new URL(path, this.url),
        timeoutMs: 15_000,
        ...(body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {}),
      },
      this.#ssh,
    ).catch((cause: unknown) => {
      throw cause instanceof EthstakeError ? cause : new BeaconApiError(this.url, "does not answer", undefined, cause);
    });
    if (status < 200 || status > 299)
      throw new BeaconApiError(this.url, `answered ${status} to ${path}: ${text.slice(0, 200)}`, status);
    return text ? (JSON.parse(text) as unknown) : undefined;
  }
}
