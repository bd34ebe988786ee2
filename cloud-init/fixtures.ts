import { createPrivateKey, createPublicKey } from "node:crypto";
import type { CloudInitSpec } from "./spec.ts";

/** An ed25519 pair in OpenSSH's formats, the same for the same seed. For tests only: the seed is all of the secret. */
export function testKey(seed: number): { readonly private: string; readonly public: string } {
  // RFC 8410: the seed behind a fixed PKCS #8 header.
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const point = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const blob = Buffer.concat([field("ssh-ed25519"), field(point)]);
  const secret = Buffer.concat([
    Buffer.alloc(8, 7), // the check number, twice
    blob,
    field(Buffer.concat([Buffer.alloc(32, seed), point])),
    field("test"),
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (secret.length % 8)) % 8);
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[field("none"), field("none"), field(""), Buffer.from([0, 0, 0, 1])],
    ...[field(blob), field(Buffer.concat([secret, padding]))],
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    private: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join("\n")}\n-----END OPENSSH PRIVATE KEY-----\n`,
    public: `ssh-ed25519 ${blob.toString("base64")} test`,
  };
}

/** A machine without a fault. */
export function testSpec(changes: Partial<CloudInitSpec> = {}): CloudInitSpec {
  return {
    hostname: "mainnet-a",
    user: "ethstake",
    authorizedKeys: [testKey(1).public],
    hostKey: testKey(2),
    sshAllow: ["198.51.100.7/32", "2001:db8::/48"],
    sshPort: 22,
    ports: [
      { port: 30303, protocol: "tcp", purpose: "execution p2p" },
      { port: 30303, protocol: "udp", purpose: "execution p2p" },
      { port: 9000, protocol: "tcp", purpose: "consensus p2p" },
    ],
    data: { device: "/dev/disk/by-id/scsi-0HC_Volume_1", directory: "/var/lib/ethstake" },
    privateNetworks: ["10.0.0.0/16"],
    ...changes,
  };
}

function field(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
