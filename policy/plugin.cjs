// Entry of the policy pack for `pulumi`, which loads it with require(). It registers the TypeScript loader and hands over. No
// top-level await here: require() of such a module fails.
"use strict";

const { register } = require("tsx/esm/api");

register();
module.exports = import("./index.ts").then(({ startPolicyPack }) => startPolicyPack());
