import { EthstakeError, errorMessage } from "../lib/errors.ts";
import { DIGEST, type Image } from "../components/validator-node/bundle/images.ts";

/** A registry that did not say which image a tag is. */
export class RegistryError extends EthstakeError<{ image: string; tag: string }> {
  readonly code = "IMAGE_DIGEST_UNAVAILABLE";
}

/** Where an image is. */
export interface ImageLocation {
  /** Host of the registry's API. */
  readonly host: string;
  readonly repository: string;
}

/** Images without a host are Docker Hub's, and those without an owner are its library's. */
export function locateImage(image: string): ImageLocation {
  const [first = "", ...rest] = image.split("/");
  if (rest.length > 0 && (/[.:]/.test(first) || first === "localhost"))
    return { host: first, repository: rest.join("/") };
  return { host: "registry-1.docker.io", repository: rest.length === 0 ? `library/${image}` : image };
}

/** Lists before single manifests: the list's digest stands for all platforms. */
const ACCEPT = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const TIMEOUT_MS = 30_000;

export interface RegistryOptions {
  /** Base URL of a host's API; `https://HOST` by default, loopback in tests. */
  readonly baseUrl?: (host: string) => string;
}

/**
 * The digest of what a tag names now, from the registry's own API (https://distribution.github.io/distribution/spec/api/), without an
 * account: a registry that asks for a token is asked for an anonymous one.
 */
export async function resolveDigest(
  { image, tag }: Pick<Image, "image" | "tag">,
  { baseUrl = (host) => `https://${host}` }: RegistryOptions = {},
): Promise<string> {
  const refuse = (why: string, cause?: unknown): RegistryError =>
    new RegistryError(
      `${image}:${tag}: ${why}.`,
      { image, tag },
      { cause, remedy: "Check image and tag, and the network." },
    );
  const { host, repository } = locateImage(image);
  const url = `${baseUrl(host)}/v2/${repository}/manifests/${encodeURIComponent(tag)}`;
  const request = async (target: string, init: RequestInit): Promise<Response> =>
    await fetch(target, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause: unknown) => {
      throw refuse(`no answer from ${new URL(target).host}: ${errorMessage(cause)}`, cause);
    });
  const head = async (authorization: Record<string, string>): Promise<Response> =>
    await request(url, { method: "HEAD", headers: { accept: ACCEPT, ...authorization } });

  let response = await head({});
  if (response.status === 401) {
    const tokenUrl = tokenAddress(response.headers.get("www-authenticate") ?? "", repository);
    if (tokenUrl === undefined) throw refuse("the registry asks for a login of a kind that is not known here");
    const token = await request(tokenUrl, {});
    if (!token.ok) throw refuse(`no anonymous token: HTTP ${token.status}`);
    const { token: value, access_token: other } = (await token.json()) as { token?: unknown; access_token?: unknown };
    const bearer = value ?? other;
    if (typeof bearer !== "string") throw refuse("the registry's token service answered without a token");
    response = await head({ authorization: `Bearer ${bearer}` });
  }
  if (!response.ok) throw refuse(`HTTP ${response.status}`);
  const digest = response.headers.get("docker-content-digest") ?? "";
  if (!DIGEST.test(digest)) throw refuse("the registry gave no digest");
  return digest;
}

/** Where a challenge sends for a token: `Bearer realm="…",service="…",scope="…"`. */
function tokenAddress(challenge: string, repository: string): string | undefined {
  if (!/^bearer\s/i.test(challenge)) return undefined;
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name.toLowerCase(), value]),
  );
  const { realm = "", service } = parameters;
  if (!URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", parameters.scope ?? `repository:${repository}:pull`);
  return url.href;
}

/** A table with the digests that could be had, and why others could not. An entry without an answer stays as it is. */
export async function fillDigests<Name extends string>(
  table: Readonly<Record<Name, Image>>,
  options: RegistryOptions = {},
): Promise<{ readonly table: Record<Name, Image>; readonly errors: readonly string[] }> {
  const errors: string[] = [];
  const entries: [string, Image][] = [];
  for (const [name, entry] of Object.entries<Image>(table)) {
    try {
      entries.push([name, { ...entry, digest: await resolveDigest(entry, options) }]);
    } catch (error) {
      errors.push(errorMessage(error));
      entries.push([name, entry]);
    }
  }
  return { table: Object.fromEntries(entries) as Record<Name, Image>, errors };
}
