// Loads a TypeScript file of this project, and all that it imports, as one program that esbuild makes of them.
//
// A TypeScript loader asks for each of a thousand modules anew, at every start of the program, the provider, a policy pack and each
// supervised process; what is made here once is read in a tenth of the time. It is kept below .ethstake/cache and used as long as every
// file that went into it is what it was: our own by content, those of packages by size and time, and what was made by its content, too.
//
// CommonJS, because plugin hosts of the SDK call require().
"use strict";
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const ROOT = path.resolve(__dirname, "..");
const CACHE = path.join(ROOT, ".ethstake", "cache");
/** Name of an entry's own file. */
const PROGRAM = "program.mjs";
/** Packages of many modules that become part of the program, with all that they import. Others stay as Node finds them: they may be shared with the SDK, or have parts that are not JavaScript. */
const INCLUDED = ["viem", "zod", "yaml", "@noble/curves", "@noble/hashes", "@scure/bip39"];
/** Programs that others took the place of so long ago are removed: one that runs may still want a part that it has not loaded. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** What our modules know of where they are: put before those that ask, and named instead of asking. */
const PLACE = "importMetaUrl_";

/**
 * Imports a TypeScript module by its path, from the project's folder or absolute.
 * @throws esbuild's BuildFailure where a module cannot be read or parsed, and an error that says so where nothing can be kept
 */
async function load(entry) {
  const file = path.resolve(ROOT, entry);
  return await import(pathToFileURL(current(file) ?? (await make(file))).href);
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");

/** What a program depends on besides its modules: this file, the place, Node's generation, and what decides which modules those are. */
function circumstances() {
  const files = [__filename, path.join(ROOT, "tsconfig.json"), path.join(ROOT, "node_modules", ".package-lock.json")];
  const contents = files.map((file) => (fs.existsSync(file) ? fs.readFileSync(file) : ""));
  return sha256(...contents.map((content) => sha256(content)), ROOT, process.versions.node.split(".")[0]);
}

/** Changes when the file does. */
function stampOf(file) {
  if (!isPackaged(file)) return sha256(fs.readFileSync(file));
  const { size, mtimeMs, ctimeMs } = fs.statSync(file);
  return `${size} ${mtimeMs} ${ctimeMs}`;
}

/** Whether a file belongs to a package. */
function isPackaged(file) {
  return file.split(path.sep).includes("node_modules");
}

/** Where it is written down what was made of an entry. */
function recordOf(entry) {
  return path.join(CACHE, `${sha256(entry).slice(0, 16)}.json`);
}

/** The program that was made of an entry, whole as it was made, unless something changed since. */
function current(entry) {
  try {
    const record = JSON.parse(fs.readFileSync(recordOf(entry), "utf8"));
    if (record.entry !== entry || record.made !== circumstances()) return undefined;
    if (!record.inputs.every(([input, stamp]) => stampOf(path.resolve(ROOT, input)) === stamp)) return undefined;
    const folder = path.join(CACHE, record.folder);
    return isWhole(folder, record.outputs) ? path.join(folder, PROGRAM) : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the program. Several processes may do so at once: each makes its own, and the first that is done is used. */
async function make(entry) {
  const esbuild = require("esbuild");
  const draft = folderFor(entry);
  const sources = new Map();
  try {
    const made = circumstances();
    const begun = Date.now();
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
      define: { "import.meta.url": PLACE },
      plugins: [modules(sources)],
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
    const outputs = fs.readdirSync(draft).map((name) => [name, sha256(fs.readFileSync(path.join(draft, name)))]);
    const folder = sha256(JSON.stringify([entry, made, inputs, outputs])).slice(0, 16);
    const place = path.join(CACHE, folder);
    if (!isWhole(place, outputs)) {
      fs.rmSync(place, { recursive: true, force: true });
      try {
        fs.renameSync(draft, place);
      } catch (error) {
        // Somebody else was faster.
        if (!isWhole(place, outputs)) throw error;
      }
    }
    // Packages that changed meanwhile may have been read before: the next start makes the program again.
    const isSettled = Object.keys(metafile.inputs).every((input) => {
      const file = path.resolve(ROOT, input);
      return !isPackaged(file) || fs.statSync(file).ctimeMs < begun;
    });
    if (isSettled && made === circumstances()) keep({ entry, made, folder, inputs, outputs }, draft);
    return path.join(place, PROGRAM);
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
    await esbuild.stop();
  }
}

/** A new folder for what is made. */
function folderFor(entry) {
  try {
    fs.mkdirSync(CACHE, { recursive: true, mode: 0o700 });
    return fs.mkdtempSync(path.join(CACHE, "draft-"));
  } catch (cause) {
    throw new Error(
      `${path.relative(ROOT, entry)} cannot be loaded: ${CACHE} must be a folder that you may write to (${cause.code}). Give it to the user who runs this, or remove it.`,
      { cause },
    );
  }
}

/** Whether a folder has all that was made, as it was made. */
function isWhole(folder, outputs) {
  try {
    return outputs.every(([name, hash]) => sha256(fs.readFileSync(path.join(folder, name))) === hash);
  } catch {
    return false;
  }
}

/** Writes down what was made, and removes what others took the place of long ago. */
function keep(record, draft) {
  const file = recordOf(record.entry);
  const before = readRecord(file);
  fs.writeFileSync(`${draft}.json`, JSON.stringify(record));
  fs.renameSync(`${draft}.json`, file);
  try {
    // From now on nobody starts the one before.
    if (before && before.folder !== record.folder)
      fs.utimesSync(path.join(CACHE, before.folder), new Date(), new Date());
    const names = fs.readdirSync(CACHE);
    const records = names.filter((name) => /^\w+\.json$/.test(name));
    const used = new Set([...records, ...records.map((name) => readRecord(path.join(CACHE, name))?.folder)]);
    for (const name of names.filter((each) => !used.has(each))) {
      const old = path.join(CACHE, name);
      if (Date.now() - fs.statSync(old).mtimeMs > KEPT_MS) fs.rmSync(old, { recursive: true, force: true });
    }
  } catch {
    // Another process removed it, or is about to: what is left is found the next time.
  }
}

function readRecord(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Tells modules where they are, notes what our own are, and leaves packages outside but for those that are included. */
const modules = (sources) => ({
  name: "modules",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path: name, importer }) => {
      if (name.startsWith("node:") || importer === "" || isPackaged(importer)) return undefined;
      if (INCLUDED.some((included) => name === included || name.startsWith(`${included}/`))) return undefined;
      return { path: name, external: true };
    });
    build.onLoad({ filter: /\.m?[jt]s$/ }, ({ path: file }) => {
      const source = fs.readFileSync(file, "utf8");
      if (!isPackaged(file)) sources.set(file, sha256(source));
      const loader = /ts$/.test(file) ? "ts" : "js";
      if (!source.includes("import.meta.url")) return isPackaged(file) ? undefined : { contents: source, loader };
      const place = `const ${PLACE} = ${JSON.stringify(pathToFileURL(file).href)};`;
      // Nothing may come before a line that names the interpreter.
      return { contents: source.replace(/^(#!.*\n)?/, (first) => `${first}${place}`), loader };
    });
  },
});

module.exports = { load };
