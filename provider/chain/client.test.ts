import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeChain } from "../testing/fake-chain.ts";
import { connectChain } from "./client.ts";

let chain: FakeChain;

beforeEach(async () => {
  chain = await new FakeChain().start();
});
afterEach(() => chain.stop());

describe("connectChain", () => {
  it("is one client an endpoint, once the chain id was compared", async () => {
    const client = await connectChain(chain.connection);
    expect(await connectChain(chain.connection)).toBe(client);
  });

  it("keeps what may be an API key in the URL out of its errors", async () => {
    const rpcUrl = `${chain.url.replace("http://", "http://user:hunter2@")}/v3/hunter3?key=hunter4`;
    for (const attempt of [
      connectChain({ rpcUrl: `${chain.url}/v3/hunter3?key=hunter4`, chainId: 1 }),
      connectChain({ rpcUrl, chainId: 2 }),
    ]) {
      const error = (await attempt.catch((caught: unknown) => caught)) as Error & { data: object };
      expect(`${error.message} ${JSON.stringify(error.data)}`).not.toMatch(/hunter/);
      expect(error.message).toContain(chain.url);
    }
  });
});
