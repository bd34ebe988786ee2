import {
  encodeFunctionData,
  isAddress,
  parseAbi,
  type Abi,
  type AbiFunction,
  type Address,
  type PublicClient,
} from "viem";
import { z } from "zod";
import { EthstakeError, errorMessage } from "../../lib/errors.ts";
import { senderSchema } from "../chain/account.ts";
import { loadArtifact } from "../chain/artifact.ts";
import { chainSchema, connectChain } from "../chain/client.ts";
import { openSender } from "../chain/sender.ts";
import { sendWithAuthority } from "../chain/timelock.ts";
import { fromAbiValue, toAbiValue } from "../chain/values.ts";
import { parseImportId } from "../import-id.ts";
import type { CheckFailure, Observed, OperationContext, ResourceHandler } from "../resource.ts";

const signatureSchema = z
  .string()
  .refine(
    isFunctionSignature,
    "must be one Solidity function signature, e.g. function stakeCap() view returns (uint256)",
  );
const addressSchema = z.string().refine((value) => isAddress(value), "must be an address");

/** A read of the chain: which function of which contract, and which of its results. */
const readSchema = z.object({
  /** Contract to ask; the setting's target when absent. */
  target: addressSchema.optional(),
  signature: signatureSchema,
  args: z.array(z.unknown()).default([]),
  /** Index of the result where the function returns several. */
  result: z.number().int().nonnegative().default(0),
});

/** A write: arguments may be `{ "placeholder": "value" | "shortfall" }` or `{ "read": {...} }`, filled in right before sending. */
const writeSchema = z.object({
  signature: signatureSchema,
  args: z.array(z.unknown()).default([]),
  /** Wei sent along: a decimal string, or a placeholder. */
  valueWei: z
    .union([
      z.string().regex(/^\d+$/, "must be wei as a decimal string"),
      z.object({ placeholder: z.enum(["value", "shortfall"]) }),
    ])
    .optional(),
});

export const settingSchema = z.object({
  chain: chainSchema,
  sender: senderSchema,
  target: addressSchema,
  read: readSchema,
  write: writeSchema,
  /** What the reader should return, as JSON (integers as decimal strings). */
  value: z.union([z.string(), z.boolean(), z.number(), z.array(z.unknown()), z.record(z.string(), z.unknown())]),
  /** `equal`: exactly the value; `atLeast`: an integer not below it. */
  compare: z.enum(["equal", "atLeast"]).default("equal"),
  /** Sent when the setting is removed from the program; without it the value on the chain stays. */
  undo: writeSchema.optional(),
  /** Timelock that the write goes through where the sender may not make it itself. */
  timelock: addressSchema.optional(),
  /** Role that the write needs, e.g. PARAMETER_ROLE: taken by the sender while it is still the target's admin. */
  role: z.string().optional(),
  /** Artifact whose ABI names the target's errors. */
  artifact: z.string().optional(),
});

type Inputs = z.infer<typeof settingSchema>;
type Read = z.infer<typeof readSchema>;
type Write = z.infer<typeof writeSchema>;
interface Outputs extends Inputs {
  /** What the reader returned last. */
  readonly current: unknown;
}

/** The write went through but the reader still returns something else: reader and writer do not belong together. */
export class SettingNotTakenError extends EthstakeError<{ target: Address; wanted: unknown; current: unknown }> {
  readonly code = "SETTING_NOT_TAKEN";
  constructor(target: Address, read: string, wanted: unknown, current: unknown) {
    super(
      `After the write, "${read}" of ${target} returns ${JSON.stringify(current)} and not ${JSON.stringify(wanted)}.`,
      { target, wanted, current },
    );
  }
}

/** The reader cannot be called. */
export class SettingUnreadableError extends EthstakeError<{ target: Address; read: string }> {
  readonly code = "SETTING_UNREADABLE";
  constructor(target: Address, read: string, cause: unknown) {
    super(
      `"${read}" of ${target} cannot be read: ${errorMessage(cause).split("\n")[0] ?? ""}`,
      { target, read },
      { cause },
    );
  }
}

/** One desired on-chain value: read, compared, and written only where it differs. */
export const settingHandler: ResourceHandler<Inputs, Outputs> = {
  schema: settingSchema,
  replaceOn: ["target"],

  validate(inputs): Promise<readonly CheckFailure[]> {
    const failures: CheckFailure[] = [];
    const results = functionOf(inputs.read.signature).outputs.length;
    if (results === 0) {
      failures.push({ property: "read.signature", reason: `must return something; found ${inputs.read.signature}` });
    } else if (inputs.read.result >= results) {
      failures.push({
        property: "read.result",
        reason: `must be below ${results}, the number of results; found ${inputs.read.result}`,
      });
    }
    if (inputs.compare === "atLeast" && !isInteger(inputs.value)) {
      failures.push({ property: "value", reason: "must be an integer, because it is compared with atLeast" });
    }
    return Promise.resolve(failures);
  },

  async create(inputs, context) {
    const current = await converge(inputs, context);
    return {
      id: `${inputs.chain.chainId}/${inputs.target}/${functionOf(inputs.read.signature).name}`,
      outputs: { ...inputs, current },
    };
  },

  async read(_id, last): Promise<Observed<Inputs, Outputs>> {
    const client = await connectChain(last.chain);
    const found = await readValue(client, last.target as Address, last.read);
    // A bound that still holds has not drifted, however far the value went on from it.
    const current = last.compare === "atLeast" && satisfies(last, found) ? last.current : found;
    // A drifted value takes the place of the wanted one: the next up finds the difference to the program.
    const value = satisfies(last, current) ? last.value : (current as Inputs["value"]);
    const { current: _, ...inputs } = last;
    return { inputs: { ...inputs, value }, outputs: { ...inputs, value, current } };
  },

  async update(_id, _old, inputs, context) {
    return { ...inputs, current: await converge(inputs, context) };
  },

  async locate(id) {
    const inputs = parseImportId(id, settingSchema.omit({ value: true }));
    const current = await readValue(await connectChain(inputs.chain), inputs.target as Address, inputs.read);
    return { ...inputs, value: current as Inputs["value"], current };
  },

  predict: (inputs) => Promise.resolve(inputs.compare === "equal" ? { current: inputs.value } : {}),

  async delete(_id, last, context) {
    if (!last.undo) return;
    // Opening the sender waits for an undo that an interrupted run sent; what is undone already is left alone.
    const client = await connectChain(last.chain);
    await openSender(last.chain, last.sender);
    const current = await readValue(client, last.target as Address, last.read);
    if (satisfies(last, current)) await send(last, last.undo, current, context);
  },
};

