import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of Pulumi.yaml. */
export const projectRoot = fileURLToPath(new URL("..", import.meta.url));

/** Runs a TypeScript file: `node RUNNER FILE ARGUMENTS…`. */
export const RUNNER = fileURLToPath(new URL("run.cjs", import.meta.url));

/**
 * A path of the settings or of a resource's inputs, made absolute. Relative ones count from the project's folder and not from the
 * working directory, which differs between the program, the provider and a shell; so states hold no machine's paths.
 */
export function projectPath(path: string): string {
  return resolve(projectRoot, path);
}
