import { Eth } from "@ethereumjs/client/dist/esm/src/rpc/modules/eth.js";
import { afterEach, describe, expect, it } from "vitest";
import { tellTypeByFees } from "./estimates.mjs";
import { openClient } from "./testing/open-client.ts";

const TRANSFER = { from: `0x${"11".repeat(20)}`, to: `0x${"22".repeat(20)}`, value: "0x0" };
const FEES = { maxFeePerGas: "0x77359400", maxPriorityFeePerGas: "0x1" };
const own = Object.getOwnPropertyDescriptor(Eth.prototype, "estimateGas") ?? {};

/** What the client's API answers to eth_estimateGas, or what it says is wrong. */
async function estimate(request: object): Promise<unknown> {
  const { chain, execution } = await openClient();
  const service = { chain, execution, protocols: [{ name: "eth", versions: [68] }] };
  const api = new Eth({ service } as unknown as ConstructorParameters<typeof Eth>[0], false);
  return await api
    .estimateGas([request] as never)
    .catch((error: unknown) => (error as { readonly message?: string }).message);
}

describe("tellTypeByFees", () => {
  afterEach(() => void Object.defineProperty(Eth.prototype, "estimateGas", own));

  it("lets the client estimate a request with the fees of EIP-1559 and without a type, which it would refuse", async () => {
    expect(await estimate({ ...TRANSFER, ...FEES })).toMatch(/gasPrice \(0\) is less than the block's baseFeePerGas/);
    tellTypeByFees(Eth);
    expect(await estimate({ ...TRANSFER, ...FEES })).toBe("0x5208");
  });

  it.each([
    ["without fees", {}],
    ["with a gas price", { gasPrice: "0x77359400" }],
    ["with a type", { ...FEES, type: "0x2" }],
  ])("leaves a request as it is: %s", async (_, fees) => {
    tellTypeByFees(Eth);
    expect(await estimate({ ...TRANSFER, ...fees })).toBe("0x5208");
  });
});
