import { z } from "zod";
import { clientName, KeymanagerClient, keymanagerSchema } from "../beacon/keymanager.ts";
import { parseImportId } from "../import-id.ts";
import type { ResourceHandler } from "../resource.ts";
import { publicKeySchema } from "./validator-keys.ts";

/** Bytes of graffiti in a block (phase0/beacon-chain.md, BeaconBlockBody). */
const GRAFFITI_BYTES = 32;

const settings = {
  /** Gas limit that the keys' proposals ask for. */
  gasLimit: z.number({ error: "must be an amount of gas" }).int().min(21_000).optional(),
  graffiti: z
    .string({ error: "must be a text" })
    .refine((text) => Buffer.byteLength(text) <= GRAFFITI_BYTES, `must have at most ${GRAFFITI_BYTES} bytes of UTF-8`)
    .optional(),
};

export const proposerSettingsSchema = z.object({
  keymanager: keymanagerSchema,
  publicKeys: z.array(publicKeySchema).min(1, "must name at least one key"),
  ...settings,
});

type Inputs = z.infer<typeof proposerSettingsSchema>;

/** Gas limit and graffiti of a range of keys, where they differ from their validator client's own. */
export const proposerSettingsHandler: ResourceHandler<Inputs, Inputs> = {
  schema: proposerSettingsSchema,
  replaceOn: [],

  async create(inputs) {
    return { id: `${clientName(inputs.keymanager)}#${inputs.publicKeys[0] ?? ""}`, outputs: await converge(inputs) };
  },

  async read(_id, last) {
    const found = await observe(last);
    return { inputs: found, outputs: found };
  },

  update: (_id, _old, inputs) => converge(inputs),

  locate: (id) => observe({ gasLimit: 0, graffiti: "", ...parseImportId(id, proposerSettingsSchema) }),

  /** The client keeps them. */
  delete: () => Promise.resolve(),
};

async function converge(inputs: Inputs): Promise<Inputs> {
  const client = new KeymanagerClient(inputs.keymanager);
  const { gasLimit, graffiti } = inputs;
  for (const publicKey of inputs.publicKeys) {
    if (gasLimit !== undefined && (await client.getGasLimit(publicKey)) !== gasLimit)
      await client.setGasLimit(publicKey, gasLimit);
    if (graffiti !== undefined && (await client.getGraffiti(publicKey)) !== graffiti)
      await client.setGraffiti(publicKey, graffiti);
  }
  return inputs;
}

/** What the client has; the first value that differs stands for the drift, so that a plan shows it beside the wanted one. */
async function observe(wanted: Inputs): Promise<Inputs> {
  const client = new KeymanagerClient(wanted.keymanager);
  const odd = async <Value>(
    value: Value,
    read: (key: Inputs["publicKeys"][number]) => Promise<Value>,
  ): Promise<Value> => {
    for (const publicKey of wanted.publicKeys) {
      const found = await read(publicKey);
      if (found !== value) return found;
    }
    return value;
  };
  const { gasLimit, graffiti } = wanted;
  return {
    ...wanted,
    ...(gasLimit === undefined ? {} : { gasLimit: await odd(gasLimit, (key) => client.getGasLimit(key)) }),
    ...(graffiti === undefined ? {} : { graffiti: await odd(graffiti, (key) => client.getGraffiti(key)) }),
  };
}
