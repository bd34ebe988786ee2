import { execFile } from "node:child_process";
import { fingerprint } from "../cloud-init/ssh-keys.ts";

/** A public host key. */
export interface HostKey {
  /** `ssh-ed25519`, ... */
  readonly type: string;
  /** In base64. */
  readonly key: string;
  /** As ssh shows it: `ssh-ed25519 SHA256:…`. */
  readonly fingerprint: string;
}

/** Seconds that ssh-keyscan waits for a machine. */
const PATIENCE = 5;

/**
 * The host keys that a machine presents. Nobody logs in.
 * @param keyscan the program, `ssh-keyscan`
 * @returns none when nothing answers; undefined when there is no such program here
 */
export async function presentedKeys(
  address: string,
  port: number,
  keyscan: string,
  signal: AbortSignal,
): Promise<HostKey[] | undefined> {
  // The two dashes keep an address that begins with one from being an option.
  const args = ["-T", String(PATIENCE), "-p", String(port), "--", address];
  return await new Promise((resolve) => {
    execFile(keyscan, args, { signal, encoding: "utf8" }, (error, stdout) => {
      // It ends with 1 when a machine did not answer, which an empty list says too.
      resolve((error as NodeJS.ErrnoException | null)?.code === "ENOENT" ? undefined : parseKeys(stdout));
    });
  });
}

function parseKeys(text: string): HostKey[] {
  return text.split("\n").flatMap((line) => {
    const [host = "#", type, key] = line.trim().split(/\s+/);
    if (host.startsWith("#") || type === undefined || key === undefined) return [];
    return [{ type, key, fingerprint: `${type} ${fingerprint(Buffer.from(key, "base64"))}` }];
  });
}
