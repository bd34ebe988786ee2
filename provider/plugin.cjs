// Entry of the provider plugin for `pulumi` and for engine/: both load it with require(). The exported promise is awaited by the plugin
// host. No top-level await here: require() of such a module fails.
"use strict";
const { load } = require("../lib/typescript.cjs");

module.exports = load("provider/main.ts").then(({ startProvider }) => startProvider());
