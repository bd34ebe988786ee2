import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import solc from "solc";
import { EthstakeError } from "../../lib/errors.ts";
import { projectPath } from "../../lib/paths.ts";

/** The Foundry project's folder. */
export const CONTRACTS = projectPath("contracts");

/** forge with its own exit code; to be run by node. */
export const FORGE = join(CONTRACTS, "bin", "forge");

/** A node of the compiler's syntax tree, as far as the tools read it. Places are byte offsets: `start:length:file`. */
export interface AstNode {
  readonly id: number;
  readonly nodeType: string;
  readonly src: string;
  readonly [key: string]: unknown;
}

/** One entry of the compiler's storage layout. */
export interface StorageEntry {
  readonly label: string;
  readonly offset: number;
  readonly slot: string;
  readonly type: string;
}

/** A type of the compiler's storage layout. */
export interface StorageType {
  readonly encoding: string;
  readonly label: string;
  readonly numberOfBytes: string;
  readonly members?: readonly StorageEntry[];
  readonly key?: string;
  readonly value?: string;
  readonly base?: string;
}

/** What the compiler gives for one contract, of the outputs that the tools ask for. */
export interface CompiledContract {
  readonly evm?: {
    readonly bytecode?: { readonly object: string };
    readonly deployedBytecode?: { readonly object: string };
  };
  readonly storageLayout?: {
    readonly storage: readonly StorageEntry[];
    readonly types: Readonly<Record<string, StorageType>> | null;
  };
}

/** The compiler's standard JSON output. */
export interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>;
  readonly sources?: Readonly<Record<string, { readonly ast: AstNode }>>;
}

/** Which outputs to make: file (or `*`) to contract (or `*`, or the empty name for the file) to output names. */
export type OutputSelection = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** The compiler settings of foundry.toml, as standard JSON. */
export type CompilerSettings = Readonly<Record<string, unknown>>;

/** The sources do not compile, or forge does not run. */
export class CompilerError extends EthstakeError<{ readonly file: string }> {
  readonly code = "CONTRACTS_NOT_COMPILED";
}

interface ForgeConfig {
  readonly remappings: readonly string[];
  readonly evm_version: string;
  readonly optimizer: boolean;
  readonly optimizer_runs: number;
  readonly bytecode_hash: string;
  readonly cbor_metadata: boolean;
  readonly via_ir: boolean;
}

/** Asks forge for foundry.toml's settings, so that code compiled here has the bytes that forge's build has. */
export function compilerSettings(): CompilerSettings {
  const { status, stdout, stderr } = spawnSync(process.execPath, [FORGE, "config", "--json"], { encoding: "utf8" });
  if (status !== 0) throw new CompilerError(`forge config failed: ${stderr.trim()}`, { file: "foundry.toml" });
  const config = JSON.parse(stdout) as ForgeConfig;
  return {
    optimizer: { enabled: config.optimizer, runs: config.optimizer_runs },
    evmVersion: config.evm_version,
    viaIR: config.via_ir,
    metadata: { bytecodeHash: config.bytecode_hash, appendCBOR: config.cbor_metadata, useLiteralContent: false },
    remappings: config.remappings,
  };
}

/**
 * Compiles in this process, with npm's solc.
 * @param sources content by file name relative to contracts/; imports are read from the disk unless they are among them
 * @returns the output, errors included
 */
export function compile(
  sources: Readonly<Record<string, string>>,
  settings: CompilerSettings,
  outputSelection: OutputSelection,
): CompilerOutput {
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
    settings: { ...settings, outputSelection },
  };
  // solc's own types say `any`.
  const run = solc.compile as (input: string, callbacks: { import: typeof readImport }) => string;
  return JSON.parse(run(JSON.stringify(input), { import: readImport })) as CompilerOutput;
}

/** As {@link compile}, for sources that must be right. */
export function compileOrThrow(...args: Parameters<typeof compile>): CompilerOutput {
  const output = compile(...args);
  const error = output.errors?.find(({ severity }) => severity === "error");
  if (error) throw new CompilerError(error.formattedMessage, { file: Object.keys(args[0])[0] ?? "" });
  return output;
}

/** The text of a source, named relative to contracts/. */
export function readSource(name: string): string {
  return readFileSync(join(CONTRACTS, name), "utf8");
}

/** Every node of a tree, parents before children, with the chain of parents. */
export function* walk(node: AstNode, parents: readonly AstNode[] = []): Generator<[AstNode, readonly AstNode[]]> {
  yield [node, parents];
  const below = [...parents, node];
  for (const value of Object.values(node))
    for (const child of (Array.isArray(value) ? value : [value]) as unknown[])
      if (isNode(child)) yield* walk(child, below);
}

/** Whether a value of the tree is a node. */
export function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

function readImport(path: string): { contents: string } | { error: string } {
  try {
    return { contents: readSource(path) };
  } catch {
    return { error: `${path} cannot be read` };
  }
}
