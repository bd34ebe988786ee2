import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createPublicClient, http } from "viem";
import { buildContracts } from "../components/protocol/artifacts.ts";
import { loadNetwork } from "../devnet/network.ts";
import { outputs } from "../engine/index.ts";
import { runCommand } from "../lib/command.ts";
import { projectRoot } from "../lib/paths.ts";
import type { StackSettings } from "../stacks/settings.ts";
import { check, type Finding } from "./check.ts";
import { devnetDeployment, publicDeployment } from "./deployment.ts";
import { expectationsOf, type Deployment } from "./expected.ts";
import { loadSettings } from "./settings.ts";

const USAGE = "usage: npm run verify -- [--stack NAME] [--rpc URL] [--outputs FILE] [--json]";

/** `npm run verify`: compares the chain with a stack's settings, line by line, and changes nothing. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string", default: "devnet" },
      rpc: { type: "string" },
      outputs: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const settings = await loadSettings(values.stack);
  const [{ deployment, rpcUrl }] = await Promise.all([
    loadDeployment(values.stack, settings, values.outputs),
    buildContracts(),
  ]);
  const client = createPublicClient({
    transport: http(values.rpc ?? rpcUrl, { retryCount: 5, retryDelay: 1_000, timeout: 60_000 }),
  });
  const findings = await check(client, deployment, expectationsOf(deployment));
  process.stdout.write(`${values.json ? JSON.stringify({ findings }) : render(findings)}\n`);
  return findings.every(({ equal }) => equal) ? 0 : 1;
}

/** What is to be on the chain, and the execution client to ask. @param file outputs as `pulumi stack output --json` writes them */
async function loadDeployment(
  stack: string,
  settings: StackSettings,
  file: string | undefined,
): Promise<{ deployment: Deployment; rpcUrl: string | undefined }> {
  if (settings.network === "devnet") {
    const network = await loadNetwork(stack);
    return { deployment: devnetDeployment(settings, network), rpcUrl: network.executionRpc };
  }
  const values: unknown = file
    ? JSON.parse(readFileSync(file, "utf8"))
    : (await outputs({ projectDir: projectRoot, stack })).outputs;
  return { deployment: publicDeployment(stack, settings, values), rpcUrl: settings.protocol?.rpcUrl };
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
