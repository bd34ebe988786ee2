// Starts simulator.ts as one file: a run of the engine has five of these processes, and loading each module by itself through a
// TypeScript loader would take them longer than all that they answer.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
// Beside the sources, from where the SDKs are found; by process, since many start at once.
const bundle = `${here}.simulator-${process.pid}.mjs`;
try {
  buildSync({
    absWorkingDir: here,
    entryPoints: ["simulator.ts"],
    bundle: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    outfile: bundle,
  });
  await import(bundle);
} finally {
  rmSync(bundle, { force: true });
}