/** Brings the chain to the wanted value. Opening the sender first waits for what an interrupted run sent. */
async function converge(inputs: Inputs, context: OperationContext): Promise<unknown> {
  const client = await connectChain(inputs.chain);
  const target = inputs.target as Address;
  const present = await readValue(client, target, inputs.read);
  if (satisfies(inputs, present)) return present;
  await openSender(inputs.chain, inputs.sender);
  const before = await readValue(client, target, inputs.read);
  if (satisfies(inputs, before)) return before;
  await send(inputs, inputs.write, before, context);
  const after = await readValue(client, target, inputs.read);
  if (!satisfies(inputs, after)) throw new SettingNotTakenError(target, inputs.read.signature, inputs.value, after);
  return after;
}

async function send(inputs: Inputs, write: Write, current: unknown, context: OperationContext): Promise<void> {
  const client = await connectChain(inputs.chain);
  const sender = await openSender(inputs.chain, inputs.sender);
  const abiFunction = functionOf(write.signature);
  const fill = (value: unknown): Promise<unknown> => fillIn(value, inputs, current, client);
  const args = await Promise.all(write.args.map(fill));
  const value = write.valueWei === undefined ? 0n : integerOf(await fill(write.valueWei));
  context.log(`${abiFunction.name}(${args.map((argument) => shorten(argument)).join(", ")}) on ${inputs.target}`);
  const errors: Abi = inputs.artifact ? (await loadArtifact(inputs.artifact)).abi : [];
  await sendWithAuthority(
    client,
    sender,
    {
      purpose: `${abiFunction.name} on ${inputs.target}`,
      to: inputs.target as Address,
      value,
      data: encodeFunctionData({
        abi: [abiFunction],
        functionName: abiFunction.name,
        args: args.map((argument, index) => {
          const parameter = abiFunction.inputs[index];
          return parameter ? toAbiValue(parameter, argument) : argument;
        }),
      }),
      abi: errors,
    },
    { timelock: inputs.timelock as Address | undefined, role: inputs.role },
    (message) => context.log(message),
  );
}

async function fillIn(value: unknown, inputs: Inputs, current: unknown, client: PublicClient): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  if ("placeholder" in value) {
    return value.placeholder === "shortfall"
      ? (integerOf(inputs.value) - integerOf(current ?? 0)).toString()
      : inputs.value;
  }
  if ("read" in value) return await readValue(client, inputs.target as Address, readSchema.parse(value.read));
  return value;
}

async function readValue(client: PublicClient, target: Address, read: Read): Promise<unknown> {
  const abiFunction = functionOf(read.signature);
  const address = (read.target ?? target) as Address;
  const returned = await client
    .readContract({
      address,
      abi: [abiFunction],
      functionName: abiFunction.name,
      args: read.args.map((argument, index) => {
        const parameter = abiFunction.inputs[index];
        return parameter ? toAbiValue(parameter, argument) : argument;
      }),
    })
    .catch((cause: unknown) => {
      throw new SettingUnreadableError(address, read.signature, cause);
    });
  const value: unknown = abiFunction.outputs.length > 1 ? (returned as unknown[])[read.result] : returned;
  return fromAbiValue(value);
}

/** Whether a current value is what a setting wants. Addresses and bytes, and only these, compare without regard to case. */
export function satisfies(setting: Pick<Inputs, "value" | "compare">, current: unknown): boolean {
  if (setting.compare === "atLeast") return integerOf(current) >= integerOf(setting.value);
  return canonical(current) === canonical(setting.value);
}

/** An integer in any of the ways in which settings and contracts give one. */
function integerOf(value: unknown): bigint {
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return BigInt(value);
  throw new TypeError(`${JSON.stringify(value)} is not an integer`);
}

function isInteger(value: unknown): boolean {
  return /^-?\d+$/.test(typeof value === "number" || typeof value === "string" ? String(value) : "");
}

function canonical(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : typeof inner === "number" || typeof inner === "boolean"
        ? String(inner)
        : typeof inner === "string" && /^0x[0-9a-f]*$/i.test(inner)
          ? inner.toLowerCase()
          : inner,
  );
  return text;
}

function functionOf(signature: string): AbiFunction {
  const [item] = parseAbi([signature]) as Abi;
  if (item?.type !== "function") throw new Error(`not a function signature: ${signature}`);
  return item;
}

function isFunctionSignature(text: string): boolean {
  try {
    functionOf(text);
    return true;
  } catch {
    return false;
  }
}

function shorten(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 24 ? `${text.slice(0, 20)}...` : text;
}
