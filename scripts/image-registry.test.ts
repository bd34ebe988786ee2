import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fillDigests, locateImage, resolveDigest } from "./image-registry.ts";

const DIGEST = `sha256:${"5e".repeat(32)}`;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** What a fake registry does. */
interface Behaviour {
  /** `repository:tag` by digest. */
  readonly manifests: Readonly<Record<string, string>>;
  /** Asks for a token, as Docker Hub, ghcr.io and gcr.io do. */
  readonly token?: boolean;
  readonly challenge?: string;
  readonly tokenBody?: unknown;
}

/** A registry on loopback; answers the requests that it got, too. */
async function registry(behaviour: Behaviour): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://localhost");
    requests.push(`${request.method ?? ""} ${url.pathname}`);
    if (url.pathname === "/token") {
      const scope = url.searchParams.get("scope") ?? "";
      const body = behaviour.tokenBody ?? { token: `for ${scope} at ${url.searchParams.get("service") ?? ""}` };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      return;
    }
    const [, repository = "", tag = ""] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname) ?? [];
    const scope = `repository:${repository}:pull`;
    if (behaviour.token === true && request.headers.authorization !== `Bearer for ${scope} at fake`) {
      const { port } = server.address() as AddressInfo;
      const challenge =
        behaviour.challenge ?? `Bearer realm="http://127.0.0.1:${port}/token",service="fake",scope="${scope}"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
      return;
    }
    const digest = behaviour.manifests[`${repository}:${decodeURIComponent(tag)}`];
    const lists = request.headers.accept?.startsWith("application/vnd.oci.image.index.v1+json") === true;
    if (digest === undefined || !lists) response.writeHead(404).end();
    else response.writeHead(200, { "docker-content-digest": digest }).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

describe("locateImage", () => {
  it.each([
    ["postgres", "registry-1.docker.io", "library/postgres"],
    ["sigp/lighthouse", "registry-1.docker.io", "sigp/lighthouse"],
    ["ghcr.io/paradigmxyz/reth", "ghcr.io", "paradigmxyz/reth"],
    ["gcr.io/offchainlabs/prysm/beacon-chain", "gcr.io", "offchainlabs/prysm/beacon-chain"],
    ["localhost:5000/a", "localhost:5000", "a"],
  ])("%s", (image, host, repository) => {
    expect(locateImage(image)).toEqual({ host, repository });
  });
});

describe("resolveDigest", () => {
  it("asks an open registry once", async () => {
    const { url, requests } = await registry({ manifests: { "library/postgres:18": DIGEST } });
    expect(await resolveDigest({ image: "postgres", tag: "18" }, { baseUrl: () => url })).toBe(DIGEST);
    expect(requests).toEqual(["HEAD /v2/library/postgres/manifests/18"]);
  });

  it("fetches an anonymous token where one is asked for", async () => {
    const { url, requests } = await registry({ manifests: { "paradigmxyz/reth:v1": DIGEST }, token: true });
    const hosts: string[] = [];
    const baseUrl = (host: string): string => {
      hosts.push(host);
      return url;
    };
    expect(await resolveDigest({ image: "ghcr.io/paradigmxyz/reth", tag: "v1" }, { baseUrl })).toBe(DIGEST);
    expect(hosts).toEqual(["ghcr.io"]);
    expect(requests).toEqual([
      "HEAD /v2/paradigmxyz/reth/manifests/v1",
      "GET /token",
      "HEAD /v2/paradigmxyz/reth/manifests/v1",
    ]);
  });

  it.each([
    ["a tag that is not there", { manifests: {} }, "HTTP 404"],
    ["a digest that is none", { manifests: { "a/b:1": "sha256:12" } }, "gave no digest"],
    ["a login by password", { manifests: {}, token: true, challenge: 'Basic realm="x"' }, "login of a kind"],
    ["a token service without a token", { manifests: {}, token: true, tokenBody: {} }, "without a token"],
    ["a token that is not taken", { manifests: {}, token: true, tokenBody: { token: "x" } }, "HTTP 401"],
  ])("refuses %s", async (_, behaviour, message) => {
    const { url } = await registry(behaviour);
    await expect(resolveDigest({ image: "a/b", tag: "1" }, { baseUrl: () => url })).rejects.toMatchObject({
      code: "IMAGE_DIGEST_UNAVAILABLE",
      message: expect.stringContaining(message) as string,
    });
  });

  it("refuses a registry that does not answer", async () => {
    await expect(
      resolveDigest({ image: "a/b", tag: "1" }, { baseUrl: () => "http://127.0.0.1:1" }),
    ).rejects.toMatchObject({ code: "IMAGE_DIGEST_UNAVAILABLE" });
  });
});

describe("fillDigests", () => {
  it("fills what it can, keeps the rest, and says why", async () => {
    const { url } = await registry({ manifests: { "a/b:1": DIGEST }, token: true });
    const old = `sha256:${"01".repeat(32)}`;
    const { table, errors } = await fillDigests(
      { first: { image: "a/b", tag: "1", digest: old }, second: { image: "a/c", tag: "2", digest: old } },
      { baseUrl: () => url },
    );
    expect(table).toEqual({
      first: { image: "a/b", tag: "1", digest: DIGEST },
      second: { image: "a/c", tag: "2", digest: old },
    });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("a/c:2: HTTP 404");
  });
});
