import { isAddress, isHex, type Address, type Hex, type LocalAccount } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";
import { projectPath } from "../../lib/paths.ts";
import { readSecret, secretPlace, sourceFault } from "../../lib/secret-source.ts";
import { AccountKeyFileError } from "./errors.ts";
import { remoteAccount } from "./remote-signer.ts";

/** An account whose key is in a file: the key itself is in no input and no state. */
const keyFileSender = z.object({
  /** File with the private key (32 bytes in hex), mode 0600, or `vault:MOUNT/PATH#FIELD`. */
  keyFile: z
    .string({ error: "must be the path of a file with the sender's private key" })
    .min(1)
    .refine((source) => sourceFault(source) === undefined, "must be a path, or vault:MOUNT/PATH#FIELD"),
});

/** An account whose key is in a signer elsewhere, e.g. Clef with a hardware wallet, or Web3Signer in eth1 mode. */
const remoteSender = z.object({
  /** JSON-RPC endpoint that serves eth_signTransaction. */
  signerUrl: z.url({ protocol: /^https?$/, error: "must be the URL of a signer" }).refine(
    // What is no URL has its own fault already.
    (url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === "",
    "must hold no credentials: they would be in the state",
  ),
  address: z.custom<Address>((value) => typeof value === "string" && isAddress(value), "must be the account's address"),
});

/** The account that signs a resource's transactions. */
export const senderSchema = z.union([keyFileSender, remoteSender], {
  error: "must be { keyFile } or { signerUrl, address }",
});

export type SenderReference = z.infer<typeof senderSchema> & {
  /**
   * What the account's lock and journal are named after, where they cannot lie beside its key: a keeper's keys are mounted read-only. No
   * resource has it. All that use the account on a machine must say the same, or they do not see each other's lock.
   */
  readonly records?: string;
};

/**
 * The account behind a reference: with its key read from its file, or signing elsewhere.
 * @throws {@link AccountKeyFileError} when the file is missing, readable by others, or holds something else
 */
export async function loadAccount(reference: SenderReference): Promise<LocalAccount> {
  if (!("keyFile" in reference)) return remoteAccount(reference.signerUrl, reference.address);
  const { keyFile } = reference;
  const text = await readSecret(keyFile, (problem, cause) => new AccountKeyFileError(keyFile, problem, cause));
  const key: Hex = text.startsWith("0x") ? (text as Hex) : `0x${text}`;
  if (!isHex(key) || key.length !== 66) throw new AccountKeyFileError(keyFile, "does not hold a private key");
  try {
    return privateKeyToAccount(key);
  } catch {
    // The library's message repeats the number, so it is not even kept as the cause.
    throw new AccountKeyFileError(keyFile, "holds a number outside the range of private keys");
  }
}

/**
 * What an account's lock and journal are named after: what the reference says; else beside its key file, or where there is none, under its
 * address or its place in Vault.
 */
export function accountFile(reference: SenderReference): string {
  if (reference.records !== undefined) return projectPath(reference.records);
  if ("keyFile" in reference) return secretPlace(reference.keyFile);
  return projectPath(`.ethstake/accounts/${reference.address.toLowerCase()}`);
}
