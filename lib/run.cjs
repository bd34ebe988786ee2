#!/usr/bin/env node
// Runs a TypeScript program of this project:  node lib/run.cjs FILE ARGUMENTS…
"use strict";
const path = require("node:path");
const { load } = require("./typescript.cjs");

// As if Node had been started with the file itself.
process.argv.splice(1, 2, path.resolve(process.argv[2] ?? ""));
void load(process.argv[1]);
