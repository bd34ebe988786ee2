import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A validator client's keymanager API in this process, for tests (ethereum/keymanager-APIs, as far as the provider uses it). */
export class FakeKeymanager {
  /** Loaded public keys. */
  readonly keys = new Set<string>();
  readonly feeRecipients = new Map<string, string>();
  /** Requests that change something: method and path. */
  readonly writes: string[] = [];
  /** What an unset key pays to. */
  defaultFeeRecipient = "0x00000000000000000000000000000000000000dd";
  /** Bearer token that it asks for. */
  token = "token-1";
  /** Answers a request in its own way: status and body. */
  answer: (method: string, path: string, body: string) => [number, string] | undefined = () => undefined;
  #server: Server | undefined;

  /** Starts the server. */
  async start(): Promise<this> {
    this.#server = createServer((request, response) => void this.#handle(request, response)).listen(0, "127.0.0.1");
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
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method = "", url = "" } = request;
    const [status, text] = this.answer(method, url, body) ?? this.#run(request, method, url, body);
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  }

  #run(request: IncomingMessage, method: string, path: string, body: string): [number, string] {
    if (request.headers.authorization !== `Bearer ${this.token}`) return [401, '{"message":"no"}'];
    if (method !== "GET") this.writes.push(`${method} ${path}`);
    if (path === "/eth/v1/keystores") {
      if (method === "GET")
        return [200, JSON.stringify({ data: [...this.keys].map((key) => ({ validating_pubkey: key })) })];
      const { keystores } = JSON.parse(body) as { keystores: string[] };
      const loaded = keystores.map((text) => `0x${(JSON.parse(text) as { pubkey: string }).pubkey.replace(/^0x/, "")}`);
      const data = loaded.map((key) => ({ status: this.keys.has(key) ? "duplicate" : "imported" }));
      for (const key of loaded) this.keys.add(key);
      return [200, JSON.stringify({ data })];
    }
    const key = /^\/eth\/v1\/validator\/(0x[0-9a-f]+)\/feerecipient$/.exec(path)?.[1];
    if (!key) return [404, "{}"];
    if (method === "POST") {
      this.feeRecipients.set(key, (JSON.parse(body) as { ethaddress: string }).ethaddress);
      return [202, ""];
    }
    return [
      200,
      JSON.stringify({ data: { pubkey: key, ethaddress: this.feeRecipients.get(key) ?? this.defaultFeeRecipient } }),
    ];
  }
}
