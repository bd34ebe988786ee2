// A process that compiles: a mutant takes a second or two, in which the tests of another run.
import { compile, type CompilerSettings } from "../tools/compiler.ts";

/** What is to be compiled. */
export interface CompileRequest {
  readonly sources: Readonly<Record<string, string>>;
  readonly settings: CompilerSettings;
}

/** Creation code by artifact (`StakingPool.sol/StakingPool`), or the first error. */
export type CompileAnswer = { readonly code: Readonly<Record<string, string>> } | { readonly error: string };

// Who asked is gone: there is nobody to answer.
process.on("disconnect", () => process.exit());
process.on("message", (request: CompileRequest) => process.send?.(creationCode(request)));

function creationCode({ sources, settings }: CompileRequest): CompileAnswer {
  const selection = Object.fromEntries(Object.keys(sources).map((name) => [name, { "*": ["evm.bytecode.object"] }]));
  const output = compile(sources, settings, selection);
  const error = output.errors?.find(({ severity }) => severity === "error");
  if (error) return { error: error.formattedMessage };
  const code: Record<string, string> = {};
  for (const [file, contracts] of Object.entries(output.contracts ?? {}))
    for (const [name, contract] of Object.entries(contracts)) {
      const object = contract.evm?.bytecode?.object ?? "";
      if (object !== "") code[`${file.split("/").at(-1) ?? file}/${name}`] = object;
    }
  return { code };
}
