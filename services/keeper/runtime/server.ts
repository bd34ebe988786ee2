import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

/** What is not well, in words; empty when all is. */
export type HealthCheck = () => readonly string[];

/** Serves `/metrics` for Prometheus, and `/health`: 200 when all loops succeed, else 503 with what does not. */
export async function serve(
  { address, port }: { readonly address: string; readonly port: number },
  registry: Registry,
  health: HealthCheck,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path === "/health") {
      const problems = health();
      response.writeHead(problems.length === 0 ? 200 : 503, { "content-type": "application/json" });
      response.end(JSON.stringify({ healthy: problems.length === 0, problems }));
    } else if (path === "/metrics") {
      registry.metrics().then(
        (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return { server, url: `http://${address}:${bound}` };
}
