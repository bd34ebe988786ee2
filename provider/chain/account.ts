import { isHex, type Hex } from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { z } from "zod";
import { readPrivateFile } from "../../lib/files.ts";
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
  const text = await readPrivateFile(keyFile, (problem, cause) => new AccountKeyFileError(keyFile, problem, cause));
  const key: Hex = text.startsWith("0x") ? (text as Hex) : `0x${text}`;
  if (!isHex(key) || key.length !== 66) throw new AccountKeyFileError(keyFile, "does not hold a private key");
  try {
    return privateKeyToAccount(key);
  } catch {
    // The library's message repeats the number, so it is not even kept as the cause.
    throw new AccountKeyFileError(keyFile, "holds a number outside the range of private keys");
  }
}
