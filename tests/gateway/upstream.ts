/** What is behind the gateway in tests. */
import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What an upstream saw of a request. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of its body. */
  readonly bytes: number;
}

/** A server that says what it saw, and is careless about headers as upstreams are. */
export class Upstream {
  readonly seen: Seen[] = [];
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param headers what it answers with, and `x-status` for another status than 200 */
  static async start(headers: Readonly<Record<string, string>> = {}): Promise<Upstream> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const upstream = new Upstream(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", (request, response) => {
      let bytes = 0;
      request.on("data", (chunk: Buffer) => (bytes += chunk.length));
      request.on("end", () => {
        const seen = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, bytes };
        upstream.seen.push(seen);
        response.writeHead(200, {
          "content-type": "application/json",
          "x-frame-options": "ALLOWALL",
          server: "secretive/1.2.3",
          "x-powered-by": "Express",
          via: "1.1 inner",
          ...headers,
        });
        response.end(JSON.stringify(seen));
      });
    });
    // Grafana Live: one frame of text, then what it is sent comes back as it is.
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"] ?? ""}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from("hello")]));
      socket.pipe(socket);
    });
    return upstream;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** A service that decides on requests: whoever has the cookie `session=good` is carol. */
export async function startAuthority(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const good = /\bsession=good\b/.test(request.headers.cookie ?? "");
    if (good && request.url === "/api/verify") response.writeHead(204, { "remote-user": "carol" });
    else if (request.headers.cookie?.includes("session=nameless") === true) response.writeHead(204);
    else response.writeHead(302, { location: "https://login.example.org/" });
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
