import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { EthstakeError } from "../../lib/errors.ts";
import { withLock } from "../../lib/lock.ts";
import { projectPath } from "../../lib/paths.ts";

/** The contracts do not compile. */
export class ContractBuildError extends EthstakeError<{ output: string }> {
  readonly code = "CONTRACT_BUILD";
  constructor(output: string, cause: unknown) {
    super(
      `The contracts do not compile:\n${output}`,
      { output },
      { remedy: "Run `npm run contracts` to see it alone.", cause },
    );
  }
}

let build: Promise<void> | undefined;

/**
 * Compiles the contracts with forge, once a process; forge itself skips what has not changed. A plan therefore always compares the
 * chain with the sources as they are.
 * @throws {@link ContractBuildError}
 */
export function buildContracts(): Promise<void> {
  build ??= withLock(projectPath("contracts/cache/build.lock"), async () => {
    const forge = projectPath("node_modules/.bin/forge");
    await promisify(execFile)(forge, ["build", "src"], { cwd: projectPath("contracts") }).catch((error: unknown) => {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new ContractBuildError(`${stdout}${stderr}`.trim(), error);
    });
  });
  return build;
}

/** Path of a contract's artifact, known once the contracts are built. */
export async function builtArtifact(file: string, contract: string): Promise<string> {
  await buildContracts();
  return artifactPath(file, contract);
}

/** Where forge writes a contract's artifact. */
export function artifactPath(file: string, contract: string): string {
  return join("contracts", "out", file, `${contract}.json`);
}
