import { createHash } from "node:crypto";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";
import { exists, writeFileAtomically } from "../../lib/files.ts";
import { projectPath, projectRoot } from "../../lib/paths.ts";

/** The keeper as one file that Node runs by itself. */
export interface KeeperProgram {
  readonly source: string;
  /** SHA-256 of the source, in hex. */
  readonly digest: string;
  /** Path from the project's folder; its name changes with its content. */
  readonly file: string;
}

/**
 * Hosts are reached by the provider only, and its library has parts that are compiled where it is installed. A stand-in takes its place:
 * a keeper runs where nothing is installed.
 */
const WITHOUT_SSH: Plugin = {
  name: "without-ssh",
  setup: (program) => {
    program.onResolve({ filter: /^ssh2$/ }, ({ path }) => ({ path, namespace: "without-ssh" }));
    program.onLoad({ filter: /.*/, namespace: "without-ssh" }, () => ({
      contents: 'export class Client { constructor() { throw new Error("a keeper reaches no hosts"); } }',
    }));
  },
};

let bundled: Promise<KeeperProgram> | undefined;

/** Bundles services/keeper; once a process. */
export function keeperProgram(): Promise<KeeperProgram> {
  return (bundled ??= bundle());
}

/** The program as it travels to hosts: gzip in base64, some 470 kB. */
export function packProgram({ source }: Pick<KeeperProgram, "source">): string {
  return gzipSync(source, { level: 9 }).toString("base64");
}

async function bundle(): Promise<KeeperProgram> {
  const { outputFiles } = await build({
    absWorkingDir: projectRoot,
    entryPoints: ["services/keeper/main.ts"],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "esm",
    // Also for what it leaves out: names of modules, with which the program would differ by where node_modules is.
    minify: true,
    plugins: [WITHOUT_SSH],
    // Libraries that are CommonJS still ask for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  const source = outputFiles[0]?.text ?? "";
  const digest = createHash("sha256").update(source).digest("hex");
  const file = join(".ethstake", `keeper-${digest.slice(0, 16)}.mjs`);
  if (!(await exists(projectPath(file)))) await writeFileAtomically(projectPath(file), source);
  return { source, digest, file };
}
