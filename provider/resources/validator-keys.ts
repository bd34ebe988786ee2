import { isHex, type Hex } from "viem";
import { z } from "zod";
import { BeaconClient } from "../beacon/api.ts";
import { awaitSynced } from "../beacon/sync.ts";
import { sshSchema } from "../remote/ssh.ts";
import { clientName, KeymanagerClient, keymanagerSchema } from "../beacon/keymanager.ts";
import { auditKeys } from "../keys/audit.ts";
import { deriveSigningKey } from "../keys/derivation.ts";
import { KeyInUseError, KeysLostAtClientError, OtherMnemonicError } from "../keys/errors.ts";
import { assignMnemonicKey, KeystoreDirectory, loadMnemonic } from "../keys/store.ts";
import { sourceFault } from "../../lib/secret-source.ts";
import { parseImportId } from "../import-id.ts";
import type { OperationContext, ResourceHandler } from "../resource.ts";

export const validatorKeysSchema = z.object({
  /** File with a BIP-39 mnemonic, mode 0600, or `vault:MOUNT/PATH#FIELD`. */
  mnemonicFile: z
    .string({ error: "must be the path of a file with a mnemonic" })
    .min(1)
    .refine((source) => sourceFault(source) === undefined, "must be a path, or vault:MOUNT/PATH#FIELD"),
  /** Whether a mnemonic is made from fresh entropy when the file does not exist. */
  generateMnemonic: z.boolean().default(false),
  /** First index in the mnemonic (EIP-2334). */
  startIndex: z.number().int("must be a whole number").nonnegative().default(0),
  count: z
    .number({ error: "must be the number of keys" })
    .int("must be a whole number")
    .positive("must be at least 1")
    .max(10_000, "must be at most 10000"),
  /** Folder for EIP-2335 keystores, mode 0700. */
  keystoreDirectory: z.string({ error: "must be the path of a folder" }).min(1),
  /** The one client that signs with these keys, a validator client or its Web3Signer; absent while they are only prepared. */
  keymanager: keymanagerSchema.optional(),
  /** Beacon node that tells which keys are on the chain already; with the host on whose loopback it is. */
  beaconUrl: z.url().optional(),
  beaconSsh: sshSchema.optional(),
});

type Inputs = z.infer<typeof validatorKeysSchema>;
interface Outputs extends Inputs {
  readonly publicKeys: readonly Hex[];
  /** EIP-2334 paths, in the order of publicKeys. */
  readonly paths: readonly string[];
  /** SHA-256 of each keystore file. */
  readonly keystoreDigests: readonly string[];
  /** Which of the keys the validator client had loaded when it was last asked. */
  readonly loaded: readonly Hex[];
}

/**
 * A range of validator keys of one mnemonic, as keystores in a folder and, when a keymanager is given, in that one validator client.
 * Nothing secret is in inputs or outputs. Deletion forgets: it removes neither files nor loaded keys.
 */
export const validatorKeysHandler: ResourceHandler<Inputs, Outputs> = {
  schema: validatorKeysSchema,
  replaceOn: ["mnemonicFile", "startIndex", "keystoreDirectory"],
  drifted: (inputs, old) => (inputs.keymanager && old.loaded.length < old.publicKeys.length ? ["loaded"] : []),

  async create(inputs, context) {
    const outputs = await ensureKeys(inputs, context);
    return { id: `${inputs.keystoreDirectory}/${inputs.startIndex}`, outputs };
  },

  async read(_id, last) {
    const { publicKeys, paths, keystoreDigests, loaded: _, ...inputs } = last;
    const loaded = await loadedKeys(last, publicKeys);
    return { inputs, outputs: { ...inputs, publicKeys, paths, keystoreDigests, loaded } };
  },

  update: (_id, old, inputs, context) => ensureKeys(inputs, context, old.publicKeys),

  /** Only keystores that exist are taken over: nothing is generated, stored or loaded. */
  async locate(id) {
    const inputs = parseImportId(id, validatorKeysSchema);
    const mnemonic = await loadMnemonic(inputs.mnemonicFile, false);
    const store = new KeystoreDirectory(inputs.keystoreDirectory);
    const keystores = await Promise.all(
      Array.from({ length: inputs.count }, (_, offset) =>
        store.find(deriveSigningKey(mnemonic, inputs.startIndex + offset)),
      ),
    );
    return {
      ...inputs,
      publicKeys: keystores.map(({ publicKey }) => publicKey),
      paths: keystores.map(({ path }) => path),
      keystoreDigests: keystores.map(({ digest }) => digest),
      loaded: [],
    };
  },

  delete: () => Promise.resolve(),
};

