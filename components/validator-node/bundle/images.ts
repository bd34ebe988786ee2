import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ImageOverride } from "./spec.ts";

/** What the catalogue has images of. */
export const IMAGE_NAMES = [
  "besu",
  "geth",
  "nethermind",
  "reth",
  "erigon",
  "lighthouse",
  "prysm",
  "prysm-validator",
  "teku",
  "nimbus",
  "nimbus-validator",
  "lodestar",
  "mev-boost",
  "web3signer",
  "postgres",
  "caddy",
  "haproxy",
  "node",
] as const;

export type ImageName = (typeof IMAGE_NAMES)[number];

/** Images that know nothing of Ethereum: no fork asks for another version. */
export const FORKLESS_IMAGES = ["postgres", "caddy", "haproxy", "node"] as const satisfies readonly ImageName[];

/** Images whose version decides whether a node follows a fork. */
export type ForkClient = Exclude<ImageName, (typeof FORKLESS_IMAGES)[number]>;

/** A pinned image. */
export interface Image {
  /** Without tag, as Docker writes it: Docker Hub's have no host. */
  readonly image: string;
  readonly tag: string;
  /** `sha256:…` of the manifest list, from `npm run images:digests`. */
  readonly digest?: string | undefined;
}

export type ImageTable = Readonly<Record<ImageName, Image>>;

/** A digest as registries give it. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;

const schema = z.record(
  z.enum(IMAGE_NAMES),
  z.strictObject({
    image: z.string().min(1),
    tag: z.string().min(1),
    digest: z.string().regex(DIGEST).optional(),
  }),
);

/** The file that holds the table. */
export const IMAGES_FILE = new URL("images.json", import.meta.url);

/** Reads a table of images; throws on a name that is unknown or missing. */
export function parseImages(text: string): ImageTable {
  return schema.parse(JSON.parse(text));
}

/**
 * The pinned images. Tags were seen in a production tool on 2026-08-20 and predate Glamsterdam. Erigon's was not among them: it is the
 * one that a version of Rocket Pool's smartnode of 2026 pins for production, to be checked before a use on mainnet. Caddy's, HAProxy's
 * and Node's are the newest of their lines that were found in November 2026; none of them was pulled here.
 */
export const IMAGES: ImageTable = parseImages(readFileSync(IMAGES_FILE, "utf8"));

/** The tag that runs: the override's, else the pinned one. */
export function tagOf(name: ImageName, override: ImageOverride = {}): string {
  return override.tag ?? IMAGES[name].tag;
}

/**
 * What compose pulls, e.g. `sigp/lighthouse:v8.2.2@sha256:…`. A digest decides what is pulled, the tag before it is for the reader.
 * An overridden tag drops the pinned digest, which is another version's.
 */
export function imageReference(name: ImageName, override: ImageOverride = {}): string {
  const { image, tag, digest: pinned } = IMAGES[name];
  const digest = override.digest ?? (override.tag === undefined || override.tag === tag ? pinned : undefined);
  return `${image}:${override.tag ?? tag}${digest === undefined ? "" : `@${digest}`}`;
}
