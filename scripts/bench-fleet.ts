/**
 * Benchmark of a large stack's preview: 100 machines at three providers, each with a node and 100 validators, on simulated clouds; beside
 * the preview of as many bare resources in the same run. `node lib/run.cjs scripts/bench-fleet.ts [--nodes 100] [--keys 100]`
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildContracts } from "../components/protocol/artifacts.ts";
import * as engine from "../engine/index.ts";
import { runCommand } from "../lib/command.ts";
import { projectRoot, RUNNER } from "../lib/paths.ts";
import { policies } from "../policy/engine.ts";
import { configurationOf } from "../stacks/namespace.ts";
import { simulatedClouds } from "../tests/clouds/plugins.ts";
import { benchEngine, processTreeMiB } from "./bench-engine.ts";

/** A preview may take so many times as long as one of as many bare resources (design.md, "Numbers to hold"). */
const LIMIT = 2;
const TARGETS = [
  { kind: "aws", region: "eu-central-1", availabilityZone: "eu-central-1a", instanceType: "r7i.2xlarge" },
  { kind: "digitalocean", region: "ams3", size: "so1_5-8vcpu-64gb" },
  { kind: "hetzner", location: "nbg1", serverType: "ccx43", termsAcknowledged: true },
] as const;

/** What a fleet's preview came to. */
interface FleetPreview {
  readonly resources: number;
  readonly ms: number;
}

/** Settings of a fleet, as a stack's configuration. */
function fleet(nodes: number, keys: number): Record<string, string> {
  const numbers = Array.from({ length: nodes }, (_, index) => index);
  const settings = {
    network: "hoodi",
    acknowledgedForks: ["Glamsterdam"],
    hosts: numbers.map((index) => ({
      name: `host-${index}`,
      target: TARGETS[index % TARGETS.length],
      dataVolume: { sizeGiB: 1_000, ...(index % TARGETS.length === 0 ? { iops: 6_000, throughputMBps: 500 } : {}) },
      sshAllow: ["198.51.100.7/32"],
    })),
    nodes: numbers.map((index) => ({
      name: `node-${index}`,
      host: `host-${index}`,
      execution: [{ client: "nethermind" }],
      consensus: [{ client: "nimbus" }],
      validator: { client: "nimbus" },
    })),
    deployment: {
      executionRewardsVault: "0x7777777777777777777777777777777777777777",
      withdrawalVault: "0x8888888888888888888888888888888888888888",
      operatorRegistry: "0x9999999999999999999999999999999999999999",
      stakingPool: "0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa",
      rpcUrl: "http://127.0.0.1:8545",
      accounts: { manager: { address: "0x5555555555555555555555555555555555555555", keyFile: "keys/bench.key" } },
    },
    operators: [
      {
        name: "operator",
        manager: "manager",
        bond: "2000",
        keys: numbers.map((index) => ({ node: `node-${index}`, count: keys })),
      },
    ],
  };
  return configurationOf(settings);
}

/** Previews a fleet in this process. */
async function preview(nodes: number, keys: number): Promise<FleetPreview> {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-fleet-"));
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "simulated";
  try {
    const begun = performance.now();
    const result = await engine.preview({
      projectDir: projectRoot,
      stack: "fleet",
      stateDir: join(folder, "state"),
      plugins: simulatedClouds(join(folder, "clouds")),
      config: fleet(nodes, keys),
      policies,
    });
    if (!result.ok) throw new Error(result.error ?? result.diagnostics.map(({ message }) => message).join("\n"));
    return { resources: result.changes.create, ms: performance.now() - begun };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Previews a fleet in a process of its own. @returns with the peak memory of engine, program and providers, in MiB */
async function measured(nodes: number, keys: number): Promise<FleetPreview & { readonly totalMiB: number }> {
  const child = spawn(
    process.execPath,
    [RUNNER, fileURLToPath(import.meta.url), "--alone", "--nodes", String(nodes), "--keys", String(keys)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let stdout = "";
  let totalMiB = 0;
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const timer = setInterval(() => (totalMiB = Math.max(totalMiB, processTreeMiB(child.pid ?? 0))), 250);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error("the preview of the fleet failed");
  return { ...(JSON.parse(stdout) as FleetPreview), totalMiB };
}

runCommand(async (args) => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: "string", default: "100" },
      keys: { type: "string", default: "100" },
      alone: { type: "boolean", default: false },
    },
  });
  const [nodes, keys] = [Number(values.nodes), Number(values.keys)];
  if (values.alone) {
    process.stdout.write(JSON.stringify(await preview(nodes, keys)));
    return 0;
  }
  // Compiling is no part of a preview of what has not changed.
  await buildContracts();
  const own = await measured(nodes, keys);
  const bare = (await benchEngine([own.resources])).find(({ operation }) => operation === "preview");
  if (!bare) throw new Error("the baseline was not measured");
  const ratio = own.ms / bare.ms;
  process.stdout.write(
    `preview of ${nodes} nodes with ${nodes * keys} validators (${own.resources} resources): ${(own.ms / 1000).toFixed(1)} s, ${own.totalMiB.toFixed(0)} MiB\n` +
      `preview of ${own.resources} bare resources: ${(bare.ms / 1000).toFixed(1)} s, ${bare.totalMiB.toFixed(0)} MiB\n` +
      `ratio ${ratio.toFixed(2)} (limit ${LIMIT})\n`,
  );
  return ratio <= LIMIT ? 0 : 1;
});
