// Loads a TypeScript file of this project, and all that it imports, as one program that esbuild makes of them.
//
// A TypeScript loader asks for each of a thousand modules anew, at every start of the program, the provider, a policy pack and each
// supervised process; what is made here once is read in a tenth of the time. It is kept below .ethstake/cache and used as long as every
// file that went into it is what it was: our own by content, those of packages by size and time.
//
// CommonJS, because plugin hosts of the SDK call require().
"use strict";
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const ROOT = path.resolve(__dirname, "..");
const CACHE = path.join(ROOT, ".ethstake", "cache");
/** Packages of many modules that become part of the program, with all that they import. Others stay as Node finds them: they may be shared with the SDK, or have parts that are not JavaScript. */
const INCLUDED = ["viem", "zod", "yaml", "@noble/curves", "@noble/hashes", "@scure/bip39"];
/** Programs that nobody started for this long are removed: one that runs may still want a part that it has not loaded. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Imports a TypeScript module by its path, from the project's folder or absolute. */
async function load(entry) {
  const file = path.resolve(ROOT, entry);
  return await import(pathToFileURL(current(file) ?? (await make(file))).href);
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** What a program depends on besides its sources: this file, the place, and Node's generation. */
function circumstances() {
  return sha256(fs.readFileSync(__filename), ROOT, process.versions.node.split(".")[0]);
}

/** Changes when the file does. */
function stampOf(file) {
  if (!file.split(path.sep).includes("node_modules")) return sha256(fs.readFileSync(file));
  const { size, mtimeMs } = fs.statSync(file);
  return `${size} ${mtimeMs}`;
}

/** Where it is written down what was made of an entry. */
function recordOf(entry) {
  return path.join(CACHE, `${sha256(entry).slice(0, 16)}.json`);
}

/** The program that was made of an entry, unless something changed since. */
function current(entry) {
  try {
    const { made, program, inputs } = JSON.parse(fs.readFileSync(recordOf(entry), "utf8"));
    if (made !== circumstances()) return undefined;
    if (!inputs.every(([input, stamp]) => stampOf(path.resolve(ROOT, input)) === stamp)) return undefined;
    const file = path.join(CACHE, program);
    return fs.existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the program. Several processes may do so at once: each makes its own, and the first that is done is used. */
async function make(entry) {
  const esbuild = require("esbuild");
  fs.mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const draft = fs.mkdtempSync(path.join(CACHE, "draft-"));
  const sources = new Map();
  try {
    const { metafile } = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: { program: entry },
      outdir: draft,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      metafile: true,
      platform: "node",
      target: "node20",
      format: "esm",
      logLevel: "silent",
      plugins: [ourModules(sources)],
      // Libraries that are CommonJS still ask for Node's own modules.
      banner: {
        js: 'import { createRequire as createRequire_ } from "node:module"; const require = createRequire_(import.meta.url);',
      },
    });
    // Of our own files what was read, not what they are by now.
    const inputs = Object.keys(metafile.inputs).map((input) => {
      const file = path.resolve(ROOT, input);
      return [input, sources.get(file) ?? stampOf(file)];
    });
    const made = circumstances();
    const folder = sha256(made, JSON.stringify(inputs)).slice(0, 16);
    try {
      fs.renameSync(draft, path.join(CACHE, folder));
    } catch (error) {
      // Somebody else was faster, or the folder lacks its program: then it is not one.
      if (!fs.existsSync(path.join(CACHE, folder, "program.mjs"))) throw error;
    }
    const record = path.join(CACHE, `.${process.pid}.json`);
    fs.writeFileSync(record, JSON.stringify({ made, program: path.join(folder, "program.mjs"), inputs }));
    fs.renameSync(record, recordOf(entry));
    removeOld();
    return path.join(CACHE, folder, "program.mjs");
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
    await esbuild.stop();
  }
}

/** Keeps our modules' idea of where they are, notes what they are, and leaves packages outside but for those that are included. */
const ourModules = (sources) => ({
  name: "our-modules",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path: name, importer }) => {
      if (name.startsWith("node:") || importer === "" || importer.split(path.sep).includes("node_modules"))
        return undefined;
      if (INCLUDED.some((included) => name === included || name.startsWith(`${included}/`))) return undefined;
      return { path: name, external: true };
    });
    build.onLoad({ filter: /\.m?ts$/ }, ({ path: file }) => {
      if (file.split(path.sep).includes("node_modules")) return undefined;
      const source = fs.readFileSync(file, "utf8");
      sources.set(file, sha256(source));
      const url = JSON.stringify(pathToFileURL(file).href);
      return { contents: source.replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
});

/** Removes programs, drafts of killed runs among them, that were made long ago and that no record names. */
function removeOld() {
  const names = fs.readdirSync(CACHE);
  const records = names.filter((name) => /^\w+\.json$/.test(name));
  const programs = records.map((name) => JSON.parse(fs.readFileSync(path.join(CACHE, name), "utf8")).program);
  const used = new Set([...records, ...programs.map((program) => path.dirname(program))]);
  for (const name of names.filter((each) => !used.has(each))) {
    const file = path.join(CACHE, name);
    const { mtimeMs } = fs.statSync(file, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > KEPT_MS) fs.rmSync(file, { recursive: true, force: true });
  }
}

module.exports = { load };
