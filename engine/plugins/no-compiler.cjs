// Loaded into the hosts of plugins that say `typescript: false`. The SDK's host sets up a TypeScript compiler whatever a plugin says, which
// takes half as long as all that ours does in a small stack: the host is told here that it has one.
"use strict";
const Module = require("node:module");

const COMPILER = /^typescript$|(?:^|[\\/])ts-node(?:@[\d.]+)?$/;
const SDK = /[\\/]@pulumi[\\/]pulumi[\\/][^]*\.js$/;
const NONE = { version: "5.0.0", VERSION: "none", register: () => undefined };

const load = Module._load;
Module._load = function (request, parent, ...rest) {
  if (COMPILER.test(request) && SDK.test(parent?.filename ?? "")) return NONE;
  return load.call(this, request, parent, ...rest);
};
