import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must, run } from "./run.ts";
import type { Ended } from "./run.ts";

/** An ed25519 pair on disk. */
export interface KeyPair {
  readonly file: string;
  readonly private: string;
  readonly public: string;
}

/** Makes a key pair in a folder. */
export async function keyPair(folder: string, name: string): Promise<KeyPair> {
  const file = join(folder, name);
  await must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return { file, private: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8").trim() };
}

/** How a connection is tried. */
export interface SshAttempt {
  readonly folder: string;
  readonly port: number;
  readonly user: string;
  readonly identity: string;
  /** What the machine must present. */
  readonly hostKey: string;
  readonly options?: readonly string[];
}

/** Runs a command over SSH, with nothing of this machine's own SSH settings. */
export function ssh(attempt: SshAttempt, command: string): Promise<Ended> {
  const known = join(attempt.folder, "known_hosts");
  writeFileSync(known, `[127.0.0.1]:${attempt.port} ${attempt.hostKey}\n`);
  const settings = [
    `UserKnownHostsFile=${known}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "ConnectTimeout=10",
    ...(attempt.options ?? []),
  ].flatMap((setting) => ["-o", setting]);
  return run("ssh", [
    ...["-F", "none", ...settings, "-i", attempt.identity, "-p", String(attempt.port)],
    ...[`${attempt.user}@127.0.0.1`, command],
  ]);
}
