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
import { senderSchema } from "../chain/account.ts";
import {
  DETERMINISTIC_DEPLOYER,
  deploymentAddress,
  initCodeOf,
  isCodeOf,
  loadArtifact,
  type Artifact,
} from "../chain/artifact.ts";
import { chainSchema, connectChain } from "../chain/client.ts";
import { readImplementation } from "../chain/proxy.ts";
import { sendWithAuthority } from "../chain/timelock.ts";
import { openSender, type TransactionSender } from "../chain/sender.ts";
import { toAbiValue } from "../chain/values.ts";
import type { CheckFailure, Observed, OperationContext, ResourceHandler } from "../resource.ts";
import { parseImportId } from "../import-id.ts";
import { sameValue } from "../values.ts";

const UPGRADE_ABI = parseAbi(["function upgradeToAndCall(address newImplementation, bytes data) payable"]);
const NO_SALT: Hex = `0x${"00".repeat(32)}`;

const callSchema = z.object({ function: z.string().min(1), args: z.array(z.unknown()).default([]) });

export const contractSchema = z.object({
  chain: chainSchema,
  sender: senderSchema,
  artifact: z.string({ error: "must be the path of a Foundry artifact" }).min(1),
  constructorArgs: z.array(z.unknown()).default([]),
  salt: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/, "must be 32 bytes in lower-case hex")
    .default(NO_SALT),
  proxy: z.object({ artifact: z.string().min(1), initializer: callSchema }).optional(),
  /** Timelock that upgrades go through where the sender may not make them itself. */
  timelock: z
    .custom<Address>((value) => typeof value === "string" && isAddress(value), "must be an address")
    .optional(),
  initCodeHash: z.string().optional(),
});

/** What an import id holds: the inputs, and where the contract is. */
const locatedSchema = contractSchema.extend({
  address: z.custom<Address>((value) => typeof value === "string" && isAddress(value), "must be an address"),
});

type Inputs = z.infer<typeof contractSchema>;
interface Outputs extends Inputs {
  readonly address: Address;
  /** The address that holds the code: the proxy's implementation, or the contract itself. */
  readonly implementation: Address;
}

/** An address holds other code than the artifact's. */
export class ContractCodeMismatchError extends EthstakeError<{ address: Address; artifact: string }> {
  readonly code = "CONTRACT_CODE_MISMATCH";
  constructor(address: Address, artifact: string) {
    super(`The code at ${address} is not that of ${artifact}.`, { address, artifact });
  }
}

/** The chain lacks the contract through which others are deployed. */
export class DeterministicDeployerMissingError extends EthstakeError<{ address: Address }> {
  readonly code = "DETERMINISTIC_DEPLOYER_MISSING";
  constructor() {
    super(
      `There is no deterministic deployer at ${DETERMINISTIC_DEPLOYER} on this chain.`,
      { address: DETERMINISTIC_DEPLOYER },
      {
        remedy: "Deploy it with its published one-time transaction first.",
      },
    );
  }
}

/**
 * A Foundry artifact on a chain. CREATE2 makes its address follow from code, arguments and salt: an interrupted deployment is
 * found again at the same place. Behind a UUPS proxy, new code is an upgrade in place.
 */
