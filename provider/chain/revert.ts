import { BaseError, decodeErrorResult, isHex, type Abi, type Hex } from "viem";
import { errorMessage } from "../../lib/errors.ts";

/** Why a call failed: the contract's error with its arguments where the ABI has it, else what the client said. */
export function revertReason(error: unknown, abi: Abi | undefined): string {
  const data = revertData(error);
  if (data && data !== "0x") {
    try {
      const { errorName, args } = decodeErrorResult({ data, ...(abi ? { abi } : { abi: [] as Abi }) });
      return `${errorName}(${(args ?? []).map(String).join(", ")})`;
    } catch {
      return `the contract reverted with ${data}`;
    }
  }
  return error instanceof BaseError ? error.shortMessage.replace(/\.$/, "") + details(error) : errorMessage(error);
}

function details(error: BaseError): string {
  return error.details && !error.shortMessage.includes(error.details) ? ` (${error.details})` : "";
}

/** Revert data travels as `data` of the JSON-RPC error, at a depth that differs by client. */
function revertData(error: unknown): Hex | undefined {
  for (
    let inner: unknown = error;
    typeof inner === "object" && inner !== null;
    inner = (inner as { cause?: unknown }).cause
  ) {
    const { data } = inner as { data?: unknown };
    if (isHex(data)) return data;
    if (typeof data === "object" && data !== null && isHex((data as { data?: unknown }).data))
      return (data as { data: Hex }).data;
  }
  return undefined;
}
