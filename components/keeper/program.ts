import { createHash } from "node:crypto";
import { join } from "node:path";
import { build } from "esbuild";
import { exists, writeFileAtomically } from "../../lib/files.ts";
import { projectPath, projectRoot } from "../../lib/paths.ts";

/** The keeper as one file that Node runs by itself. */
export interface KeeperProgram {
  readonly source: string;
  /** Path from the project's folder; its name changes with its content. */
  readonly file: string;
}

let program: Promise<KeeperProgram> | undefined;

/** Bundles services/keeper; once a process. */
export function keeperProgram(): Promise<KeeperProgram> {
  return (program ??= bundle());
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
    minifySyntax: true,
    minifyWhitespace: true,
    // Hosts are reached by the provider only.
    external: ["ssh2"],
    // Libraries that are CommonJS still ask for Node's own modules.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "silent",
  });
  const source = outputFiles[0]?.text ?? "";
  const digest = createHash("sha256").update(source).digest("hex").slice(0, 16);
  const file = join(".ethstake", `keeper-${digest}.mjs`);
  if (!(await exists(projectPath(file)))) await writeFileAtomically(projectPath(file), source);
  return { source, file };
}
