// Entry of the policy pack for `pulumi`, which loads it with require(). No top-level await here: require() of such a module fails.
"use strict";
const { load } = require("../lib/typescript.cjs");

module.exports = load("policy/index.ts").then(({ startPolicyPack }) => startPolicyPack());
