import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Keystore } from "@chainsafe/bls-keystore";
import { generateMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english";
import { hexToBytes, type Hex } from "viem";
import { createFileOnce, exists, readPrivateFile, writeFileAtomically } from "../../lib/files.ts";
import { withLock } from "../../lib/lock.ts";
import { projectPath } from "../../lib/paths.ts";
import { readSecret, secretPlace, vaultReference, type SecretSource } from "../../lib/secret-source.ts";
import { publicKeyOf, type SigningKey } from "./derivation.ts";
import { KeyOnAnotherClientError, KeystoreMismatchError, SecretFileError } from "./errors.ts";

/** 256 bits: a mnemonic of 24 words. */
const MNEMONIC_BITS = 256;

/** What may be said of a stored keystore: it is in the state of the stack. */
export interface StoredKeystore {
  readonly publicKey: Hex;
  /** EIP-2334 path. */
  readonly path: string;
  /** File name in the store. */
  readonly file: string;
  /** SHA-256 of the file, in hex. */
  readonly digest: string;
}

/**
 * A folder of EIP-2335 keystores (mode 0600 in a folder of mode 0700), each with its own random password beside it:
 * `keystore-PUBKEY.json`, `keystore-PUBKEY.password`, and once loaded `keystore-PUBKEY.client`, which names the one validator
 * client that has it. Nothing is ever overwritten or deleted.
 */
export class KeystoreDirectory {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = projectPath(directory);
  }

  /** Stores a key unless it is there already; what is there must be the same key. */
  async ensure(key: SigningKey): Promise<StoredKeystore> {
    const file = this.#file(key.publicKey, "json");
    if (!(await exists(file))) {
      // The password first: a keystore without one would be lost, a password without a keystore is only spare.
      await createFileOnce(this.#file(key.publicKey, "password"), randomBytes(24).toString("base64url"));
      const password = await this.password(key.publicKey);
      const keystore = await Keystore.create(password, key.secretKey, hexToBytes(key.publicKey), key.path);
      await createFileOnce(file, keystore.stringify());
    }
    return await this.find(key);
  }

  /** Whether a key is stored. */
  async has(publicKey: Hex): Promise<boolean> {
    return await exists(this.#file(publicKey, "json"));
  }

  /** What is stored of a key. @throws {@link SecretFileError} when nothing is, {@link KeystoreMismatchError} when it is another key */
  async find(key: SigningKey): Promise<StoredKeystore> {
    const file = this.#file(key.publicKey, "json");
    const text = await this.keystore(key.publicKey);
    const { pubkey, path } = Keystore.parse(text);
    if (`0x${pubkey.replace(/^0x/, "")}` !== key.publicKey || path !== key.path) {
      throw new KeystoreMismatchError(file, key.publicKey, "belongs to another key or path");
    }
    return {
      publicKey: key.publicKey,
      path,
      file: fileName(key.publicKey, "json"),
      digest: createHash("sha256").update(text).digest("hex"),
    };
  }

  /** The keystore's JSON text. */
  async keystore(publicKey: Hex): Promise<string> {
    return await readSecretFile(this.#file(publicKey, "json"));
  }

  /** The password that opens a keystore. */
  async password(publicKey: Hex): Promise<string> {
    return await readSecretFile(this.#file(publicKey, "password"));
  }

  /** Opens a keystore, for signing deposit data. */
  async unlock(publicKey: Hex): Promise<SigningKey> {
    const file = this.#file(publicKey, "json");
    const keystore = Keystore.parse(await this.keystore(publicKey));
    const secretKey = await keystore.decrypt(await this.password(publicKey)).catch((cause: unknown) => {
      throw new KeystoreMismatchError(file, publicKey, "is not opened by its password file", cause);
    });
    if (publicKeyOf(secretKey) !== publicKey) throw new KeystoreMismatchError(file, publicKey, "holds another key");
    return { secretKey, publicKey, path: keystore.path };
  }

  /**
   * Notes the one validator client that may hold a key, before it is loaded there.
   * @param client the client's lasting name, e.g. its keymanager URL
   * @throws {@link KeyOnAnotherClientError} when another one was noted before
   */
  async assign(publicKey: Hex, client: string): Promise<void> {
    await noteClient(this.#file(publicKey, "client"), publicKey, client);
  }

  /** Runs what reads or changes the notes and acts on them: one at a time, of all processes of this machine. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    return await withLock(join(this.directory, "notes.lock"), work);
  }

  /** Notes that a key was loaded at a client: from then on it may have signed there. */
  async markLoaded(publicKey: Hex, client: string): Promise<void> {
    await writeFileAtomically(this.#file(publicKey, "loaded"), client, 0o600);
  }

  /** Whether a key was loaded at a client before. */
  async wasLoaded(publicKey: Hex, client: string): Promise<boolean> {
    return (await readNote(this.#file(publicKey, "loaded"))) === client;
  }

  /** The client that a key was noted to be at; undefined for one that was never loaded. */
  async clientOf(publicKey: Hex): Promise<string | undefined> {
    return await readNote(this.#file(publicKey, "client"));
  }

  /**
   * Notes that a key is at another client from now on. For moves only, after the first client has stopped for good.
   * @throws {@link KeyOnAnotherClientError} when a third one was noted
   */
  async reassign(publicKey: Hex, from: string, to: string): Promise<void> {
    await changeNote(this.#file(publicKey, "client"), publicKey, from, to);
  }

  #file(publicKey: Hex, extension: string): string {
    return join(this.directory, fileName(publicKey, extension));
  }
}

/**
 * The same note beside the mnemonic that a key comes from: another keystore folder does not make it another key.
 * @throws {@link KeyOnAnotherClientError} when another client was noted before
 */
export async function assignMnemonicKey(mnemonicFile: string, publicKey: Hex, client: string): Promise<void> {
  await noteClient(join(`${secretPlace(mnemonicFile)}.clients`, publicKey), publicKey, client);
}

/** The client that a key was noted to be at beside its mnemonic. */
export async function mnemonicClientOf(mnemonicFile: string, publicKey: Hex): Promise<string | undefined> {
  return await readNote(join(`${secretPlace(mnemonicFile)}.clients`, publicKey));
}

/** The same beside the mnemonic, where a key that came from one is noted too. See {@link KeystoreDirectory.reassign}. */
export async function reassignMnemonicKey(
  mnemonicFile: string,
  publicKey: Hex,
  from: string,
  to: string,
): Promise<void> {
  await changeNote(join(`${secretPlace(mnemonicFile)}.clients`, publicKey), publicKey, from, to);
}

async function readNote(file: string): Promise<string | undefined> {
  return (await exists(file)) ? (await readFile(file, "utf8")).trim() : undefined;
}

async function changeNote(file: string, publicKey: Hex, from: string, to: string): Promise<void> {
  const holder = await readNote(file);
  if (holder === to) return;
  if (holder !== undefined && holder !== from) throw new KeyOnAnotherClientError(publicKey, holder, to);
  await writeFileAtomically(file, to, 0o600);
}

async function noteClient(file: string, publicKey: Hex, client: string): Promise<void> {
  await createFileOnce(file, client);
  const holder = (await readFile(file, "utf8")).trim();
  if (holder !== client) throw new KeyOnAnotherClientError(publicKey, holder, client);
}

/**
 * The mnemonic in a file, or in Vault.
 * @param generate make one from fresh entropy when there is no such file
 */
export async function loadMnemonic(source: SecretSource, generate: boolean): Promise<string> {
  const file = secretPlace(source);
  // Nothing is ever written to Vault: what is to be kept there is made by whoever keeps it.
  if (generate && vaultReference(source) === undefined && !(await exists(file)))
    await createFileOnce(file, `${generateMnemonic(wordlist, MNEMONIC_BITS)}\n`);
  const words = await readSecret(source, (problem, cause) => new SecretFileError(source, problem, cause));
  return words.split(/\s+/).join(" ");
}

async function readSecretFile(file: string): Promise<string> {
  return await readPrivateFile(file, (problem, cause) => new SecretFileError(file, problem, cause));
}

function fileName(publicKey: Hex, extension: string): string {
  return `keystore-${publicKey.slice(2)}.${extension}`;
}
