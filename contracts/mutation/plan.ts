import { createHash } from "node:crypto";
import { compileOrThrow, readSource, type AstNode, type CompilerSettings } from "../tools/compiler.ts";
import { TARGETS, type Target } from "../tools/contracts.ts";
import { applyMutation, lineOf, mutationsOf, type Mutation } from "./operators.ts";

/** A mutation of a target, with what people and caches know it by. */
export interface Mutant {
  readonly mutation: Mutation;
  readonly line: number;
  readonly original: string;
  /** The same for the same change of the same sources. */
  readonly key: string;
}

/** What is to be done for one target. */
export interface Plan {
  readonly target: Target;
  /** How many mutants there are; `mutants` may be a sample of them. */
  readonly available: number;
  readonly mutants: readonly Mutant[];
  /** The sources to compile for a mutant. */
  readonly sourcesOf: (mutant?: Mutant) => Readonly<Record<string, string>>;
}

/**
 * Mutants of a target, in the order of its text.
 * @param sample at most so many, chosen by `seed`; the same seed chooses the same ones
 */
export function planFor(target: Target, settings: CompilerSettings, sample: number, seed: string): Plan {
  const source = readSource(target.source);
  const deployed = TARGETS.filter((other) => other.deployed);
  const roots = Object.fromEntries([target, ...deployed].map((each) => [each.source, readSource(each.source)]));
  const { sources: trees = {} } = compileOrThrow(roots, settings, { "*": { "": ["ast"] } });
  const ast = trees[target.source]?.ast;
  if (ast === undefined) throw new TypeError(`no syntax tree of ${target.source}`);

  const imports = new Map(Object.entries(trees).map(([name, tree]) => [name, importsOf(tree.ast)]));
  const closure = reachable(target.source, imports);
  const compiled = [
    ...(target.deployed ? [target.source] : []),
    ...deployed.map((other) => other.source).filter((name) => reachable(name, imports).has(target.source)),
    ...(target.inlinedIn ?? []),
  ];
  const context = createHash("sha256").update(JSON.stringify(settings)).update(target.name);
  for (const name of [...new Set([...closure, ...compiled])].sort()) context.update(name).update(readSource(name));
  const base = context.digest("hex");

  const all = mutationsOf(source, ast).map((mutation) => ({
    mutation,
    line: lineOf(source, mutation.start),
    original: Buffer.from(source)
      .subarray(mutation.start, mutation.start + mutation.length)
      .toString(),
    key: digest(`${base}:${mutation.start}:${mutation.length}:${mutation.replacement}`),
  }));
  // The choice depends on the change and the seed only, not on the sources around it.
  const rank = ({ mutation, original }: Mutant): string =>
    digest(`${seed}:${target.name}:${mutation.start}:${original}:${mutation.replacement}`);
  const chosen = new Set([...all].sort((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, sample));
  return {
    target,
    available: all.length,
    mutants: all.filter((mutant) => chosen.has(mutant)),
    sourcesOf: (mutant) => ({
      ...Object.fromEntries(compiled.map((name) => [name, readSource(name)])),
      [target.source]: mutant === undefined ? source : applyMutation(source, mutant.mutation),
    }),
  };
}

function importsOf(ast: AstNode): readonly string[] {
  return (ast["nodes"] as readonly AstNode[])
    .filter(({ nodeType }) => nodeType === "ImportDirective")
    .map((node) => node["absolutePath"] as string);
}

function reachable(start: string, imports: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set([start]);
  for (const name of seen) for (const next of imports.get(name) ?? []) seen.add(next);
  return seen;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
