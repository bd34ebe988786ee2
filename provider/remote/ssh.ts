import { createHash, timingSafeEqual } from "node:crypto";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";
import { z } from "zod";
import { fingerprint } from "../../cloud-init/ssh-keys.ts";
import { errorMessage } from "../../lib/errors.ts";
import { HostConnectionError, HostKeyMismatchError } from "./errors.ts";

/** How a host is reached: the shape of `HostConnection` (components/host/spec.ts). */
export const sshSchema = z.object({
  host: z.string({ error: "must be a name or an address" }).min(1),
  port: z.number({ error: "must be a port number" }).int().min(1).max(65_535).default(22),
  user: z.string({ error: "must be a user" }).min(1),
  /** OpenSSH private key. Secret. */
  privateKey: z.string({ error: "must be an OpenSSH private key" }).min(1),
  /** `ssh-ed25519 AAAA…`: the only key that the host may present. */
  hostKey: z.string().regex(/^\S+ [A-Za-z0-9+/]+={0,2}( .*)?$/, "must be a public host key, ssh-ed25519 AAAA…"),
});

export type SshConnection = z.infer<typeof sshSchema>;

/** Milliseconds until a host that does not answer is given up. */
const CONNECT_TIMEOUT_MS = 20_000;
const KEEPALIVE_MS = 10_000;
/** Milliseconds after the last use until a connection is closed. */
const IDLE_MS = 5_000;
/** Milliseconds that a command on a host may take. */
const COMMAND_TIMEOUT_MS = 60_000;
/** Most that a command on a host may print, in bytes. */
const MAX_OUTPUT = 1 << 20;

/** What a command on a host printed. */
export interface RemoteResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A connection to a host whose key is pinned. Get one with {@link useHost}. */
export class SshHost {
  readonly #client: Client;
  readonly #connection: SshConnection;

  private constructor(client: Client, connection: SshConnection) {
    this.#client = client;
    this.#connection = connection;
  }

  /** @throws {@link HostKeyMismatchError}, {@link HostConnectionError} */
  static async connect(connection: SshConnection, onClose: () => void = () => undefined): Promise<SshHost> {
    const client = new Client();
    let mismatch: HostKeyMismatchError | undefined;
    const [type = "", blob = ""] = connection.hostKey.split(" ");
    const config: ConnectConfig = {
      host: connection.host,
      port: connection.port,
      username: connection.user,
      privateKey: connection.privateKey,
      readyTimeout: CONNECT_TIMEOUT_MS,
      keepaliveInterval: KEEPALIVE_MS,
      // The host has keys of several kinds: it must show the kind that is pinned.
      algorithms: { serverHostKey: hostKeyAlgorithms(type) },
      hostVerifier: (presented: Buffer): boolean => {
        const pinned = Buffer.from(blob, "base64");
        if (presented.length === pinned.length && timingSafeEqual(presented, pinned)) return true;
        mismatch = new HostKeyMismatchError(connection.host, fingerprint(pinned), fingerprint(presented));
        return false;
      },
    };
    await new Promise<void>((resolve, reject) => {
      client.once("ready", resolve);
      client.on("error", (cause) =>
        reject(mismatch ?? new HostConnectionError(connection, `cannot be reached: ${errorMessage(cause)}`, cause)),
      );
      client.on("close", () => {
        onClose();
        reject(mismatch ?? new HostConnectionError(connection, "closed the connection"));
      });
      try {
        client.connect(config);
      } catch (cause) {
        // A key that cannot be read; the message names the format, not the key.
        reject(new HostConnectionError(connection, `cannot be logged in to: ${errorMessage(cause)}`, cause));
      }
    });
    return new SshHost(client, connection);
  }

  /** Runs a command line in the user's shell; `input` is what it reads. */
  async run(command: string, input = ""): Promise<RemoteResult> {
    return await new Promise((resolve, reject) => {
      this.#client.exec(command, (error, channel) => {
        if (error) {
          reject(new HostConnectionError(this.#connection, `runs no command: ${error.message}`, error));
          return;
        }
        const out = { stdout: "", stderr: "" };
        const collect = (name: keyof typeof out) => (chunk: Buffer) => {
          if (out[name].length < MAX_OUTPUT) out[name] += chunk.toString();
        };
        const timer = setTimeout(() => {
          channel.destroy();
          reject(new HostConnectionError(this.#connection, "did not end a command in time"));
        }, COMMAND_TIMEOUT_MS);
        channel.on("data", collect("stdout"));
        channel.stderr.on("data", collect("stderr"));
        let code: number | undefined;
        channel.on("exit", (exit: number | null) => (code = exit ?? 255));
        // A connection that breaks closes the channel without an exit code.
        channel.on("close", () => {
          clearTimeout(timer);
          if (code === undefined)
            reject(new HostConnectionError(this.#connection, "broke off in the middle of a command"));
          else resolve({ code, ...out });
        });
        channel.end(input);
      });
    });
  }

  /** A stream to a port of the host's own loopback. Nothing listens on this machine: no other user of it gets in. */
  async forward(port: number): Promise<Duplex> {
    return await new Promise((resolve, reject) => {
      this.#client.forwardOut("127.0.0.1", 0, "127.0.0.1", port, (error, channel) => {
        if (error)
          reject(
            new HostConnectionError(this.#connection, `does not forward to its port ${port}: ${error.message}`, error),
          );
        else resolve(channel);
      });
    });
  }

  /** Ends the connection. */
  end(): void {
    this.#client.end();
  }
}

interface Shared {
  readonly host: Promise<SshHost>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

const shared = new Map<string, Shared>();

/**
 * Does something with a host. Work that runs at the same time, or soon after, shares one connection: a host lets few strangers in at once.
 * @throws {@link HostKeyMismatchError}, {@link HostConnectionError}
 */
export async function useHost<Result>(
  connection: SshConnection,
  work: (host: SshHost) => Promise<Result>,
): Promise<Result> {
  const key = createHash("sha256").update(JSON.stringify(connection)).digest("hex");
  const entry = shared.get(key) ?? open(key, connection);
  clearTimeout(entry.idle);
  entry.users++;
  try {
    return await work(await entry.host);
  } finally {
    entry.users--;
    if (entry.users === 0) {
      entry.idle = setTimeout(() => {
        if (shared.get(key) === entry) shared.delete(key);
        entry.host.then(
          (host) => host.end(),
          () => undefined,
        );
      }, IDLE_MS);
      entry.idle.unref();
    }
  }
}

function open(key: string, connection: SshConnection): Shared {
  const forget = (): void => {
    if (shared.get(key) === entry) shared.delete(key);
  };
  const entry: Shared = { host: SshHost.connect(connection, forget), users: 0, idle: undefined };
  entry.host.catch(forget);
  shared.set(key, entry);
  return entry;
}

/** How a host signs with a key of a type (RFC 8332 for RSA: never with SHA-1). */
function hostKeyAlgorithms(type: string): NonNullable<NonNullable<ConnectConfig["algorithms"]>["serverHostKey"]> {
  return (type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type]) as ReturnType<typeof hostKeyAlgorithms>;
}