export const contractHandler: ResourceHandler<Inputs, Outputs> = {
  schema: contractSchema,
  replaceOn: ["salt", "initCodeHash", "constructorArgs"],

  replaces(changed, inputs, old) {
    if (inputs.chain.chainId !== old.chain.chainId) return ["chain"];
    if (Boolean(inputs.proxy) !== Boolean(old.proxy)) return ["proxy"];
    if (inputs.proxy) return changed.filter((key) => key === "salt");
    return changed.filter((key) => ["salt", "initCodeHash", "constructorArgs"].includes(key));
  },

  validate(inputs, old): Promise<readonly CheckFailure[]> {
    const changed = old?.proxy && inputs.proxy && !sameValue(old.proxy.initializer, inputs.proxy.initializer);
    return Promise.resolve(
      changed
        ? [
            {
              property: "proxy.initializer",
              reason:
                "an initialiser runs once: change the value by a Setting, and keep the arguments it was deployed with",
            },
          ]
        : [],
    );
  },

  async derive(inputs) {
    return { ...inputs, initCodeHash: keccak256(await initCode(inputs)) };
  },

  async predict(inputs, old) {
    const implementation = deploymentAddress(keccak256(await initCode(inputs)), inputs.salt as Hex);
    if (!inputs.proxy) return { address: implementation, implementation };
    return { address: old?.address ?? (await proxyDeployment(inputs, implementation)).address, implementation };
  },

  drifted(inputs, old) {
    if (!inputs.initCodeHash) return [];
    const wanted = deploymentAddress(inputs.initCodeHash as Hex, inputs.salt as Hex);
    return wanted.toLowerCase() === old.implementation.toLowerCase() ? [] : ["implementation"];
  },

  async create(inputs, context) {
    const client = await connectChain(inputs.chain);
    const sender = await openSender(inputs.chain, inputs.sender);
    const artifact = await loadArtifact(inputs.artifact);
    const implementation = await deploy(client, sender, await initCode(inputs), inputs, artifact, context);
    if (!inputs.proxy) return result(inputs, implementation, implementation);
    const { initCode: proxyCode } = await proxyDeployment(inputs, implementation);
    const proxyArtifact = await loadArtifact(inputs.proxy.artifact);
    const address = await deploy(
      client,
      sender,
      proxyCode,
      { ...inputs, artifact: inputs.proxy.artifact },
      proxyArtifact,
      context,
    );
    return result(inputs, address, implementation);
  },

  async read(_id, last): Promise<Observed<Inputs, Outputs> | undefined> {
    const client = await connectChain(last.chain);
    const code = await client.getCode({ address: last.address });
    if (!code) return undefined;
    const implementation = last.proxy ? await readImplementation(client, last.address) : last.address;
    const { address, implementation: _, ...inputs } = last;
    return { inputs, outputs: { ...last, address, implementation } };
  },

  async update(_id, old, inputs, context) {
    const client = await connectChain(inputs.chain);
    const artifact = await loadArtifact(inputs.artifact);
    const wanted = deploymentAddress(keccak256(await initCode(inputs)), inputs.salt as Hex);
    if (inputs.proxy && wanted !== (await readImplementation(client, old.address))) {
      const sender = await openSender(inputs.chain, inputs.sender);
      const implementation = await deploy(client, sender, await initCode(inputs), inputs, artifact, context);
      context.log(`upgrading proxy ${old.address} to ${implementation}`);
      await sendWithAuthority(
        client,
        sender,
        {
          purpose: `Upgrading ${old.address} to ${inputs.artifact}`,
          to: old.address,
          data: encodeFunctionData({
            abi: UPGRADE_ABI,
            functionName: "upgradeToAndCall",
            args: [implementation, "0x"],
          }),
          abi: artifact.abi,
        },
        { timelock: inputs.timelock },
        (message) => context.log(message),
      );
    }
    return { ...inputs, address: old.address, implementation: wanted };
  },

  async locate(id) {
    const { address, ...inputs } = parseImportId(id, locatedSchema);
    return { ...(await contractHandler.derive?.(inputs)), ...inputs, address, implementation: address } as Outputs;
  },

  /** Code stays on a chain: forgetting it is all that deletion can mean, and `create` would find it again. */
  delete: () => Promise.resolve(),
};

function result(inputs: Inputs, address: Address, implementation: Address): { id: string; outputs: Outputs } {
  return { id: `${inputs.chain.chainId}/${address}`, outputs: { ...inputs, address, implementation } };
}

async function initCode(inputs: Inputs): Promise<Hex> {
  const artifact = await loadArtifact(inputs.artifact);
  return initCodeOf(inputs.artifact, artifact, abiArguments(artifact, "constructor", inputs.constructorArgs));
}

async function proxyDeployment(inputs: Inputs, implementation: Address): Promise<{ initCode: Hex; address: Address }> {
  if (!inputs.proxy) throw new Error("this contract has no proxy");
  const { abi } = await loadArtifact(inputs.artifact);
  const proxy = await loadArtifact(inputs.proxy.artifact);
  const { function: functionName, args } = inputs.proxy.initializer;
  const data = encodeFunctionData({ abi, functionName, args: abiArguments({ abi }, functionName, args) });
  const code = initCodeOf(inputs.proxy.artifact, proxy, [implementation, data]);
  return { initCode: code, address: deploymentAddress(keccak256(code), inputs.salt as Hex) };
}

function abiArguments({ abi }: Pick<Artifact, "abi">, name: string, args: readonly unknown[]): unknown[] {
  const item = abi.find((entry) =>
    name === "constructor" ? entry.type === "constructor" : entry.type === "function" && entry.name === name,
  );
  const parameters = item && "inputs" in item ? item.inputs : [];
  return args.map((value, index) => {
    const parameter = parameters[index];
    return parameter ? toAbiValue(parameter, value) : value;
  });
}

/** Deploys init code unless it is deployed already, and makes sure of the code that is there afterwards. */
async function deploy(
  client: PublicClient,
  sender: TransactionSender,
  code: Hex,
  inputs: Inputs,
  artifact: Artifact,
  context: OperationContext,
): Promise<Address> {
  const address = deploymentAddress(keccak256(code), inputs.salt as Hex);
  if (!(await client.getCode({ address }))) {
    if (!(await client.getCode({ address: DETERMINISTIC_DEPLOYER }))) throw new DeterministicDeployerMissingError();
    context.log(`deploying ${inputs.artifact} to ${address}`);
    await sender.send({
      purpose: `Deploying ${inputs.artifact}`,
      to: DETERMINISTIC_DEPLOYER,
      data: concatHex([inputs.salt as Hex, code]),
      abi: artifact.abi,
    });
  }
  const deployed = await client.getCode({ address });
  if (!deployed || !isCodeOf(artifact, deployed)) throw new ContractCodeMismatchError(address, inputs.artifact);
  return address;
}
