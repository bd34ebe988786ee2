import { compileOrThrow, readSource, type CompilerSettings } from "./compiler.ts";
import type { Target } from "./contracts.ts";

/** The most bytes of a contract's code (EIP-170). */
export const SIZE_LIMIT = 24_576;

/** The runtime code's size of each contract. */
export function runtimeSizes(
  targets: readonly Target[],
  settings: CompilerSettings,
): readonly { readonly name: string; readonly bytes: number }[] {
  const sources = Object.fromEntries(targets.map(({ source }) => [source, readSource(source)]));
  const selection = Object.fromEntries(
    targets.map(({ name, source }) => [source, { [name]: ["evm.deployedBytecode.object"] }]),
  );
  const output = compileOrThrow(sources, settings, selection);
  return targets.map(({ name, source }) => ({
    name,
    bytes: (output.contracts?.[source]?.[name]?.evm?.deployedBytecode?.object.length ?? 0) / 2,
  }));
}
