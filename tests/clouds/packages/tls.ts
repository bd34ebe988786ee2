/** The package `tls`: real keys, made as its provider makes them. */
import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import type { PropertyMap } from "../../../engine/values.ts";
import type { Making } from "../behaviour.ts";
import type { Package } from "../package.ts";

function field(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** The 32 bytes at the end of an ED25519 key in DER: the public key, or the private one's seed. */
function raw(key: KeyObject): Buffer {
  const der = key.export(key.type === "public" ? { type: "spki", format: "der" } : { type: "pkcs8", format: "der" });
  return der.subarray(-32);
}

/** An ED25519 key pair in the formats that OpenSSH reads (PROTOCOL.key, without a passphrase). */
function ed25519(): PropertyMap {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const point = raw(publicKey);
  const blob = Buffer.concat([field("ssh-ed25519"), field(point)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([check, check, blob, field(Buffer.concat([raw(privateKey), point])), field("")]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const one = Buffer.alloc(4);
  one.writeUInt32BE(1);
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...["none", "none", ""].map(field),
    one,
    field(blob),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const hash = (name: string): Buffer => createHash(name).update(blob).digest();
  return {
    privateKeyOpenssh: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
      "\n",
    ),
    privateKeyPem: pem,
    privateKeyPemPkcs8: pem,
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    publicKeyOpenssh: `ssh-ed25519 ${blob.toString("base64")}\n`,
    publicKeyFingerprintSha256: `SHA256:${hash("sha256").toString("base64").replace(/=+$/, "")}`,
    publicKeyFingerprintMd5: hash("md5").toString("hex").match(/../g)?.join(":") ?? "",
  };
}

function keyOutputs({ before }: Making): PropertyMap {
  return Object.keys(before).length > 0 ? before : ed25519();
}

export const tls: Package = {
  types: {
    "tls:index/privateKey:PrivateKey": {
      id: () => randomBytes(20).toString("hex"),
      outputs: keyOutputs,
      replace: ["algorithm", "ecdsaCurve", "rsaBits"],
      faults: ({ algorithm }) =>
        algorithm === "ED25519" ? [] : [{ property: "algorithm", reason: "only ED25519 is simulated" }],
    },
  },
};
