import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createPublicClient, http, type Address } from "viem";
import { parse } from "yaml";
import { buildContracts } from "../components/protocol/artifacts.ts";
import { accountOf, loadNetwork, type Network } from "../devnet/network.ts";
import { runCommand } from "../lib/command.ts";
import { EthstakeError } from "../lib/errors.ts";
import { projectPath } from "../lib/paths.ts";
import { ADMIN_ACCOUNT, committees, roleHolders, TREASURY_ACCOUNT } from "../stacks/devnet-accounts.ts";
import { settingsOf } from "../stacks/namespace.ts";
import { parseSettings, type Settings } from "../stacks/settings.ts";
import { check, type Finding } from "./check.ts";
import { expectationsOf, type Deployment } from "./expected.ts";

const USAGE = "usage: npm run verify -- [--stack NAME] [--rpc URL] [--json]";

/** There is no settings file for the stack. */
export class StackFileMissingError extends EthstakeError<{ file: string }> {
  readonly code = "STACK_FILE_MISSING";
  constructor(file: string) {
    super(`There is no ${file}.`, { file }, { remedy: "Name a stack that has one, with -- --stack NAME." });
  }
}

/** `npm run verify`: compares the chain with a stack's settings, line by line, and changes nothing. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string", default: "devnet" },
      rpc: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const settings = readSettings(values.stack);
  const [network] = await Promise.all([loadNetwork(values.stack), buildContracts()]);
  const deployment = deploymentOf(settings, network);
  const client = createPublicClient({
    transport: http(values.rpc ?? network.executionRpc, { retryCount: 2, timeout: 60_000 }),
  });
  const findings = await check(client, deployment, expectationsOf(deployment));
  process.stdout.write(`${values.json ? JSON.stringify({ findings }) : render(findings)}\n`);
  return findings.every(({ equal }) => equal) ? 0 : 1;
}

function readSettings(stack: string): Settings {
  const file = `Pulumi.${stack}.yaml`;
  if (!existsSync(projectPath(file))) throw new StackFileMissingError(file);
  const { config = {} } = parse(readFileSync(projectPath(file), "utf8")) as { config?: Record<string, unknown> };
  return parseSettings(settingsOf(config));
}

/** What the settings and the stack's outputs say. */
function deploymentOf(settings: Settings, network: Network): Deployment {
  const account = (name: string): Address => accountOf(network, name).address;
  const { governance } = settings.protocol;
  return {
    addresses: network.contracts,
    ...(governance && network.timelocks
      ? {
          timelocks: {
            UpgradeTimelock: {
              address: network.timelocks.UpgradeTimelock,
              delaySeconds: governance.upgradeDelaySeconds,
            },
            OperationsTimelock: {
              address: network.timelocks.OperationsTimelock,
              delaySeconds: governance.operationsDelaySeconds,
            },
          },
        }
      : {}),
    admin: account(ADMIN_ACCOUNT),
    treasury: account(TREASURY_ACCOUNT),
    roles: roleHolders(account),
    committees: committees(account),
    time: {
      genesisTime: network.genesisTime,
      secondsPerSlot: network.secondsPerSlot,
      slotsPerEpoch: network.slotsPerEpoch,
    },
    parameters: settings.protocol,
    verifiers: settings.protocol.verifiers,
    withdrawalCredentials: network.withdrawalCredentials,
  };
}

function render(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const different = findings.filter(({ equal }) => !equal).length;
  return [
    ...findings.map(({ subject, wanted, found, equal }) =>
      equal
        ? `  equal    ${subject.padEnd(width)}  ${found}`
        : `  DIFFERS  ${subject.padEnd(width)}  wanted ${wanted}, found ${found}`,
    ),
    `${findings.length - different} equal, ${different} different`,
  ].join("\n");
}

runCommand(main);
