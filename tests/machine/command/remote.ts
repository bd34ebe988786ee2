import { Client, type ServerHostKeyAlgorithm } from "ssh2";
import { fingerprint } from "../../../cloud-init/ssh-keys.ts";
import { errorMessage } from "../../../lib/errors.ts";
import { Recorder, type Output, type Work } from "./outcome.ts";

/** How a machine is reached. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`: what the machine must present; whatever it presents when absent. */
  readonly hostKey: string | undefined;
  /** How often a failed dial is tried again; -1 without end. */
  readonly dialErrorLimit: number;
  /** Seconds that a dial may take; 0 without end. */
  readonly perDialTimeout: number;
}

/** Pauses between dials, as Pulumi's own library makes them: milliseconds, the factor from one to the next, and the longest. */
const FIRST_PAUSE = 100;
const PAUSE_FACTOR = 1.5;
const LONGEST_PAUSE = 5_000;

/** Runs a command on a machine. Rejects when the machine cannot be reached, presents another key, or the command does not end with 0. */
export async function runThere(connection: Connection, work: Work): Promise<Output> {
  const client = await dial(connection, work.signal);
  try {
    return await execute(client, work);
  } finally {
    client.end();
  }
}

async function dial(connection: Connection, signal: AbortSignal): Promise<Client> {
  const { dialErrorLimit } = connection;
  let pause = FIRST_PAUSE;
  for (let failed = 0; ; failed++) {
    try {
      return await dialOnce(connection, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (dialErrorLimit >= 0 && failed >= dialErrorLimit)
        throw new Error(`after ${failed} failed attempts: ${errorMessage(error)}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * PAUSE_FACTOR, LONGEST_PAUSE);
  }
}

function dialOnce(connection: Connection, signal: AbortSignal): Promise<Client> {
  const { host, port, user, privateKey, hostKey, perDialTimeout } = connection;
  const [type = "", blob = ""] = (hostKey ?? "").trim().split(/\s+/);
  const pinned = hostKey === undefined ? undefined : Buffer.from(blob, "base64");
  let presented: Buffer | undefined;
  return new Promise((resolve, reject) => {
    const client = new Client();
    const abort = (): void => void client.destroy();
    signal.addEventListener("abort", abort, { once: true });
    client
      .once("ready", () => resolve(client))
      .on("error", (error) => {
        client.destroy();
        const what =
          pinned && presented && !presented.equals(pinned)
            ? `host key mismatch: the machine presents ${fingerprint(presented)}, pinned is ${fingerprint(pinned)}`
            : errorMessage(error);
        reject(new Error(`dial ${user}@${host}:${port}: ${what}`));
      })
      .once("close", () => {
        signal.removeEventListener("abort", abort);
        reject(new Error(`dial ${user}@${host}:${port}: the connection was closed`));
      })
      .connect({
        host,
        port,
        username: user,
        privateKey,
        readyTimeout: perDialTimeout * 1000,
        ...(pinned ? { algorithms: { serverHostKey: [type as ServerHostKeyAlgorithm] } } : {}),
        hostVerifier: (key: Buffer) => {
          presented = key;
          return pinned === undefined || key.equals(pinned);
        },
      });
  });
}

function execute(client: Client, { command, environment, stdin }: Work): Promise<Output> {
  return new Promise((resolve, reject) => {
    // A connection that breaks has no exit status.
    client.on("error", reject).once("close", () => reject(new Error("the connection was closed")));
    client.exec(command, { env: { ...environment } }, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      const said = new Recorder();
      let how = "no exit status";
      channel.on("data", (chunk: Buffer) => said.add("stdout", chunk));
      channel.stderr.on("data", (chunk: Buffer) => said.add("stderr", chunk));
      channel.on("error", reject);
      channel.once("exit", (code: number | null, name?: string) => {
        how = code === null ? `signal: ${name ?? ""}` : `exit status ${code}`;
      });
      channel.once("close", () => {
        if (how === "exit status 0") resolve(said.output());
        else reject(said.failure(how, command));
      });
      channel.end(stdin);
    });
  });
}
