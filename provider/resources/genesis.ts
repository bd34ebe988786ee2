import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bytesToHex, type Address, type Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { z } from "zod";
import { EthstakeError } from "../../lib/errors.ts";
import { createFileOnce, exists, readJson, writeFileAtomically } from "../../lib/files.ts";
import { projectPath } from "../../lib/paths.ts";
import { loadAccount } from "../chain/account.ts";
import { renderConsensusChain } from "../genesis/consensus.ts";
import { DEPOSIT_CONTRACT, renderExecutionGenesis } from "../genesis/execution.ts";
import { parseImportId } from "../import-id.ts";
import type { ResourceHandler } from "../resource.ts";

const GENESIS_STATE_SCRIPT = fileURLToPath(new URL("../../devnet/clients/genesis-state.mjs", import.meta.url));
/** EIP-155 chain id of the network whose genesis holds the canonical deposit contract: hoodi. */
const HOODI_CHAIN_ID = 560_048;

export const genesisSchema = z.object({
  /** Folder of the network's files. */
  directory: z.string({ error: "must be the path of a folder" }).min(1),
  chainId: z.number().int().positive(),
  secondsPerSlot: z.number().int().min(1).max(12),
  slotsPerEpoch: z.number().int().min(4).max(32),
  /** Validators that are active from genesis on, with the publicly known interop keys. */
  validatorCount: z.number().int().min(4).max(1_024),
  /** From making the genesis to slot 0, in seconds. */
  delaySeconds: z.number().int().min(1).max(600),
  /** Accounts to make and fund: name to ether. */
  accounts: z.record(
    z.string().regex(/^[a-z0-9-]+$/),
    z.string().regex(/^\d+(\.\d+)?$/, "must be ether as a decimal string"),
  ),
});

type Inputs = z.infer<typeof genesisSchema>;

const madeSchema = z.object({
  genesisTime: z.number(),
  executionBlockHash: z.custom<Hex>(),
  genesisValidatorsRoot: z.custom<Hex>(),
  genesisForkVersion: z.custom<Hex>(),
});

interface Outputs extends Inputs, z.infer<typeof madeSchema> {
  readonly executionGenesisFile: string;
  readonly chainFile: string;
  readonly consensusParametersFile: string;
  readonly genesisStateFile: string;
  readonly jwtFile: string;
  readonly depositContract: Address;
  readonly accountFiles: Readonly<Record<string, { readonly address: Address; readonly keyFile: string }>>;
}

/** A folder holds a network already, made with other settings: another genesis would orphan its chain and its keys' history. */
export class GenesisExistsError extends EthstakeError<{ directory: string }> {
  readonly code = "GENESIS_EXISTS";
  constructor(directory: string) {
    super(
      `The folder ${directory} holds a network that was made with other settings.`,
      { directory },
      { remedy: "Take that network down first, or give devnet.directory another folder." },
    );
  }
}

/**
 * The genesis of a devnet for both layers, with its accounts and the secret between execution and consensus client. A network is
 * never made twice in a folder: its manifest is written last, and what it names is taken as it is.
 */
export const genesisHandler: ResourceHandler<Inputs, Outputs> = {
  schema: genesisSchema,
  replaceOn: ["directory", "chainId", "secondsPerSlot", "slotsPerEpoch", "validatorCount", "delaySeconds", "accounts"],
  deleteBeforeReplace: true,

  async create(inputs) {
    const digest = digestOf(inputs);
    const manifest = manifestSchema.safeParse(await readJson(projectPath(genesisFiles(inputs.directory).manifest)));
    if (manifest.success && manifest.data.digest !== digest) throw new GenesisExistsError(inputs.directory);
    const accountFiles = await makeAccounts(inputs);
    const files = genesisFiles(inputs.directory);
    await createFileOnce(projectPath(files.jwtFile), bytesToHex(randomBytes(32)));
    if (!manifest.success) await makeGenesis(inputs, accountFiles, digest);
    const outputs = await readGenesis(inputs, accountFiles);
    if (!outputs) throw new Error(`the genesis in ${inputs.directory} vanished while it was made`);
    return { id: inputs.directory, outputs };
  },

  async read(_id, last) {
    const outputs = await readGenesis(last, last.accountFiles);
    return outputs && { inputs: inputsOf(last), outputs };
  },

  update: (_id, old, inputs) => Promise.resolve({ ...old, ...inputs }),

  async locate(id) {
    const inputs = parseImportId(id, genesisSchema);
    const accountFiles = await Promise.all(
      Object.keys(inputs.accounts).map(async (name) => {
        const keyFile = join(inputs.directory, "accounts", `${name}.key`);
        return [name, { address: (await loadAccount({ keyFile })).address, keyFile }] as const;
      }),
    );
    const outputs = await readGenesis(inputs, Object.fromEntries(accountFiles));
    if (!outputs) throw new Error(`there is no genesis in ${inputs.directory}`);
    return outputs;
  },

  /** Ends the network: chain databases go, everything else (keys, slashing protection, logs) moves aside and is kept. */
  async delete(_id, last) {
    const directory = projectPath(last.directory);
    if (!(await exists(join(directory, "genesis", "manifest.json")))) return;
    for (const database of ["execution", "beacon"])
      await rm(join(directory, database), { recursive: true, force: true });
    await rename(directory, join(dirname(directory), `${basename(directory)}.ended-${last.genesisTime}`));
  },
};

