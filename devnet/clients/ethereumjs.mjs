#!/usr/bin/env node
// EthereumJS's client for the embedded devnet:  node ethereumjs.mjs ...  with the options of the client's own command.
// What differs is a method on a prototype, so that no file of the package is edited.
import { Common } from "@ethereumjs/common";
import { skipKnownParams } from "./common-params.mjs";
import { improveEstimates } from "./estimates.mjs";
import { keepReceipts } from "./receipts.mjs";

const client = new URL("../../node_modules/@ethereumjs/client/dist/esm/", import.meta.url);
const { ReceiptsManager } = await import(new URL("src/execution/receipt.js", client).href);
const { Eth } = await import(new URL("src/rpc/modules/eth.js", client).href);

skipKnownParams(Common);
keepReceipts(ReceiptsManager);
improveEstimates(Eth);
await import(new URL("bin/cli.js", client).href);
