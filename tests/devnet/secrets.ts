import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Keystore } from "@chainsafe/bls-keystore";

/** A secret of a network by its name, as text that must not be found anywhere it does not belong. */
export interface Secret {
  readonly name: string;
  readonly text: string;
}

/** Every secret that a network's folder holds: account keys, mnemonics, keystore passwords, validator keys, JWT, API token. */
export async function collectSecrets(directory: string): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (const file of filesBelow(directory)) {
    const text = (): string => readFileSync(file, "utf8").trim();
    if (file.endsWith(".key") || file.endsWith("jwt.hex"))
      secrets.push({ name: file, text: text().replace(/^0x/, "") });
    if (file.endsWith("mnemonic") || file.endsWith(".password") || file.endsWith("api-token.txt"))
      secrets.push({ name: file, text: text() });
    if (/keystores\/keystore-[0-9a-f]+\.json$/.test(file)) {
      const key = await Keystore.parse(text()).decrypt(readFileSync(file.replace(/json$/, "password"), "utf8").trim());
      secrets.push({ name: `key of ${file}`, text: Buffer.from(key).toString("hex") });
    }
  }
  return secrets;
}

/** Where secrets are found among files and the arguments of every process of this machine. */
export function findLeaks(secrets: readonly Secret[], files: readonly string[]): string[] {
  const places = files.map((file) => ({ place: file, text: readFileSync(file, "latin1") }));
  places.push({
    place: "process arguments",
    text: execFileSync("ps", ["-eo", "args"], { encoding: "latin1", maxBuffer: 2 ** 26 }),
  });
  return places.flatMap(({ place, text }) => {
    const lower = text.toLowerCase();
    return secrets
      .filter((secret) => lower.includes(secret.text.toLowerCase()))
      .map((secret) => `${place} contains ${secret.name}`);
  });
}

/** Files in a folder that users other than the owner can read, among those whose names say that they are secret. */
export function readableSecrets(directory: string): string[] {
  return filesBelow(directory).filter(
    (file) =>
      /\.key$|jwt\.hex$|mnemonic$|\.password$|keystore-[0-9a-f]+\.json$/.test(file) &&
      (statSync(file).mode & 0o077) !== 0,
  );
}

/** All regular files below a folder. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
