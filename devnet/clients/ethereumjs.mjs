#!/usr/bin/env node
// EthereumJS's client for the embedded devnet:  node ethereumjs.mjs ...  with the options of the client's own command.
// It does as that, in less time: everything that differs is a method on a prototype, so that no file of the package is edited.
import { Common } from "@ethereumjs/common";
import { skipKnownParams } from "./common-params.mjs";

skipKnownParams(Common);
await import(new URL("../../node_modules/@ethereumjs/client/dist/esm/bin/cli.js", import.meta.url).href);
