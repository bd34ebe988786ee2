import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { errorMessage } from "./errors.ts";
import { readPrivateFile } from "./files.ts";
import { projectPath } from "./paths.ts";

/**
 * Where a secret is: the path of a file of mode 0600, or a field of a secret in HashiCorp Vault (KV version 2), written
 * `vault:MOUNT/PATH#FIELD`. The secret itself is in no setting, no state and no log.
 */
export type SecretSource = string;

/** A reference to Vault, taken apart. */
export interface VaultReference {
  readonly mount: string;
  readonly path: string;
  readonly field: string;
}

const PREFIX = "vault:";
const TIMEOUT_MS = 15_000;

/** Takes a reference to Vault apart; undefined for the path of a file. @throws TypeError when it is written wrongly */
export function vaultReference(source: SecretSource): VaultReference | undefined {
  if (!source.startsWith(PREFIX)) return undefined;
  const match = /^vault:([A-Za-z0-9_-]+)\/([A-Za-z0-9_./-]+)#([A-Za-z0-9_-]+)$/.exec(source);
  const [, mount = "", path = "", field = ""] = match ?? [];
  if (!match || path.split("/").some((part) => part === "" || /^\.+$/.test(part)))
    throw new TypeError("must be vault:MOUNT/PATH#FIELD");
  return { mount, path, field };
}

/** What is wrong with a source as it is written; undefined when nothing is. */
export function sourceFault(source: SecretSource): string | undefined {
  try {
    vaultReference(source);
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

/** Where on this machine notes, locks and journals of a secret are: beside its file, or for one in Vault in `.ethstake/vault`. */
export function secretPlace(source: SecretSource): string {
  return vaultReference(source)
    ? projectPath(join(".ethstake", "vault", createHash("sha256").update(source).digest("hex").slice(0, 32)))
    : projectPath(source);
}

/**
 * Reads a secret. Vault is found and logged in to as its own command does: VAULT_ADDR, VAULT_TOKEN or ~/.vault-token, VAULT_NAMESPACE.
 * @param refuse makes the error from what is wrong; it is given no secret
 */
export async function readSecret(
  source: SecretSource,
  refuse: (problem: string, cause?: unknown) => Error,
): Promise<string> {
  const reference = vaultReference(source);
  if (!reference) return await readPrivateFile(projectPath(source), refuse);
  const base = process.env["VAULT_ADDR"];
  if (!base || !URL.canParse(base)) throw refuse("is in Vault, and VAULT_ADDR does not say where that is");
  const { protocol, hostname } = new URL(base);
  if (protocol !== "https:" && !["127.0.0.1", "localhost", "[::1]"].includes(hostname))
    throw refuse(`is in Vault, and VAULT_ADDR (${base}) is not https`);
  const token = process.env["VAULT_TOKEN"] ?? (await readFile(join(homedir(), ".vault-token"), "utf8").catch(() => ""));
  if (token.trim() === "") throw refuse("is in Vault, and there is no token: set VAULT_TOKEN, or run vault login");
  const namespace = process.env["VAULT_NAMESPACE"];
  const { mount, path, field } = reference;
  const url = new URL(`/v1/${mount}/data/${path}`, base);
  const response = await fetch(url, {
    headers: { "x-vault-token": token.trim(), ...(namespace ? { "x-vault-namespace": namespace } : {}) },
    redirect: "error",
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw refuse(`cannot be read: Vault at ${base} does not answer`, cause);
  });
  // A body may hold secrets, so that none is ever quoted.
  if (!response.ok) throw refuse(`cannot be read: Vault answered ${response.status} for ${mount}/${path}`);
  const body = (await response.json().catch(() => undefined)) as
    | { data?: { data?: Record<string, unknown> } }
    | undefined;
  const value = body?.data?.data?.[field];
  if (typeof value !== "string" || value.trim() === "")
    throw refuse(`cannot be read: ${mount}/${path} has no text in the field ${field}`);
  return value.trim();
}
