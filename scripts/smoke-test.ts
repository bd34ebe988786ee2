// `npm run smoke-test -- --stack NAME`: does a running stack do what it is for? Reads the chain and the beacon node, changes nothing.
//   --rpc URL        another execution client than the stack's
//   --beacon URL     a beacon node; a devnet has its own, a public stack's are on the machines' loopback (ssh -L)
//   --outputs FILE   outputs as `pulumi stack output --json` writes them, where the stack was made with the Pulumi CLI
//   --json           { ok, stack, checks: [{ status, what, figure, fix }] }
// Exits 1 when a check failed.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createPublicClient, http, type Address, type Hex } from "viem";
import { loadNetwork, ownValidators } from "../devnet/network.ts";
import { outputs } from "../engine/index.ts";
import { runCommand } from "../lib/command.ts";
import { projectRoot } from "../lib/paths.ts";
import { NETWORKS } from "../stacks/networks.ts";
import { publicDeployment } from "../verify/deployment.ts";
import { loadSettings } from "../verify/settings.ts";
import { allHold, renderOutcomes, runChecks } from "./checks.ts";
import { patience, smokeChecks, type SmokeTarget } from "./smoke.ts";

const USAGE = "usage: npm run smoke-test -- --stack NAME [--rpc URL] [--beacon URL] [--outputs FILE] [--json]";

interface Options {
  readonly rpc?: string | undefined;
  readonly beacon?: string | undefined;
  readonly outputs?: string | undefined;
}

runCommand(async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string" },
      rpc: { type: "string" },
      beacon: { type: "string" },
      outputs: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || values.stack === undefined) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const { stack } = values;
  const target = await targetOf(stack, values);
  const outcomes = await runChecks(smokeChecks(target), patience(target));
  const ok = allHold(outcomes);
  process.stdout.write(`${values.json ? JSON.stringify({ ok, stack, checks: outcomes }) : renderOutcomes(outcomes)}\n`);
  return ok ? 0 : 1;
});

/** Where a stack is, from its outputs. @throws DevnetMissingError, NoProtocolError */
async function targetOf(stack: string, options: Options): Promise<SmokeTarget> {
  const settings = await loadSettings(stack);
  const clientOf = (url: string | undefined): SmokeTarget["client"] =>
    createPublicClient({ transport: http(options.rpc ?? url, { retryCount: 1, timeout: 15_000 }) });
  if (settings.network === "devnet") {
    const network = await loadNetwork(stack);
    return {
      client: clientOf(network.executionRpc),
      chainId: settings.devnet.chainId,
      addresses: network.contracts,
      timelocks: network.timelocks ?? {},
      beaconApi: options.beacon ?? network.beaconApi,
      secondsPerSlot: network.secondsPerSlot,
      validators: ownValidators(network).map(({ publicKey }) => publicKey),
    };
  }
  const values: unknown = options.outputs
    ? JSON.parse(readFileSync(options.outputs, "utf8"))
    : (await outputs({ projectDir: projectRoot, stack })).outputs;
  const { addresses, timelocks } = publicDeployment(stack, settings, values);
  const { chainId, secondsPerSlot } = NETWORKS[settings.network];
  return {
    client: clientOf(settings.protocol?.rpcUrl),
    chainId,
    addresses,
    timelocks: Object.fromEntries(
      Object.entries(timelocks ?? {}).map(([name, { address }]): [string, Address] => [name, address]),
    ),
    beaconApi: options.beacon,
    secondsPerSlot,
    validators: settings.nodes.flatMap(({ validator }) => (validator?.publicKeys ?? []) as Hex[]),
  };
}
