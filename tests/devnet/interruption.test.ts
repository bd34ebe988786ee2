import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createPublicClient, http, parseAbiItem, type Address, type Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isProxied, PROTOCOL_CONTRACTS } from "../../components/protocol/contracts.ts";
import { DETERMINISTIC_DEPLOYER } from "../../provider/chain/artifact.ts";
import { filesBelow } from "./secrets.ts";
import { ProjectCopy } from "./project.ts";

const STACK = "killed";
/** Kills of the engine during one first `up`: a few by default, 20 with ETHSTAKE_KILLS=20. */
const KILLS = Number(process.env["ETHSTAKE_KILLS"] ?? "5");
/** Seed of the moments, so that a failure can be repeated. */
const SEED = Number(process.env["ETHSTAKE_KILL_SEED"] ?? "20261121");
/** Latest moment of a kill after its engine's start, in milliseconds: beyond what a clean run of what remains takes. */
const LATEST_KILL_MS = 20_000;
const DEPOSIT_EVENT = parseAbiItem(
  "event DepositEvent(bytes pubkey, bytes withdrawal_credentials, bytes amount, bytes signature, bytes index)",
);

interface Status {
  executionRpc: string;
  keymanagerApis: { url: string; tokenFile: string }[];
  contracts: Record<string, Address>;
  validators: { pubkey: Hex }[];
  proofs: { claim: string; holds: boolean }[];
}

describe(`an engine killed ${KILLS} times during its first up (seed ${SEED})`, () => {
  const project = new ProjectCopy();
  beforeAll(() => project.addStack(STACK));
  afterAll(() => project.dispose());

  it("converges at the next up, with nothing made twice", async () => {
    const random = seeded(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, result } = project.start("stack", ["up", "--yes", "--stack", STACK]);
      const moment = 500 + random() * (LATEST_KILL_MS - 500);
      await Promise.race([sleep(moment), result]);
      child.kill("SIGKILL");
      await result;
    }
    const { code, stderr } = await project.json("stack", ["up", "--yes", "--stack", STACK]);
    expect(code, stderr).toBe(0);
    const again = await project.json("stack", ["up", "--yes", "--stack", STACK]);
    expect(again.value["changes"]).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });

    const { value } = await project.json("devnet:status", ["--stack", STACK]);
    const status = value as unknown as Status;
    const client = createPublicClient({ transport: http(status.executionRpc) });

    // Every deployment went through the deployer: each contract's code once, and its proxy where it has one.
    const head = await client.getBlockNumber();
    const targets: (Address | null)[] = [];
    for (let number = 1n; number <= head; number++) {
      const block = await client.getBlock({ blockNumber: number, includeTransactions: true });
      targets.push(...block.transactions.map(({ to }) => to));
    }
    expect(targets.filter((to) => to?.toLowerCase() === DETERMINISTIC_DEPLOYER.toLowerCase())).toHaveLength(
      PROTOCOL_CONTRACTS.length + PROTOCOL_CONTRACTS.filter(isProxied).length,
    );

    const deposits = await client.getLogs({
      address: status.contracts["DepositContract"] ?? "0x",
      event: DEPOSIT_EVENT,
      fromBlock: 0n,
    });
    expect(deposits.map(({ args }) => args.pubkey).sort()).toEqual(
      status.validators.map(({ pubkey }) => pubkey).sort(),
    );

    const keystores = filesBelow(project.path(".ethstake", STACK, "keys")).filter((file) => file.endsWith(".json"));
    expect(keystores).toHaveLength(2);
    const processes = filesBelow(project.path(".ethstake", STACK, "processes"))
      .filter((file) => file.endsWith("status.json"))
      .map((file) => basename(dirname(file)));
    expect(processes.sort()).toEqual([
      ...["keeper-1", "keeper-2", "keeper-3"],
      ...["node-1-beacon", "node-1-execution", "node-1-validator"],
    ]);
  });
});

/** mulberry32: a small generator, the same numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