async function ensureKeys(inputs: Inputs, context: OperationContext, before: readonly Hex[] = []): Promise<Outputs> {
  const mnemonic = await loadMnemonic(inputs.mnemonicFile, inputs.generateMnemonic);
  const store = new KeystoreDirectory(inputs.keystoreDirectory);
  const keystores = [];
  const stored: Hex[] = [];
  for (let offset = 0; offset < inputs.count; offset++) {
    const key = deriveSigningKey(mnemonic, inputs.startIndex + offset);
    const former = before[offset];
    if (former !== undefined && former !== key.publicKey) throw new OtherMnemonicError(inputs.mnemonicFile, former);
    if (!(await store.has(key.publicKey))) stored.push(key.publicKey);
    keystores.push(await store.ensure(key));
  }
  await auditKeys(inputs.keystoreDirectory, { operation: "stored", publicKeys: stored });
  const publicKeys = keystores.map(({ publicKey }) => publicKey);
  const { keymanager } = inputs;
  if (keymanager) await store.exclusively(() => load(inputs, keymanager, publicKeys, context));
  return {
    ...inputs,
    publicKeys,
    paths: keystores.map(({ path }) => path),
    keystoreDigests: keystores.map(({ digest }) => digest),
    loaded: await loadedKeys(inputs, publicKeys),
  };
}

/**
 * Loads keys that were never loaded. A key that has signed is loaded with its history only, which is a move's to do.
 * @throws {@link KeysLostAtClientError}, {@link KeyInUseError}, `KeyOnAnotherClientError`
 */
async function load(
  { mnemonicFile, keystoreDirectory, beaconUrl, beaconSsh }: Inputs,
  keymanager: NonNullable<Inputs["keymanager"]>,
  publicKeys: readonly Hex[],
  context: OperationContext,
): Promise<void> {
  const store = new KeystoreDirectory(keystoreDirectory);
  const client = clientName(keymanager);
  const unnoted: Hex[] = [];
  for (const publicKey of publicKeys) if ((await store.clientOf(publicKey)) === undefined) unnoted.push(publicKey);
  if (beaconUrl !== undefined && unnoted.length > 0) {
    const beacon = new BeaconClient(beaconUrl, beaconSsh);
    await awaitSynced(beacon, context);
    const known = await beacon.validators(unnoted);
    if (known.length > 0) throw new KeyInUseError(known.map(({ publicKey }) => publicKey));
  }
  for (const publicKey of publicKeys) {
    await assignMnemonicKey(mnemonicFile, publicKey, client);
    await store.assign(publicKey, client);
  }
  const api = new KeymanagerClient(keymanager);
  const present = new Set(await api.listKeystores());
  const missing = publicKeys.filter((publicKey) => !present.has(publicKey));
  const lost: Hex[] = [];
  for (const publicKey of missing) if (await store.wasLoaded(publicKey, client)) lost.push(publicKey);
  if (lost.length > 0) throw new KeysLostAtClientError(client, lost);
  const mark = async (): Promise<void> => {
    for (const publicKey of publicKeys)
      if (!(await store.wasLoaded(publicKey, client))) await store.markLoaded(publicKey, client);
  };
  if (missing.length === 0) {
    await mark();
    return;
  }
  context.log(`loading ${missing.length} keystore(s) into ${client}`);
  await auditKeys(keystoreDirectory, { operation: "loading", publicKeys: missing, client });
  await api.importKeystores(
    await Promise.all(missing.map((publicKey) => store.keystore(publicKey))),
    await Promise.all(missing.map((publicKey) => store.password(publicKey))),
  );
  await mark();
  await auditKeys(keystoreDirectory, { operation: "loaded", publicKeys: missing, client });
}

async function loadedKeys({ keymanager }: Pick<Inputs, "keymanager">, publicKeys: readonly Hex[]): Promise<Hex[]> {
  if (!keymanager) return [];
  const present = new Set(await new KeymanagerClient(keymanager).listKeystores());
  return publicKeys.filter((publicKey) => present.has(publicKey));
}

/** Schema of a BLS public key in inputs of other resources. */
export const publicKeySchema = z.custom<Hex>(
  (value) => isHex(value) && value.length === 98,
  "must be a BLS public key, 48 bytes in hex",
);