const manifestSchema = madeSchema.extend({ digest: z.string() });

function genesisFiles(directory: string) {
  const folder = join(directory, "genesis");
  return {
    manifest: join(folder, "manifest.json"),
    executionGenesisFile: join(folder, "execution.json"),
    chainFile: join(folder, "consensus.json"),
    consensusParametersFile: join(folder, "consensus-parameters.json"),
    genesisStateFile: join(folder, "genesis.ssz"),
    jwtFile: join(folder, "jwt.hex"),
  };
}

async function makeAccounts({ directory, accounts }: Inputs): Promise<Outputs["accountFiles"]> {
  const entries = await Promise.all(
    Object.keys(accounts).map(async (name) => {
      const keyFile = join(directory, "accounts", `${name}.key`);
      await createFileOnce(projectPath(keyFile), generatePrivateKey());
      const { address } = await loadAccount({ keyFile });
      return [name, { address, keyFile }] as const;
    }),
  );
  return Object.fromEntries(entries);
}

async function makeGenesis(inputs: Inputs, accountFiles: Outputs["accountFiles"], digest: string): Promise<void> {
  const files = genesisFiles(inputs.directory);
  const genesisTime = Math.floor(Date.now() / 1_000) + inputs.delaySeconds;
  const balances = Object.fromEntries(
    Object.entries(accountFiles).map(([name, { address }]) => [address, inputs.accounts[name] ?? "0"]),
  );
  const chain = renderConsensusChain(inputs);
  const execution = renderExecutionGenesis({
    chainId: inputs.chainId,
    genesisTime,
    balances,
    depositContract: await depositContractState(),
  });
  await writeFileAtomically(projectPath(files.chainFile), JSON.stringify(chain, undefined, 2));
  await writeFileAtomically(projectPath(files.consensusParametersFile), JSON.stringify(chain.config, undefined, 2));
  await writeFileAtomically(projectPath(files.executionGenesisFile), JSON.stringify(execution, undefined, 2));
  const specFile = projectPath(join(inputs.directory, "genesis", "state-spec.json"));
  const spec = {
    chainFile: projectPath(files.chainFile),
    executionGenesisFile: projectPath(files.executionGenesisFile),
    validatorCount: inputs.validatorCount,
    withdrawalAddress: Object.values(accountFiles)[0]?.address ?? DEPOSIT_CONTRACT,
    genesisTime,
    output: projectPath(files.genesisStateFile),
  };
  await writeFileAtomically(specFile, JSON.stringify(spec, undefined, 2));
  const { stdout } = await promisify(execFile)(process.execPath, [GENESIS_STATE_SCRIPT, specFile]);
  const made = madeSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  await writeFileAtomically(projectPath(files.manifest), JSON.stringify({ ...made, digest }, undefined, 2));
}

async function readGenesis(inputs: Inputs, accountFiles: Outputs["accountFiles"]): Promise<Outputs | undefined> {
  const { manifest: manifestFile, ...files } = genesisFiles(inputs.directory);
  const manifest = manifestSchema.safeParse(await readJson(projectPath(manifestFile)));
  if (!manifest.success) return undefined;
  return {
    ...inputsOf(inputs),
    ...files,
    ...madeSchema.parse(manifest.data),
    depositContract: DEPOSIT_CONTRACT,
    accountFiles,
  };
}

function inputsOf(inputs: Inputs): Inputs {
  const { directory, chainId, secondsPerSlot, slotsPerEpoch, validatorCount, delaySeconds, accounts } = inputs;
  return { directory, chainId, secondsPerSlot, slotsPerEpoch, validatorCount, delaySeconds, accounts };
}

function digestOf(inputs: Inputs): string {
  return createHash("sha256")
    .update(JSON.stringify(inputsOf(inputs)))
    .digest("hex");
}

/** Code and storage of the real deposit contract. The package that holds them is a development dependency, as devnets are. */
async function depositContractState(): Promise<{ code: Hex; storage: readonly (readonly [Hex, Hex])[] }> {
  const { getGenesis } = await import("@ethereumjs/genesis");
  const account = getGenesis(HOODI_CHAIN_ID)?.[DEPOSIT_CONTRACT.toLowerCase() as Hex];
  if (!Array.isArray(account) || !account[1] || !account[2])
    throw new Error("@ethereumjs/genesis has no deposit contract");
  return { code: account[1], storage: account[2] as readonly (readonly [Hex, Hex])[] };
}
