import { Eth } from "@ethereumjs/client/dist/esm/src/rpc/modules/eth.js";
import { afterEach, describe, expect, it } from "vitest";
import { improveEstimates } from "./estimates.mjs";
import { openClient } from "./testing/open-client.ts";

const TRANSFER = { from: `0x${"11".repeat(20)}`, to: `0x${"22".repeat(20)}`, value: "0x0" };
const FEES = { maxFeePerGas: "0x77359400", maxPriorityFeePerGas: "0x1" };
/** A contract that sets its first slot, which is 1 at genesis, to 0: PUSH0 PUSH0 SSTORE. */
const CLEARS = `0x${"33".repeat(20)}` as const;
/** The transaction, two PUSH0, and a cold slot that changes (EIP-2929). Its refund is 4,800 (EIP-3529). */
const CLEARING = 21_000 + 2 * 2 + 5_000;
const own = Object.getOwnPropertyDescriptor(Eth.prototype, "estimateGas") ?? {};

/** What the client's API answers to eth_estimateGas, or what it says is wrong. */
async function estimate(request: object): Promise<unknown> {
  const { chain, execution } = await openClient({
    [CLEARS]: ["0x0", "0x5f5f55", [[`0x${"00".repeat(32)}`, "0x01"]], "0x0"],
  });
  const service = { chain, execution, protocols: [{ name: "eth", versions: [68] }] };
  const api = new Eth({ service } as unknown as ConstructorParameters<typeof Eth>[0], false);
  return await api
    .estimateGas([request] as never)
    .catch((error: unknown) => (error as { readonly message?: string }).message);
}

describe("improveEstimates", () => {
  afterEach(() => void Object.defineProperty(Eth.prototype, "estimateGas", own));

  it("lets the client estimate a request with the fees of EIP-1559 and without a type, which it would refuse", async () => {
    expect(await estimate({ ...TRANSFER, ...FEES })).toMatch(/gasPrice \(0\) is less than the block's baseFeePerGas/);
    improveEstimates(Eth);
    expect(await estimate({ ...TRANSFER, ...FEES })).toBe("0x5208");
  });

  it.each([
    ["without fees", {}],
    ["with a gas price", { gasPrice: "0x77359400" }],
    ["with a type", { ...FEES, type: "0x2" }],
  ])("leaves a request as it is: %s", async (_, fees) => {
    improveEstimates(Eth);
    expect(await estimate({ ...TRANSFER, ...fees })).toBe("0x5208");
  });

  it("tells what a call needs before its refund, which the client takes off", async () => {
    expect(Number(await estimate({ ...TRANSFER, to: CLEARS }))).toBe(CLEARING - 4_800);
    improveEstimates(Eth);
    const needed = Number(await estimate({ ...TRANSFER, to: CLEARS }));
    expect(needed).toBe(Math.ceil(((CLEARING - 4_800) * 5 * 64) / (4 * 63)));
    expect(needed).toBeGreaterThanOrEqual(CLEARING);
  });
});
