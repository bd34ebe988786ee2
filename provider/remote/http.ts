import { request } from "node:http";
import type { Duplex } from "node:stream";
import type { SshConnection } from "./ssh.ts";

/** A request to an API. */
export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs: number;
}

/** What an API answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks an API, here or on the loopback of a host: then through an SSH connection, and plain HTTP inside it.
 * @throws what fetch or Node's http throw, `HostConnectionError`, `HostKeyMismatchError`
 */
export async function askApi(ask: ApiRequest, ssh: SshConnection | undefined): Promise<ApiAnswer> {
  if (ssh) {
    // Only who reaches a host needs what it takes.
    const { useHost } = await import("./ssh.ts");
    return await useHost(ssh, async (host) => await askThrough(ask, await host.forward(portOf(ask.url))));
  }
  const { method, url, headers, body, timeoutMs } = ask;
  const response = await fetch(url, {
    method,
    ...(headers ? { headers } : {}),
    ...(body === undefined ? {} : { body }),
    // What a request carries is for this server only.
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { status: response.status, text: await response.text() };
}

async function askThrough({ method, url, headers, body, timeoutMs }: ApiRequest, stream: Duplex): Promise<ApiAnswer> {
  return await new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        headers: {
          ...headers,
          connection: "close",
          ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        },
        createConnection: () => stream,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
