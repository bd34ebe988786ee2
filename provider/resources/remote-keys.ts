import type { Hex } from "viem";
import { z } from "zod";
import { clientName, KeymanagerClient, keymanagerSchema } from "../beacon/keymanager.ts";
import { parseImportId } from "../import-id.ts";
import type { ResourceHandler } from "../resource.ts";
import { publicKeySchema } from "./validator-keys.ts";

export const remoteKeysSchema = z.object({
  /** The validator client that is to run the keys. */
  keymanager: keymanagerSchema,
  publicKeys: z.array(publicKeySchema).min(1, "must name at least one key"),
  /** Where the validator client asks for signatures: Web3Signer as it sees it. */
  signerUrl: z.url({ protocol: /^https?$/, error: "must be the URL of a remote signer" }),
});

type Inputs = z.infer<typeof remoteKeysSchema>;
interface Outputs extends Inputs {
  /** Which of the keys the validator client runs. */
  readonly known: readonly Hex[];
}

/** Keys that a remote signer holds, named to their validator client. Deletion forgets: the client goes on with them. */
export const remoteKeysHandler: ResourceHandler<Inputs, Outputs> = {
  schema: remoteKeysSchema,
  replaceOn: [],
  drifted: (inputs, old) => (old.known.length < inputs.publicKeys.length ? ["known"] : []),

  async create(inputs) {
    const outputs = await converge(inputs);
    return { id: `${clientName(inputs.keymanager)}#${inputs.publicKeys[0] ?? ""}`, outputs };
  },

  async read(_id, last) {
    const { known: _, ...inputs } = last;
    return { inputs, outputs: { ...inputs, known: await knownKeys(last) } };
  },

  update: (_id, _old, inputs) => converge(inputs),

  async locate(id) {
    const inputs = parseImportId(id, remoteKeysSchema);
    return { ...inputs, known: await knownKeys(inputs) };
  },

  delete: () => Promise.resolve(),
};

async function converge(inputs: Inputs): Promise<Outputs> {
  const known = new Set(await knownKeys(inputs));
  const missing = inputs.publicKeys.filter((key) => !known.has(key));
  if (missing.length > 0) await new KeymanagerClient(inputs.keymanager).importRemoteKeys(missing, inputs.signerUrl);
  return { ...inputs, known: await knownKeys(inputs) };
}

/** A client that fetches the signer's keys by itself may list them with its keystores. */
async function knownKeys({ keymanager, publicKeys }: Pick<Inputs, "keymanager" | "publicKeys">): Promise<Hex[]> {
  const client = new KeymanagerClient(keymanager);
  const known = new Set([...(await client.listRemoteKeys()), ...(await client.listKeystores())]);
  return publicKeys.filter((key) => known.has(key));
}
