import { readFile } from "node:fs/promises";
import { encodeDeployData, getCreate2Address, keccak256, type Abi, type Address, type Hex } from "viem";
import { z } from "zod";
import { EthstakeError, errorMessage } from "../../lib/errors.ts";
import { projectPath } from "../../lib/paths.ts";

/**
 * The deterministic deployer (Arachnid's proxy), at this address on every public network: it takes salt ‖ init code and deploys
 * with CREATE2, so that an address follows from the code alone.
 */
export const DETERMINISTIC_DEPLOYER: Address = "0x4e59b44847b379578588920cA78FbF26c0B4956C";

const hexSchema = z.custom<Hex>((value) => typeof value === "string" && /^0x([0-9a-fA-F]{2})*$/.test(value));
const artifactSchema = z.object({
  abi: z.custom<Abi>((value) => Array.isArray(value)),
  bytecode: z.object({ object: hexSchema }),
  deployedBytecode: z.object({
    object: hexSchema,
    immutableReferences: z.record(z.string(), z.array(z.object({ start: z.number(), length: z.number() }))).default({}),
  }),
});

/** What the provider needs of a Foundry artifact. */
export type Artifact = z.infer<typeof artifactSchema>;

/** A contract artifact is missing, or constructor arguments do not fit it. */
export class ArtifactError extends EthstakeError<{ artifact: string }> {
  readonly code = "ARTIFACT";
  constructor(artifact: string, problem: string, cause?: unknown) {
    super(
      `The contract artifact ${artifact} ${problem}.`,
      { artifact },
      { remedy: "Build the contracts with `npm run contracts`.", cause },
    );
  }
}

/** Reads a Foundry artifact (contracts/out/FILE.sol/NAME.json). @throws {@link ArtifactError} */
export async function loadArtifact(path: string): Promise<Artifact> {
  const text = await readFile(projectPath(path), "utf8").catch((cause: unknown) => {
    throw new ArtifactError(path, "cannot be read", cause);
  });
  const result = artifactSchema.safeParse(parseJson(text));
  if (!result.success) throw new ArtifactError(path, "is not a Foundry artifact of a linked contract", result.error);
  return result.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Init code: creation bytecode and encoded constructor arguments. @throws {@link ArtifactError} */
export function initCodeOf(path: string, artifact: Artifact, constructorArgs: readonly unknown[]): Hex {
  const parameters = artifact.abi.find((item) => item.type === "constructor")?.inputs.length ?? 0;
  // viem takes an empty list for "no constructor" and would leave the arguments out.
  if (parameters !== constructorArgs.length) {
    throw new ArtifactError(path, `takes ${parameters} constructor argument(s) and not ${constructorArgs.length}`);
  }
  try {
    return encodeDeployData({ abi: artifact.abi, bytecode: artifact.bytecode.object, args: constructorArgs });
  } catch (error) {
    throw new ArtifactError(
      path,
      `does not take these constructor arguments (${errorMessage(error).split("\n")[0] ?? ""})`,
      error,
    );
  }
}

/** Where init code with this hash and salt lands (EIP-1014 through the deterministic deployer). */
export function deploymentAddress(initCodeHash: Hex, salt: Hex): Address {
  return getCreate2Address({ from: DETERMINISTIC_DEPLOYER, salt, bytecodeHash: initCodeHash });
}

/** Whether runtime code is that of an artifact, whatever its constructor put into its immutables. */
export function isCodeOf(artifact: Artifact, code: Hex): boolean {
  const expected = artifact.deployedBytecode.object.toLowerCase();
  if (expected.length !== code.length) return false;
  return keccak256(masked(artifact, expected)) === keccak256(masked(artifact, code.toLowerCase()));
}

function masked(artifact: Artifact, code: string): Hex {
  let result = code;
  for (const { start, length } of Object.values(artifact.deployedBytecode.immutableReferences).flat()) {
    const from = 2 + start * 2;
    result = result.slice(0, from) + "0".repeat(length * 2) + result.slice(from + length * 2);
  }
  return result as Hex;
}
