import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BeaconClient, epochAt } from "../../provider/beacon/api.ts";
import { findCommand } from "../../provider/process/launch.ts";
import { nodeConfig, ProjectCopy } from "./project.ts";

const STACK = "keys";
/** geth, where there is one: what is asked here is of the validator clients. */
const EXECUTION = (await findCommand("geth")) ? "geth" : "ethereumjs";

describe(`keys of a devnet with two nodes, on ${EXECUTION}`, () => {
  const project = new ProjectCopy();
  let beaconApi = "";
  let epochMs = 0;

  beforeAll(async () => {
    const second = await nodeConfig("node-2");
    await project.addStack(STACK, ({ nodes, operators }) => {
      nodes.push(second);
      for (const client of nodes.flatMap((node) => node.execution)) client["client"] = EXECUTION;
      const [operator] = operators;
      if (operator) operator.keys = ["node-1", "node-2"].map((node) => ({ node, count: 1 }));
    });
  });
  afterAll(() => project.dispose());

  const stack = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, value, stderr } = await project.json("stack", [...args, "--stack", STACK]);
    expect(code, stderr).toBe(0);
    return value;
  };

  it("are active on the chain, one at each node", async () => {
    // It goes on to prove things that other suites look at: killed once the validators attest, it leaves a network that stands.
    const { child, result } = project.start("devnet", ["--stack", STACK]);
    const ended = result.then(() => true);
    const active = async (): Promise<boolean> => {
      const { value } = await project.json("stack", ["output", "--stack", STACK]);
      if (typeof value["beaconApi"] !== "string") return false;
      beaconApi = value["beaconApi"];
      epochMs = Number(value["secondsPerSlot"]) * Number(value["slotsPerEpoch"]) * 1000;
      const keys = (await listed()).map(({ publicKey }) => publicKey);
      const validators = await beacon().validators(keys);
      return keys.length === 2 && validators.filter(({ status }) => status === "active_ongoing").length === 2;
    };
    while (!(await active().catch(() => false))) if (await Promise.race([ended, sleep(2_000, false)])) break;
    child.kill("SIGKILL");
    // A key that is active and has signed nothing has no history, and would not be moved.
    await sleep(5 * epochMs);
    const { code, stderr } = await result;
    // -1 for the one that was killed.
    expect([0, -1], stderr).toContain(code);
    expect(await active()).toBe(true);
  });

  interface Key {
    readonly publicKey: Hex;
    readonly node: string;
    readonly client?: string;
  }
  const listed = async (): Promise<Key[]> => {
    const { value } = await project.json("keys", ["list", "--stack", STACK]);
    return value["keys"] as Key[];
  };
  const beacon = (): BeaconClient => new BeaconClient(beaconApi);
  /** The epoch that the clock is in. */
  const epoch = async (): Promise<number> => epochAt(await beacon().chainFacts(), Date.now() / 1000);
  /** Runs a command until it says something, and kills it there. */
  const killedAt = async (words: string, args: readonly string[]): Promise<void> => {
    const { child, result } = project.start("keys", [...args, "--stack", STACK]);
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(words)) child.kill("SIGKILL");
    });
    const { stderr } = await result;
    expect(stderr).toContain(words);
  };

  it("move to another node's validator client, though the move is killed at its steps, and attest there", async () => {
    const [key, other] = await listed();
    if (!key || !other) throw new Error("the operator has two keys");
    expect(key).toMatchObject({ node: "node-1", client: `${STACK}/node-1/lodestar` });
    const [validator] = await beacon().validators([key.publicKey]);
    expect(validator?.status).toBe("active_ongoing");
    await killedAt("stopping", ["move", "--from", "node-1", "--to", "node-2", "--keys", key.publicKey]);
    await killedAt("watching", ["resume"]);
    // The key is at no client now, and a run that would load it again is refused: its note names the move.
    await project.json("stack", ["refresh", "--yes", "--stack", STACK]);
    const refused = await project.run("stack", ["up", "--yes", "--stack", STACK]);
    expect(`${refused.stdout}${refused.stderr}`).toMatch(/was loaded into .*move /);
    await killedAt("loading", ["resume"]);
    const { code, stderr } = await project.run("keys", ["resume", "--stack", STACK]);
    expect(code, stderr).toBe(0);
    expect((await listed())[0]).toMatchObject({ publicKey: key.publicKey, client: `${STACK}/node-2/lodestar` });

    for (const first = await epoch(); ; ) {
      const current = await epoch();
      await sleep(epochMs);
      if ((await beacon().live(current, [validator?.index ?? 0])).size === 1) break;
      expect(current - first).toBeLessThan(6);
    }
    const [after] = await beacon().validators([key.publicKey]);
    expect(after?.status).toBe("active_ongoing");
  });

  it("are where the settings say once they say it, and nothing is loaded twice", async () => {
    project.changeStack(STACK, ({ operators }) => {
      const [operator] = operators;
      if (operator) operator.keys = [1, 2].map(() => ({ node: "node-2", count: 1 }));
    });
    await stack("up", "--yes");
    const { changes } = await stack("up", "--yes");
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    expect((await listed()).map(({ client }) => client)).toEqual([
      `${STACK}/node-2/lodestar`,
      `${STACK}/node-2/lodestar`,
    ]);
  });

  it("leave a log that is whole and says all of it, without a secret", async () => {
    const { code, value } = await project.json("keys", ["audit", "--stack", STACK]);
    expect(code).toBe(0);
    const operations = (value["lines"] as { operation: string }[]).map(({ operation }) => operation);
    for (const operation of ["stored", "loaded", "move-begun", "unloaded", "safe", "moved"])
      expect(operations).toContain(operation);
    const folder = project.path(".ethstake", STACK, "keys", "alice");
    const words = readFileSync(join(folder, "mnemonic"), "utf8").trim();
    expect(JSON.stringify(value).includes(words.split(" ").slice(0, 3).join(" "))).toBe(false);
  });
});
