import type { ReceiptsManager } from "@ethereumjs/client/dist/esm/src/execution/receipt.js";

/** Lets a client's receipts outlive a reorganisation; see receipts.mjs. */
export function keepReceipts(Class: typeof ReceiptsManager): void;
