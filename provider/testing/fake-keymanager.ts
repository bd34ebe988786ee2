import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A validator client's keymanager API in this process, for tests (ethereum/keymanager-APIs, as far as the provider uses it). */
export class FakeKeymanager {
  /** Loaded public keys. */
  readonly keys = new Set<string>();
  readonly feeRecipients = new Map<string, string>();
  readonly gasLimits = new Map<string, string>();
  readonly graffiti = new Map<string, string>();
  /** Remote keys and the URLs of their signers. */
  readonly remoteKeys = new Map<string, string>();
  /** What keys have signed here, or somewhere else before they came here. It outlives a key. */
  readonly signed = new Map<string, readonly SignedAttestation[]>();
  genesisValidatorsRoot = `0x${"11".repeat(32)}`;
  /** How many requests it had. */
  requests = 0;
  /** Requests that change something: method and path. */
  readonly writes: string[] = [];
  /** What an unset key pays to. */
  defaultFeeRecipient = "0x00000000000000000000000000000000000000dd";
  /** Bearer token that it asks for; empty for none, as Web3Signer. */
  token = "token-1";
  /** Answers a request in its own way: status and body. */
  answer: (method: string, path: string, body: string) => [number, string] | undefined = () => undefined;
  /** Which requests are done, and their answers lost. */
  loses: (method: string, path: string) => boolean = () => false;
  #server: Server | undefined;

  /** Starts the server. @param port any free one by default */
  async start(port = 0): Promise<this> {
    this.#server = createServer((request, response) => void this.#handle(request, response)).listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  /** Stops the server. */
  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method = "", url = "" } = request;
    const [status, text] = this.answer(method, url, body) ?? this.#run(request, method, url, body);
    if (this.loses(method, url)) {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  }

  #run(request: IncomingMessage, method: string, path: string, body: string): [number, string] {
    if (this.token !== "" && request.headers.authorization !== `Bearer ${this.token}`) return [401, '{"message":"no"}'];
    if (method !== "GET") this.writes.push(`${method} ${path}`);
    if (path === "/eth/v1/keystores") return this.#keystores(method, body);
    if (path === "/eth/v1/remotekeys") return this.#remoteKeys(method, body);
    const [, key, what] = /^\/eth\/v1\/validator\/(0x[0-9a-f]+)\/(\w+)$/.exec(path) ?? [];
    const setting = SETTINGS.get(what ?? "");
    if (!key || !setting) return [404, "{}"];
    const values = { feerecipient: this.feeRecipients, gas_limit: this.gasLimits, graffiti: this.graffiti }[
      setting.path
    ];
    if (method === "POST") {
      values.set(key, (JSON.parse(body) as Record<string, string>)[setting.field] ?? "");
      return [202, ""];
    }
    const unset = { feerecipient: this.defaultFeeRecipient, gas_limit: "60000000", graffiti: "" }[setting.path];
    return ok({ pubkey: key, [setting.field]: values.get(key) ?? unset });
  }

  #keystores(method: string, body: string): [number, string] {
    if (method === "GET") return ok([...this.keys].map((key) => ({ validating_pubkey: key })));
    if (method === "DELETE") {
      const { pubkeys } = JSON.parse(body) as { pubkeys: string[] };
      const data = pubkeys.map((key) => ({
        status: this.keys.delete(key) ? "deleted" : this.signed.has(key) ? "not_active" : "not_found",
      }));
      const history = pubkeys.flatMap((pubkey) => {
        const attestations = this.signed.get(pubkey);
        return attestations ? [{ pubkey, signed_blocks: [], signed_attestations: attestations }] : [];
      });
      const metadata = { interchange_format_version: "5", genesis_validators_root: this.genesisValidatorsRoot };
      return [200, JSON.stringify({ data, slashing_protection: JSON.stringify({ metadata, data: history }) })];
    }
    const request = JSON.parse(body) as { keystores: string[]; slashing_protection?: string };
    if (request.slashing_protection !== undefined) {
      const { data } = JSON.parse(request.slashing_protection) as {
        data: { pubkey: string; signed_attestations: SignedAttestation[] }[];
      };
      for (const entry of data) this.signed.set(entry.pubkey, entry.signed_attestations);
    }
    const loaded = request.keystores.map(
      (text) => `0x${(JSON.parse(text) as { pubkey: string }).pubkey.replace(/^0x/, "")}`,
    );
    const statuses = loaded.map((key) => ({ status: this.keys.has(key) ? "duplicate" : "imported" }));
    for (const key of loaded) this.keys.add(key);
    return ok(statuses);
  }

  #remoteKeys(method: string, body: string): [number, string] {
    if (method === "GET") return ok([...this.remoteKeys].map(([pubkey, url]) => ({ pubkey, url, readonly: false })));
    const request = JSON.parse(body) as { pubkeys: string[]; remote_keys: { pubkey: string; url: string }[] };
    if (method === "DELETE")
      return ok(request.pubkeys.map((key) => ({ status: this.remoteKeys.delete(key) ? "deleted" : "not_found" })));
    return ok(
      request.remote_keys.map(({ pubkey, url }) => {
        const status = this.remoteKeys.has(pubkey) ? "duplicate" : "imported";
        this.remoteKeys.set(pubkey, url);
        return { status };
      }),
    );
  }
}

/** An attestation in EIP-3076's interchange. */
export interface SignedAttestation {
  readonly source_epoch: string;
  readonly target_epoch: string;
}

const SETTINGS: ReadonlyMap<
  string,
  { readonly path: "feerecipient" | "gas_limit" | "graffiti"; readonly field: string }
> = new Map([
  ["feerecipient", { path: "feerecipient", field: "ethaddress" }],
  ["gas_limit", { path: "gas_limit", field: "gas_limit" }],
  ["graffiti", { path: "graffiti", field: "graffiti" }],
]);

function ok(data: unknown): [number, string] {
  return [200, JSON.stringify({ data })];
}
