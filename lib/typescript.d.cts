/**
 * Imports a TypeScript module by its path, from the project's folder or absolute, as one program with all that it imports; see
 * typescript.cjs. Throws esbuild's BuildFailure where a module cannot be read or parsed.
 */
export function load(entry: string): Promise<unknown>;
