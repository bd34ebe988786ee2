import { runCommand } from "../../lib/command.ts";
import { connectChain } from "../../provider/chain/client.ts";
import { BeaconReader } from "../keeper/beacon/reader.ts";
import { RegistryIndex } from "../keeper/protocol/registry.ts";
import type { Protocol } from "../keeper/protocol/protocol.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { collect } from "./collect.ts";
import { findPlace } from "./place.ts";
import { askKeeper } from "./keeper-counters.ts";
import { observe } from "./prometheus.ts";
import { renderCsv, renderJson, renderText } from "./render.ts";
import { reportOf } from "./report.ts";

const RENDER = { text: renderText, json: renderJson, csv: renderCsv } as const;

/** `npm run report`: what validators and operators did and earned. Reads only. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const options = readArguments(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { chainId, rpcUrl, beacon, contracts, fromBlock, keeper } = await findPlace(options);
  const client = await connectChain({ rpcUrl, chainId });
  const registry = new RegistryIndex(client, contracts.OperatorRegistry, BigInt(fromBlock));
  const reader = new BeaconReader(beacon);
  const protocol: Protocol = { client, beacon: reader, contracts, fromBlock: BigInt(fromBlock), registry };
  const observations = options.prometheus === undefined ? [] : await observe(options.prometheus);
  const { stack, days, operator, format } = options;
  const seen = await collect(protocol, {
    stack,
    chainId,
    days,
    operator,
    observations,
    ...(keeper === undefined ? {} : { askKeeper: () => askKeeper(keeper) }),
  });
  process.stdout.write(RENDER[format](reportOf(seen)));
  return 0;
}

runCommand(main);
