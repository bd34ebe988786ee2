import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a local server answers: a status and a body, `undefined` for never. */
export type Reply = { readonly status?: number; readonly body: unknown } | undefined;

/** A server of a test: where it is, and how it ends. */
export interface LocalServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a real HTTP server on loopback. @param answer by method, path and body */
export async function serve(answer: (path: string, body: string) => Reply): Promise<LocalServer> {
  const server = createServer((request, response) => void respond(request, response, answer));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (path: string, body: string) => Reply,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const reply = answer(request.url ?? "", Buffer.concat(chunks).toString());
  if (!reply) return;
  response.writeHead(reply.status ?? 200, { "content-type": "application/json" }).end(JSON.stringify(reply.body));
}

/** Answers JSON-RPC from a table of results by method; what it lacks is refused as unknown. */
export function jsonRpc(results: Readonly<Record<string, unknown>>): (path: string, body: string) => Reply {
  return (_path, body) => {
    const { id, method } = JSON.parse(body) as { id: number; method: string };
    return method in results
      ? { body: { jsonrpc: "2.0", id, result: results[method] } }
      : { body: { jsonrpc: "2.0", id, error: { code: -32_601, message: `no ${method}` } } };
  };
}

/** Answers GETs from a table of bodies by path; what it lacks is 404. */
export function rest(bodies: Readonly<Record<string, unknown>>): (path: string) => Reply {
  return (path) => (path in bodies ? { body: bodies[path] } : { status: 404, body: { message: "not found" } });
}
