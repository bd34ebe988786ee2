import { z } from "zod";
import { outputs } from "../engine/index.ts";
import { readPrivateFile } from "../lib/files.ts";
import { projectRoot } from "../lib/paths.ts";
import { BeaconClient } from "../provider/beacon/api.ts";
import { keymanagerSchema } from "../provider/beacon/keymanager.ts";
import { SecretFileError } from "../provider/keys/errors.ts";
import { publicKeySchema } from "../provider/resources/validator-keys.ts";
import { sshSchema } from "../provider/remote/ssh.ts";
import { KeyRequestError, NoKeysError } from "./errors.ts";

const stackSchema = z.object({
  signing: z.array(
    z.object({
      node: z.string(),
      holder: keymanagerSchema,
      validator: keymanagerSchema.optional(),
      signerUrl: z.string().optional(),
      beacon: z.object({ url: z.string(), ssh: sshSchema.optional() }),
    }),
  ),
  operators: z.array(
    z.object({
      name: z.string(),
      keyDirectory: z.string(),
      mnemonicFile: z.string().nullish(),
      keys: z.array(z.object({ node: z.string(), publicKeys: z.array(publicKeySchema) })),
    }),
  ),
});

/** Where a stack's keys are, from its outputs. */
export type KeyStack = z.infer<typeof stackSchema>;

/** An operator's keys. */
export type KeyOperator = KeyStack["operators"][number];

/**
 * Reads a stack's outputs.
 * @param file outputs as `pulumi stack output --json --show-secrets` writes them, mode 0600; our engine's state by default
 * @throws {@link NoKeysError}
 */
export async function loadKeyStack(stack: string, file: string | undefined): Promise<KeyStack> {
  const values: unknown =
    file === undefined
      ? (await outputs({ projectDir: projectRoot, stack, showSecrets: true })).outputs
      : JSON.parse(await readPrivateFile(file, (problem, cause) => new SecretFileError(file, problem, cause)));
  const parsed = stackSchema.safeParse(values);
  if (!parsed.success || parsed.data.operators.length === 0) throw new NoKeysError(stack);
  return parsed.data;
}

/** One operator; the only one when none is named. @throws {@link KeyRequestError} */
export function operatorOf({ operators }: KeyStack, name: string | undefined): KeyOperator {
  const names = operators.map((operator) => operator.name).join(", ");
  if (name === undefined) {
    const [only, ...others] = operators;
    if (only && others.length === 0) return only;
    throw new KeyRequestError("--operator", "(none)", `Name one of: ${names}.`);
  }
  const found = operators.find((operator) => operator.name === name);
  if (!found) throw new KeyRequestError("--operator", name, `Name one of: ${names}.`);
  return found;
}

/** A beacon node of the stack, by the node whose keys are looked at; or another one. @param url of one that is asked instead */
export function beaconOf({ signing }: KeyStack, node: string, url: string | undefined): BeaconClient {
  if (url !== undefined) return new BeaconClient(url);
  const { beacon } = signing.find((client) => client.node === node) ?? signing[0] ?? {};
  if (!beacon) throw new KeyRequestError("--beacon", "(none)", "The stack has no beacon node: give the URL of one.");
  return new BeaconClient(beacon.url, beacon.ssh);
}
