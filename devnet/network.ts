import { z } from "zod";
import { type Address, type Hex } from "viem";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { outputs } from "../engine/index.ts";
import { EthstakeError } from "../lib/errors.ts";
import { projectRoot } from "../lib/paths.ts";

const address = z.custom<Address>((value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value));
const hex = z.custom<Hex>((value) => typeof value === "string" && value.startsWith("0x"));

const networkSchema = z.object({
  directory: z.string(),
  executionRpc: z.string(),
  beaconApi: z.string(),
  nodes: z.array(z.object({ name: z.string(), keymanager: z.object({ url: z.string(), tokenFile: z.string() }) })),
  accounts: z.record(z.string(), z.object({ address, keyFile: z.string() })),
  genesisTime: z.number(),
  secondsPerSlot: z.number(),
  slotsPerEpoch: z.number(),
  contracts: z.record(z.enum([...PROTOCOL_CONTRACTS, "DepositContract"]), address),
  timelocks: z.object({ UpgradeTimelock: address, OperationsTimelock: address }).optional(),
  withdrawalCredentials: hex,
  operators: z.array(
    z.object({
      name: z.string(),
      operatorId: z.string(),
      keys: z.array(z.object({ node: z.string(), publicKeys: z.array(hex) })),
    }),
  ),
});

/** Where a devnet is: its stack's outputs. Whether it is as they say is for the proofs to tell. */
export type Network = z.infer<typeof networkSchema>;

/** There is no devnet of that name, or its first `up` did not finish. */
export class DevnetMissingError extends EthstakeError<{ stack: string }> {
  readonly code = "DEVNET_MISSING";
  constructor(stack: string) {
    super(`There is no finished devnet in stack ${stack}.`, { stack }, { remedy: "Start it with `npm run devnet`." });
  }
}

/** Reads where a devnet is from its stack. @throws {@link DevnetMissingError} */
export async function loadNetwork(stack: string): Promise<Network> {
  const { outputs: values } = await outputs({ projectDir: projectRoot, stack });
  const parsed = networkSchema.safeParse(values);
  if (!parsed.success) throw new DevnetMissingError(stack);
  return parsed.data;
}

/** One of the stack's accounts: its address, and the file with its key. */
export function accountOf(network: Network, name: string): Network["accounts"][string] {
  const found = network.accounts[name];
  if (!found) throw new Error(`the stack has no account ${name}`);
  return found;
}

/** The devnet's own validators, with the node that signs for each. */
export function ownValidators(network: Network): { readonly publicKey: Hex; readonly node: string }[] {
  return network.operators.flatMap(({ keys }) =>
    keys.flatMap(({ node, publicKeys }) => publicKeys.map((publicKey) => ({ publicKey, node }))),
  );
}
