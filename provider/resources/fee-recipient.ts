import { getAddress, isAddress, type Address, type Hex } from "viem";
import { z } from "zod";
import { clientName, KeymanagerClient, keymanagerSchema } from "../beacon/keymanager.ts";
import { parseImportId } from "../import-id.ts";
import type { ResourceHandler } from "../resource.ts";
import { publicKeySchema } from "./validator-keys.ts";

export const feeRecipientSchema = z.object({
  keymanager: keymanagerSchema,
  publicKeys: z.array(publicKeySchema).min(1, "must name at least one key"),
  /** Address that receives the priority fees of the blocks that these validators propose. */
  feeRecipient: z.string().refine((value) => isAddress(value), "must be an address"),
});

type Inputs = z.infer<typeof feeRecipientSchema>;
interface Outputs extends Inputs {
  /** What the validator client uses for each key, in the order of publicKeys. */
  readonly current: readonly Address[];
}

/** The fee recipient of a range of keys, through their validator client's keymanager API. */
export const feeRecipientHandler: ResourceHandler<Inputs, Outputs> = {
  schema: feeRecipientSchema,
  replaceOn: [],
  drifted: (inputs, old) =>
    old.current.every((address) => sameAddress(address, inputs.feeRecipient)) ? [] : ["current"],
  predict: (inputs) => Promise.resolve({ current: inputs.publicKeys.map(() => getAddress(inputs.feeRecipient)) }),

  async create(inputs) {
    return { id: `${clientName(inputs.keymanager)}#${inputs.publicKeys[0] ?? ""}`, outputs: await converge(inputs) };
  },

  async read(_id, last) {
    const { current: _, ...inputs } = last;
    const current = await readAll(last);
    // The first address that differs stands for the drift: a plan then shows it beside the wanted one.
    const feeRecipient = current.find((address) => !sameAddress(address, last.feeRecipient)) ?? last.feeRecipient;
    return { inputs: { ...inputs, feeRecipient }, outputs: { ...inputs, feeRecipient, current } };
  },

  update: (_id, _old, inputs) => converge(inputs),

  async locate(id) {
    const inputs = parseImportId(id, feeRecipientSchema.omit({ feeRecipient: true }));
    const current = await readAll(inputs);
    return { ...inputs, feeRecipient: current[0] ?? "", current };
  },

  /** The client keeps its setting: without one, the keys would pay fees to the client's default address. */
  delete: () => Promise.resolve(),
};

async function converge(inputs: Inputs): Promise<Outputs> {
  const client = new KeymanagerClient(inputs.keymanager);
  const current = await readAll(inputs);
  for (const [index, publicKey] of inputs.publicKeys.entries()) {
    if (!sameAddress(current[index], inputs.feeRecipient)) await client.setFeeRecipient(publicKey, inputs.feeRecipient);
  }
  return { ...inputs, current: await readAll(inputs) };
}

async function readAll({ keymanager, publicKeys }: Pick<Inputs, "keymanager" | "publicKeys">): Promise<Address[]> {
  const client = new KeymanagerClient(keymanager);
  return await Promise.all(
    publicKeys.map(async (publicKey: Hex) => getAddress(await client.getFeeRecipient(publicKey))),
  );
}

function sameAddress(left: string | undefined, right: string): boolean {
  return left?.toLowerCase() === right.toLowerCase();
}
