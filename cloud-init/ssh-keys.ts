import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

const KEY_TYPES: ReadonlySet<string> = new Set([
  "ssh-ed25519",
  "sk-ssh-ed25519@openssh.com",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "ssh-rsa",
]);

/** What a public key's line says: its type and its bytes. */
export interface PublicKey {
  readonly type: string;
  readonly blob: Buffer;
}

/** A key's fingerprint as ssh shows it. @param blob the key's bytes, as its line has them in base64 */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Reads `TYPE BASE64 [COMMENT]`; undefined when it is not one whole key of a type that sshd takes. */
export function parsePublicKey(line: string): PublicKey | undefined {
  const match = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?: [^\r\n]*)?$/.exec(line.trim());
  const [, type = "", base64 = ""] = match ?? [];
  if (!KEY_TYPES.has(type)) return undefined;
  const blob = Buffer.from(base64, "base64");
  if (blob.toString("base64").replace(/=+$/, "") !== base64.replace(/=+$/, "")) return undefined;
  const named = readString(blob, 0);
  if (named?.value.toString("latin1") !== type) return undefined;
  // The fields must end where the key ends: a key that lost its tail in a paste is no key.
  let next = named.next;
  let fields = 0;
  while (next < blob.length) {
    const field = readString(blob, next);
    if (!field || field.value.length === 0) return undefined;
    if (type === "ssh-ed25519" && field.value.length !== 32) return undefined;
    next = field.next;
    fields++;
  }
  return fields > 0 ? { type, blob } : undefined;
}

/** The public half inside an unencrypted OpenSSH private key; undefined when it is none. */
export function publicBlobOf(privateKey: string): Buffer | undefined {
  const match =
    /^-----BEGIN OPENSSH PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(
      privateKey.trim(),
    );
  if (!match) return undefined;
  const data = Buffer.from(match[1] ?? "", "base64");
  const magic = "openssh-key-v1\0";
  if (data.subarray(0, magic.length).toString("latin1") !== magic) return undefined;
  const cipher = readString(data, magic.length);
  const kdf = cipher && readString(data, cipher.next);
  const options = kdf && readString(data, kdf.next);
  if (!options || cipher.value.toString("latin1") !== "none") return undefined;
  // Four bytes say how many keys follow.
  const blob = readString(data, options.next + 4)?.value;
  return blob && blob.length > 0 ? blob : undefined;
}

function readString(data: Buffer, at: number): { readonly value: Buffer; readonly next: number } | undefined {
  if (at + 4 > data.length) return undefined;
  const next = at + 4 + data.readUInt32BE(at);
  return next > data.length ? undefined : { value: data.subarray(at + 4, next), next };
}
