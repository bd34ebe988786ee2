// Entry of the provider plugin for `pulumi` and for engine/: both load it with require(). It registers the TypeScript loader and
// hands over; the exported promise is awaited by the plugin host. No top-level await here: require() of such a module fails.
"use strict";

const { register } = require("tsx/esm/api");

register();
module.exports = import("./main.ts").then(({ startProvider }) => startProvider());
