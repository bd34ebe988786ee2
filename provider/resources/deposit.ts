import {
  concatHex,
  encodeFunctionData,
  isAddress,
  keccak256,
  parseAbi,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";
import { z } from "zod";
import { EthstakeError } from "../../lib/errors.ts";
import { BeaconClient } from "../beacon/api.ts";
import { awaitSynced } from "../beacon/sync.ts";
import { senderSchema } from "../chain/account.ts";
import { loadArtifact } from "../chain/artifact.ts";
import { chainSchema, connectChain } from "../chain/client.ts";
import { openSender } from "../chain/sender.ts";
import {
  PRE_DEPOSIT_GWEI,
  signDeposit,
  verifyDeposit,
  type DepositTerms,
  type SignedDeposit,
} from "../keys/deposit-data.ts";
import { KeystoreDirectory } from "../keys/store.ts";
import { sshSchema } from "../remote/ssh.ts";
import { parseImportId } from "../import-id.ts";
import type { Observed, OperationContext, ResourceHandler } from "../resource.ts";
import { publicKeySchema } from "./validator-keys.ts";

const REGISTRY_ABI = parseAbi([
  "function keyOf(bytes32 pubkeyHash) view returns (uint256 operatorId, uint256 index, uint8 state)",
  "function submitValidatorSigs(uint256 operatorId, bytes pubkeys, bytes signatures)",
]);
/** OperatorRegistry.MAX_KEYS_PER_CALL: more keys go in several transactions. */
const MAX_KEYS_PER_CALL = 150;

const VAULT_ABI = parseAbi(["function withdrawalCredentials() view returns (bytes32)"]);
const POOL_ABI = parseAbi([
  "function withdrawalVault() view returns (address)",
  "function operatorRegistry() view returns (address)",
  "function executionRewardsVault() view returns (address)",
]);

const addressSchema = z.string().refine((value) => isAddress(value), "must be an address");

export const depositSchema = z.object({
  chain: chainSchema,
  /** The operator's manager: the one account that may submit its keys. */
  sender: senderSchema,
  registry: addressSchema,
  /** The pool whose withdrawal vault must own the credentials. */
  pool: addressSchema,
  /** What the keys' fee recipient is: it must be the pool's vault, or their fees would not reach the stakers. */
  executionRewardsVault: addressSchema.optional(),
  operatorId: z.string().regex(/^[1-9]\d*$/, "must be an operator id, from 1"),
  publicKeys: z.array(publicKeySchema).min(1, "must name at least one key"),
  keystoreDirectory: z.string().min(1),
  withdrawalCredentials: z
    .string()
    .regex(/^0x0[12]0{22}[0-9a-fA-F]{40}$/, "must be 0x01 or 0x02 credentials: the type, 11 zero bytes and an address"),
  genesisForkVersion: z
    .string()
    .regex(/^0x[0-9a-fA-F]{8}$/, "must be the network's genesis fork version, 4 bytes in hex"),
  /** Beacon node that tells what became of the deposits. */
  beaconUrl: z.url().optional(),
  /** Host on whose loopback the beacon node is; absent for this machine. */
  beaconSsh: sshSchema.optional(),
  artifact: z.string().optional(),
});

type Inputs = z.infer<typeof depositSchema>;
interface Outputs extends Inputs {
  /** hash_tree_root(DepositData) of each key. */
  readonly depositDataRoots: readonly Hex[];
}

/** The credentials asked for are not those of the pool's vault: the ETH would go elsewhere when it is withdrawn. */
export class WrongCredentialsError extends EthstakeError<{ expected: Hex; actual: string; where: string }> {
  readonly code = "WRONG_WITHDRAWAL_CREDENTIALS";
  constructor(where: string, expected: Hex, actual: string) {
    super(
      `${where} has withdrawal credentials ${actual}, but the protocol's vault has ${expected}.`,
      { where, expected, actual },
      { remedy: "Nothing more was sent. Do not deposit to this key." },
    );
  }
}

/** Registry and pool are of two deployments: the pool would never deposit to these keys, and somebody else's might. */
export class WrongRegistryError extends EthstakeError<{ pool: string; expected: Address; actual: string }> {
  readonly code = "WRONG_REGISTRY";
  constructor(pool: string, expected: Address, actual: string) {
    super(
      `The pool ${pool} has its keys in the registry ${expected}, but these are for ${actual}.`,
      { pool, expected, actual },
      { remedy: "Nothing was sent. Correct the addresses: they must be of one deployment." },
    );
  }
}

/** The fee recipient is not the pool's: blocks would pay somebody else than the stakers. */
export class WrongRewardsVaultError extends EthstakeError<{ pool: string; expected: Address; actual: string }> {
  readonly code = "WRONG_REWARDS_VAULT";
  constructor(pool: string, expected: Address, actual: string) {
    super(
      `The pool ${pool} takes fees from ${expected}, but these keys' fee recipient is ${actual}.`,
      { pool, expected, actual },
      { remedy: "Nothing was sent. Correct the addresses: they must be of one deployment." },
    );
  }
}

/** Somebody else registered one of our keys: their signature is with it, and deposits to it would count for them. */
export class KeyOfAnotherOperatorError extends EthstakeError<{ publicKey: Hex; owner: string; operatorId: string }> {
  readonly code = "KEY_OF_ANOTHER_OPERATOR";
  constructor(publicKey: Hex, owner: string, operatorId: string) {
    super(
      `Key ${publicKey} is registered for operator ${owner}, and not for operator ${operatorId}.`,
      { publicKey, owner, operatorId },
      { remedy: "Do not vet or deposit to it; have its registration removed, or use another key." },
    );
  }
}

/**
 * Signed deposit data for a range of keys, registered with the protocol: for the pre-deposit of 1 ether, which creates the validator.
 * The other 31 ether need no signature. `read` compares what the beacon chain has with the credentials promised.
 */
export const depositHandler: ResourceHandler<Inputs, Outputs> = {
  schema: depositSchema,
  replaceOn: ["registry", "operatorId", "withdrawalCredentials", "genesisForkVersion"],

  async create(inputs, context) {
    return {
      id: `${inputs.registry}/${inputs.operatorId}/${inputs.publicKeys[0] ?? ""}`,
      outputs: await register(inputs, context),
    };
  },

  async read(_id, last): Promise<Observed<Inputs, Outputs>> {
    const client = await connectChain(last.chain);
    const { depositDataRoots, ...inputs } = last;
    const registered = await registeredKeys(client, last);
    const publicKeys = last.publicKeys.filter((key) => registered.has(key));
    await compareCredentials(last);
    return { inputs: { ...inputs, publicKeys }, outputs: { ...inputs, publicKeys, depositDataRoots } };
  },

  update: (_id, _old, inputs, context) => register(inputs, context),

  async locate(id) {
    const inputs = parseImportId(id, depositSchema);
    const deposits = await signAll(inputs);
    return { ...inputs, depositDataRoots: deposits.map(({ depositDataRoot }) => depositDataRoot) };
  },

  /** Registered keys stay registered: whether an unused one is taken back is its operator's decision. */
  delete: () => Promise.resolve(),
};

async function register(inputs: Inputs, context: OperationContext): Promise<Outputs> {
  const client = await connectChain(inputs.chain);
  await requireVaultCredentials(client, inputs);
  const beacon = beaconOf(inputs);
  if (beacon) await awaitSynced(beacon, context);
  await compareCredentials(inputs);
  const deposits = await signAll(inputs);
  // Opened before the registry is read: it waits for what an interrupted run sent.
  const sender = await openSender(inputs.chain, inputs.sender);
  const registered = await registeredKeys(client, inputs);
  const missing = deposits.filter(({ publicKey }) => !registered.has(publicKey));
  for (let start = 0; start < missing.length; start += MAX_KEYS_PER_CALL) {
    const batch = missing.slice(start, start + MAX_KEYS_PER_CALL);
    context.log(`registering ${batch.length} key(s) of operator ${inputs.operatorId}`);
    await sender.send({
      purpose: `Registering ${batch.length} key(s) of operator ${inputs.operatorId}`,
      to: inputs.registry as Address,
      data: encodeFunctionData({
        abi: REGISTRY_ABI,
        functionName: "submitValidatorSigs",
        args: [
          BigInt(inputs.operatorId),
          concatHex(batch.map(({ publicKey }) => publicKey)),
          concatHex(batch.map(({ signature }) => signature)),
        ],
      }),
      abi: inputs.artifact ? (await loadArtifact(inputs.artifact)).abi : [],
    });
  }
  return { ...inputs, depositDataRoots: deposits.map(({ depositDataRoot }) => depositDataRoot) };
}

/** Deposit data of every key. A signature that did not verify would lose its deposit for ever, so each is checked. */
async function signAll(inputs: Inputs): Promise<SignedDeposit[]> {
  const terms: DepositTerms = {
    withdrawalCredentials: inputs.withdrawalCredentials as Hex,
    amountGwei: PRE_DEPOSIT_GWEI,
    genesisForkVersion: inputs.genesisForkVersion as Hex,
  };
  const store = new KeystoreDirectory(inputs.keystoreDirectory);
  const deposits = [];
  for (const publicKey of inputs.publicKeys) {
    const deposit = signDeposit(await store.unlock(publicKey), terms);
    if (!verifyDeposit(deposit.publicKey, deposit.signature, terms))
      throw new Error(`the deposit signature of ${publicKey} does not verify`);
    deposits.push(deposit);
  }
  return deposits;
}

/** Those of the keys that the registry has for this operator. @throws {@link KeyOfAnotherOperatorError} */
async function registeredKeys(
  client: PublicClient,
  { registry, operatorId, publicKeys }: RegistryQuery,
): Promise<Set<Hex>> {
  const read = { address: registry as Address, abi: REGISTRY_ABI };
  const flags = await Promise.all(
    publicKeys.map(async (publicKey) => {
      const [owner] = await client.readContract({ ...read, functionName: "keyOf", args: [keccak256(publicKey)] });
      if (owner === 0n) return false;
      if (owner !== BigInt(operatorId)) throw new KeyOfAnotherOperatorError(publicKey, owner.toString(), operatorId);
      return true;
    }),
  );
  return new Set(publicKeys.filter((_key, index) => flags[index]));
}

type RegistryQuery = Pick<Inputs, "registry" | "operatorId" | "publicKeys">;

async function requireVaultCredentials(
  client: PublicClient,
  { pool, registry, executionRewardsVault, withdrawalCredentials }: Inputs,
): Promise<void> {
  const contract = { address: pool as Address, abi: POOL_ABI } as const;
  const own = await client.readContract({ ...contract, functionName: "operatorRegistry" });
  if (own.toLowerCase() !== registry.toLowerCase()) throw new WrongRegistryError(pool, own, registry);
  if (executionRewardsVault !== undefined) {
    const fees = await client.readContract({ ...contract, functionName: "executionRewardsVault" });
    if (fees.toLowerCase() !== executionRewardsVault.toLowerCase())
      throw new WrongRewardsVaultError(pool, fees, executionRewardsVault);
  }
  const vault = await client.readContract({ ...contract, functionName: "withdrawalVault" });
  const expected = await client.readContract({ address: vault, abi: VAULT_ABI, functionName: "withdrawalCredentials" });
  if (expected.toLowerCase() !== withdrawalCredentials.toLowerCase()) {
    throw new WrongCredentialsError("This deposit", expected, withdrawalCredentials);
  }
}

function beaconOf({ beaconUrl, beaconSsh }: Inputs): BeaconClient | undefined {
  return beaconUrl === undefined ? undefined : new BeaconClient(beaconUrl, beaconSsh);
}

/** A key that somebody deposited to before, with credentials of their own, must never get our ETH. */
async function compareCredentials(inputs: Inputs): Promise<void> {
  const { publicKeys, withdrawalCredentials } = inputs;
  for (const validator of (await beaconOf(inputs)?.validators(publicKeys)) ?? []) {
    if (validator.withdrawalCredentials.toLowerCase() !== withdrawalCredentials.toLowerCase()) {
      throw new WrongCredentialsError(
        `Validator ${validator.publicKey}`,
        withdrawalCredentials as Hex,
        validator.withdrawalCredentials,
      );
    }
  }
}
