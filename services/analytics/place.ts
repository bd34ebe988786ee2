import { readFile } from "node:fs/promises";
import { getAddress, isAddress, type Address } from "viem";
import { z } from "zod";
import { PROTOCOL_CONTRACTS } from "../../components/protocol/contracts.ts";
import { outputs } from "../../engine/index.ts";
import { errorMessage } from "../../lib/errors.ts";
import { projectRoot } from "../../lib/paths.ts";
import { BeaconClient } from "../../provider/beacon/api.ts";
import { sshSchema } from "../../provider/remote/ssh.ts";
import { NETWORKS } from "../../stacks/networks.ts";
import type { StackSettings } from "../../stacks/settings.ts";
import { loadSettings } from "../../verify/settings.ts";
import type { Contracts } from "../keeper/protocol/protocol.ts";
import type { ReportArguments } from "./arguments.ts";
import { ReportArgumentError } from "./errors.ts";

/** Where a stack's protocol is, and whom to ask about it. */
export interface Place {
  readonly chainId: number;
  readonly rpcUrl: string;
  readonly beacon: BeaconClient;
  readonly contracts: Contracts;
  readonly fromBlock: number;
  /** A keeper's metrics and health. */
  readonly keeper: string | undefined;
}

const address = z.custom<Address>((value) => typeof value === "string" && isAddress(value));
const contractsSchema = z.record(z.enum([...PROTOCOL_CONTRACTS, "DepositContract"]), address);
const outputsSchema = z.object({
  executionRpc: z.string().optional(),
  beaconApi: z.string().optional(),
  contracts: z.record(z.string(), z.string()).optional(),
  // Those of a devnet have a URL; others listen on their hosts' loopback.
  keepers: z.array(z.object({ url: z.string().optional() })).optional(),
  signing: z
    .array(z.object({ beacon: z.object({ url: z.string(), ssh: sshSchema.optional() }) }))
    .optional()
    // Without --show-secrets the login is not there.
    .catch(undefined),
});

/** Finds a stack's protocol and nodes: in its outputs, its settings and the arguments, which come first. @throws {@link ReportArgumentError} */
export async function findPlace(args: ReportArguments): Promise<Place> {
  const settings = await loadSettings(args.stack);
  const found = outputsSchema.parse(await readOutputs(args));
  const rpcUrl = args.rpc ?? found.executionRpc ?? rpcOf(settings);
  if (rpcUrl === undefined)
    throw new ReportArgumentError("--rpc", "not given", "Give the URL of an execution client: the stack names none.");
  return {
    chainId: settings.network === "devnet" ? settings.devnet.chainId : NETWORKS[settings.network].chainId,
    rpcUrl,
    beacon: beaconOf(args, found),
    contracts: contractsOf(args.stack, settings, found.contracts),
    keeper: args.keeper ?? found.keepers?.find(({ url }) => url !== undefined)?.url,
    fromBlock: args.fromBlock ?? firstBlockOf(settings),
  };
}

async function readOutputs({ stack, outputs: file, beacon }: ReportArguments): Promise<unknown> {
  // The logins of hosts are secrets, and needed only to reach a beacon node there.
  if (file === undefined)
    return (await outputs({ projectDir: projectRoot, stack, showSecrets: beacon === undefined })).outputs;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new ReportArgumentError("--outputs", JSON.stringify(file), `It cannot be read: ${errorMessage(error)}`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ReportArgumentError(
      "--outputs",
      JSON.stringify(file),
      "It holds no JSON: write it with pulumi stack output --json.",
    );
  }
}

function beaconOf({ beacon }: ReportArguments, found: z.infer<typeof outputsSchema>): BeaconClient {
  const url = beacon ?? found.beaconApi;
  if (url !== undefined) return new BeaconClient(url);
  const [first] = found.signing ?? [];
  if (first) return new BeaconClient(first.beacon.url, first.beacon.ssh);
  throw new ReportArgumentError(
    "--beacon",
    "not given",
    "Give the URL of a beacon node: the stack's outputs name none.",
  );
}

function contractsOf(
  stack: string,
  settings: StackSettings,
  found: Readonly<Record<string, string>> | undefined,
): Contracts {
  const set =
    settings.network === "devnet"
      ? undefined
      : settings.deployment && {
          ...settings.deployment.contracts,
          DepositContract: NETWORKS[settings.network].depositContract,
        };
  const parsed = contractsSchema.safeParse(found ?? set);
  if (!parsed.success)
    throw new ReportArgumentError(
      "--stack",
      JSON.stringify(stack),
      "Run its up first, or name the protocol's contracts in deployment.contracts.",
    );
  return Object.fromEntries(
    Object.entries(parsed.data).map(([name, at]) => [name, getAddress(at)]),
  ) as unknown as Contracts;
}

function rpcOf(settings: StackSettings): string | undefined {
  return settings.network === "devnet" ? undefined : (settings.protocol?.rpcUrl ?? settings.deployment?.rpcUrl);
}

function firstBlockOf(settings: StackSettings): number {
  return settings.network === "devnet" ? 0 : (settings.keepers[0]?.fromBlock ?? 0);
}
