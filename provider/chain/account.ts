import { readFile, stat } from "node:fs/promises";
import { isHex, type Hex } from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { z } from "zod";
import { projectPath } from "../../lib/paths.ts";
import { AccountKeyFileError } from "./errors.ts";

/** The account that signs a resource's transactions: named by a file, so that the key itself is in no input and no state. */
export const senderSchema = z.object({
  /** File with the private key (32 bytes in hex), mode 0600. */
  keyFile: z.string({ error: "must be the path of a file with the sender's private key" }).min(1),
});

export type SenderReference = z.infer<typeof senderSchema>;

/**
 * Reads an account's key from its file.
 * @throws {@link AccountKeyFileError} when the file is missing, readable by others, or holds something else
 */
export async function loadAccount(reference: SenderReference): Promise<PrivateKeyAccount> {
  const keyFile = projectPath(reference.keyFile);
  const info = await stat(keyFile).catch((cause: unknown) => {
    throw new AccountKeyFileError(keyFile, "cannot be read", cause);
  });
  if ((info.mode & 0o077) !== 0) throw new AccountKeyFileError(keyFile, "can be read by other users");
  const text = (await readFile(keyFile, "utf8")).trim();
  const key: Hex = text.startsWith("0x") ? (text as Hex) : `0x${text}`;
  if (!isHex(key) || key.length !== 66) throw new AccountKeyFileError(keyFile, "does not hold a private key");
  return privateKeyToAccount(key);
}
