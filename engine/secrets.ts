/**
 * Secrets by passphrase, in the CLI's format: the key is PBKDF2-SHA256 (1,000,000 iterations, 32 bytes) of the passphrase and
 * an 8-byte salt; a value is AES-256-GCM with a 12-byte nonce, written `v1:<nonce>:<ciphertext and tag>` in base64. The salt is
 * kept as `v1:<salt>:<the word "pulumi" encrypted>`, so that a wrong passphrase is noticed at once.
 */
import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { errorMessage } from "../lib/errors.ts";
import { PassphraseMissingError, PassphraseWrongError } from "./errors.ts";

const derive = promisify(pbkdf2);
const ITERATIONS = 1_000_000;
const TAG = 16;

/** Encrypts and decrypts short texts. */
export interface Crypter {
  encrypt(plaintext: string): string;
  /** Throws {@link PassphraseWrongError} when the text was not encrypted with this key. */
  decrypt(ciphertext: string): string;
}

/** A crypter with a given 32-byte key. */
export function symmetricCrypter(key: Uint8Array): Crypter {
  return {
    encrypt(plaintext) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `v1:${nonce.toString("base64")}:${body.toString("base64")}`;
    },
    decrypt(ciphertext) {
      const [version, nonce, text, ...rest] = ciphertext.split(":");
      const body = Buffer.from(text ?? "", "base64");
      if (version !== "v1" || nonce === undefined || rest.length > 0 || body.length < TAG) {
        throw new PassphraseWrongError("A ciphertext is damaged.", {});
      }
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
        decipher.setAuthTag(body.subarray(body.length - TAG));
        return decipher.update(body.subarray(0, body.length - TAG), undefined, "utf8") + decipher.final("utf8");
      } catch (cause) {
        throw new PassphraseWrongError("A secret cannot be decrypted.", {}, { cause, remedy: "Check the passphrase." });
      }
    },
  };
}

/** Where the passphrase comes from; undefined when none is set. An empty PULUMI_CONFIG_PASSPHRASE is a passphrase. */
export function passphraseFrom(env: NodeJS.ProcessEnv): string | undefined {
  const direct = env["PULUMI_CONFIG_PASSPHRASE"];
  if (direct !== undefined) return direct;
  const file = env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new PassphraseMissingError(
      `The file of PULUMI_CONFIG_PASSPHRASE_FILE cannot be read (${errorMessage(cause)})`,
    );
  }
}

/** Hands out crypters by salt; derives each key once and only when it is asked for. */
export class Passphrase {
  private readonly crypters = new Map<string, Promise<Crypter>>();
  private readonly env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.env = env;
  }

  /** The crypter for an existing salt. `why` begins the error when there is no passphrase. */
  crypter(salt: string, why: string): Promise<Crypter> {
    let found = this.crypters.get(salt);
    if (!found) this.crypters.set(salt, (found = this.open(salt, why)));
    return found;
  }

  /** A new salt with its crypter. */
  async create(why: string): Promise<{ readonly salt: string; readonly crypter: Crypter }> {
    const bytes = randomBytes(8);
    const crypter = symmetricCrypter(await this.key(bytes, why));
    const salt = `v1:${bytes.toString("base64")}:${crypter.encrypt("pulumi")}`;
    this.crypters.set(salt, Promise.resolve(crypter));
    return { salt, crypter };
  }

  private async key(salt: Uint8Array, why: string): Promise<Uint8Array> {
    const phrase = passphraseFrom(this.env);
    if (phrase === undefined) throw new PassphraseMissingError(why);
    return derive(phrase, salt, ITERATIONS, 32, "sha256");
  }

  private async open(salt: string, why: string): Promise<Crypter> {
    const [version, bytes = "", ...proof] = salt.split(":");
    if (version !== "v1" || proof.length !== 3) throw new PassphraseWrongError("The encryption salt is damaged.", {});
    const crypter = symmetricCrypter(await this.key(Buffer.from(bytes, "base64"), why));
    let word: string;
    try {
      word = crypter.decrypt(proof.join(":"));
    } catch (cause) {
      throw new PassphraseWrongError(
        "The passphrase is not the one this stack's secrets were encrypted with.",
        {},
        { cause },
      );
    }
    if (word !== "pulumi") throw new PassphraseWrongError("The passphrase is not the one of this stack.", {});
    return crypter;
  }
}
