/** How a keeper's program and keys come to its host: POSIX sh; each may be killed at any point and run again. */
import { isHex, type Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { shellWord } from "../../lib/shell.ts";
import { accountsWithKeys, KEYS_DIRECTORY, PROGRAM_FILE } from "./bundle.ts";
import { KeeperKeyError } from "./errors.ts";
import type { KeeperSpec } from "./spec.ts";

/** Script that puts the program in its place; reads what `packProgram` gives. @param digest SHA-256 of the program, in hex */
export function programScript({ directory }: Pick<KeeperSpec, "directory">, digest: string): string {
  return `set -eu
umask 077
mkdir -p ${shellWord(directory)}/program
cd ${shellWord(directory)}
base64 -d | gzip -dc >${PROGRAM_FILE}.incoming
echo "${digest}  ${PROGRAM_FILE}.incoming" | sha256sum -c - >/dev/null || { echo 'the program arrived damaged' >&2; exit 1; }
chmod 0440 ${PROGRAM_FILE}.incoming
mv -f ${PROGRAM_FILE}.incoming ${PROGRAM_FILE}
`;
}

/**
 * Script that writes private keys as files that only their owner reads, each in one step; reads what {@link keysInput} gives. Files of
 * accounts that are gone go, too. A keeper reads a key when it signs, so that none restarts.
 */
export function keysScript(spec: Pick<KeeperSpec, "directory" | "accounts">): string {
  const known = accountsWithKeys(spec).map(({ name }) => `${name}.key`);
  return `set -eu
umask 077
mkdir -p ${shellWord(spec.directory)}/${KEYS_DIRECTORY}
cd ${shellWord(spec.directory)}/${KEYS_DIRECTORY}
rm -f .*.incoming
while read -r name content; do
  printf '%s' "$content" | base64 -d >".$name.incoming"
  chmod 0400 ".$name.incoming"
  mv -f ".$name.incoming" "$name.key"
done
for file in *.key; do
  case " ${known.join(" ")} " in
  *" $file "*) ;;
  *) rm -f "$file" ;;
  esac
done
`;
}

/** Script that takes the keys away again, once nothing runs with them. */
export function keysRemoval({ directory }: Pick<KeeperSpec, "directory">): string {
  return `set -eu
cat >/dev/null
cd ${shellWord(directory)}/${KEYS_DIRECTORY} 2>/dev/null || exit 0
rm -f ./*.key .*.incoming
`;
}

/**
 * What the script {@link keysScript} reads: `ACCOUNT BASE64`, a line each. Secret.
 * @param keys private keys by account
 * @throws {@link KeeperKeyError} for a key that is missing
 */
export function keysInput(spec: Pick<KeeperSpec, "accounts">, keys: Readonly<Record<string, string>>): string {
  return accountsWithKeys(spec)
    .map(({ name }) => {
      const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
      if (key === undefined) throw new KeeperKeyError(name, "is missing");
      return `${name} ${Buffer.from(`${key}\n`).toString("base64")}\n`;
    })
    .join("");
}

/**
 * Looks at a private key.
 * @returns it with 0x, without the space around it
 * @throws {@link KeeperKeyError} when it is none, or another account's
 */
export function privateKeyOf(account: string, address: string, text: string): Hex {
  const trimmed = text.trim();
  const key: Hex = trimmed.startsWith("0x") ? (trimmed as Hex) : `0x${trimmed}`;
  if (!isHex(key) || key.length !== 66) throw new KeeperKeyError(account, "is none");
  let own: string;
  try {
    own = privateKeyToAddress(key);
  } catch {
    // The library's message repeats the number, so it is not even kept as the cause.
    throw new KeeperKeyError(account, "is outside the range of private keys");
  }
  if (own.toLowerCase() !== address.toLowerCase())
    throw new KeeperKeyError(account, `is the one of ${own}, and the settings name ${address}`);
  return key.toLowerCase() as Hex;
}
