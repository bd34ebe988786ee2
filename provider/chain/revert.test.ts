import { BaseError, encodeErrorResult, parseAbi } from "viem";
import { describe, expect, it } from "vitest";
import { revertReason } from "./revert.ts";

const abi = parseAbi(["error NotEnoughBond(uint256 posted, uint256 needed)", "error Error(string)"]);
const data = encodeErrorResult({ abi, errorName: "NotEnoughBond", args: [1n, 4n] });

describe("revertReason", () => {
  it("names the contract's own error with its arguments, at whatever depth clients put it", () => {
    expect(revertReason({ data }, abi)).toBe("NotEnoughBond(1, 4)");
    expect(revertReason(new Error("x", { cause: { cause: { data } } }), abi)).toBe("NotEnoughBond(1, 4)");
    expect(revertReason({ data: { data, message: "reverted" } }, abi)).toBe("NotEnoughBond(1, 4)");
  });

  it("decodes Solidity's own errors without an ABI", () => {
    const text = encodeErrorResult({ abi, errorName: "Error", args: ["paused"] });
    expect(revertReason({ data: text }, undefined)).toBe("Error(paused)");
  });

  it("shows the bytes of an error that no ABI names", () => {
    expect(revertReason({ data }, [])).toBe(`the contract reverted with ${data}`);
  });

  it("says what the client said when there is no data, in one line and without the request", () => {
    const error = new BaseError("RPC request failed.", {
      details: "insufficient funds",
      metaMessages: ["Request body: secret"],
    });
    expect(revertReason(error, abi)).toBe("RPC request failed (insufficient funds)");
    expect(revertReason(new Error("connection reset"), abi)).toBe("connection reset");
    expect(revertReason({ data: "0x" }, abi)).toBe("[object Object]");
  });
});
