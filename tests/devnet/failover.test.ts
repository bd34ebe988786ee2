import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROTOCOL_CONTRACTS } from "../../components/protocol/contracts.ts";
import { isRunning } from "../../lib/process.ts";
import { findCommand } from "../../provider/process/launch.ts";
import type { SupervisorStatus } from "../../provider/process/status.ts";
import { ParticipationRecorder, type Participation } from "./participation.ts";
import { consensusConfig, executionConfig, nodeConfig, ProjectCopy } from "./project.ts";

const STACK = "failover";
/** geth, where there is one, is what a devnet with standbys wants: its transactions reach whoever proposes. */
const EXECUTION = (await findCommand("geth")) ? "geth" : "ethereumjs";
/** Epochs for which a client stays down: more than may cost attestations. */
const DOWN_EPOCHS = 3;
/** Most epochs in which attestations may be missed when a client dies. */
const LOST_EPOCHS = 2;
/** Score at which Lodestar's validator client asks a beacon node alone (URL_SCORE_MAX of @lodestar/api's client). */
const TRUSTED = 10;

const lost = (epochs: readonly Participation[]): number[] =>
  epochs.filter(({ missed }) => missed > 0).map(({ epoch }) => epoch);
/** What was lost, in epochs' worth of attestations. */
const lostEpochs = (epochs: readonly Participation[]): number =>
  epochs.reduce((sum, { missed, active }) => sum + missed / active, 0);

interface Output {
  readonly nodes: { readonly name: string; readonly executionRpc: string; readonly beaconApis: readonly string[] }[];
}

describe(`a node with standby clients beside a second node, on ${EXECUTION}`, () => {
  const project = new ProjectCopy();
  let recorder: ParticipationRecorder;
  const recorders: ParticipationRecorder[] = [];
  let metricsPort: number;
  let nodes: Output["nodes"] = [];
  const chainFile = (): string => project.path(".ethstake", STACK, "genesis", "consensus.json");

  beforeAll(async () => {
    const [execution, consensus, second] = [
      await executionConfig(),
      await consensusConfig(),
      await nodeConfig("node-2"),
    ];
    await project.addStack(STACK, ({ nodes, operators }) => {
      const [first] = nodes;
      const [operator] = operators;
      if (!first || !operator) throw new Error("the settings have neither node nor operator");
      first.execution.push(execution);
      first.consensus.push(consensus);
      nodes.push(second);
      for (const client of nodes.flatMap((node) => node.execution)) client["client"] = EXECUTION;
      operator.keys = ["node-1", "node-2"].map((node) => ({ node, count: 1 }));
      metricsPort = Number(first.validator["metricsPort"]);
    });
  });
  afterAll(async () => {
    await Promise.all(recorders.map((each) => each.stop()));
    await project.dispose();
  });

  /** Looks at the chain through one of the first node's beacon nodes from now on. */
  const watch = async (place: number): Promise<void> => {
    recorder = await ParticipationRecorder.start(chainFile(), nodes[0]?.beaconApis[place] ?? "");
    recorders.push(recorder);
  };
  const stack = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, value, stderr } = await project.json("stack", [...args, "--stack", STACK]);
    expect(code, stderr).toBe(0);
    return value;
  };
  const statusOf = (name: string): SupervisorStatus =>
    JSON.parse(
      readFileSync(project.path(".ethstake", STACK, "processes", name, "status.json"), "utf8"),
    ) as SupervisorStatus;
  const NAMES = [
    "node-1-execution",
    "node-1-execution-standby",
    "node-1-beacon",
    "node-1-beacon-standby",
    "node-1-validator",
    "node-2-execution",
    "node-2-beacon",
    "node-2-validator",
  ];
  const statuses = (except?: string) => NAMES.filter((name) => name !== except).map(statusOf);

  /** Kills a client for good: whatever would restart it first. */
  const kill = (name: string): void => {
    const { supervisor, child } = statusOf(name);
    for (const identity of [supervisor, child])
      if (identity && isRunning(identity)) process.kill(identity.pid, "SIGKILL");
  };

  /** Which beacon nodes the first node's validator client trusts, and how often it asked another than the first. */
  const validatorClient = async (): Promise<{ scores: number[]; fallbacks: number }> => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const values = (name: string): number[] =>
      [...text.matchAll(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "gm"))].map(([, value]) => Number(value));
    return {
      scores: values("vc_rest_api_client_urls_score"),
      fallbacks: values("vc_rest_api_client_request_to_fallbacks_total").reduce((sum, value) => sum + value, 0),
    };
  };

  const untilEpochs = async (count: number): Promise<void> => {
    for (const end = recorder.epoch + count; recorder.epoch < end; ) await sleep(250);
  };

  /** Waits until the network stands: two epochs in a row without a miss. */
  const untilCalm = async (): Promise<void> => {
    for (const from = recorder.epoch; ; ) {
      const last = recorder.completeSince(from).slice(-2);
      if (last.length === 2 && lost(last).length === 0) return;
      await sleep(250);
    }
  };

  /** Waits until the validator client asks its primary alone, for a whole epoch. */
  const untilSwitchedBack = async (): Promise<void> => {
    for (;;) {
      const before = await validatorClient();
      await untilEpochs(1);
      const { scores, fallbacks } = await validatorClient();
      if (scores[0] === TRUSTED && fallbacks === before.fallbacks) return;
    }
  };

  /** What a process's end costs while it is gone; then it is repaired, used again, and the network stands. */
  const endure = async (name: string): Promise<Participation[]> => {
    const others = statuses(name);
    const epoch = recorder.epoch;
    const { fallbacks } = await validatorClient();
    kill(name);
    await untilEpochs(DOWN_EPOCHS);
    const down = await validatorClient();
    expect(down.scores[0]).toBeLessThan(TRUSTED);
    expect(down.fallbacks).toBeGreaterThan(fallbacks);

    const { changes } = await stack("up", "--yes");
    expect(changes).toMatchObject({ create: 0, update: 1, replace: 0, delete: 0 });
    expect(statuses(name)).toEqual(others);
    await untilSwitchedBack();
    await untilCalm();
    const epochs = recorder.completeSince(epoch);
    console.log(
      `devnet: ${name} down from epoch ${epoch} on: missed ${epochs.map(({ missed, active }) => `${missed}/${active}`).join(" ")}`,
    );
    return epochs.slice(0, DOWN_EPOCHS);
  };

  it("comes up with all of its processes, and changes nothing in a second run", async () => {
    await stack("up", "--yes");
    const before = statuses();
    const { changes } = await stack("up", "--yes");
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    expect(statuses()).toEqual(before);
    ({ nodes } = (await stack("output")) as unknown as Output);
    const { value } = await project.json("devnet:status", ["--stack", STACK]);
    const { proofs } = value as unknown as { proofs: { claim: string; holds: boolean }[] };
    expect(
      proofs.filter(({ claim, holds }) => holds && /head advances|built code|fee recipient of/.test(claim)),
    ).toHaveLength(3 + PROTOCOL_CONTRACTS.length);
    await watch(1);
    await untilCalm();
    for (const api of nodes.flatMap(({ beaconApis }) => beaconApis)) {
      const response = await fetch(`${api}/eth/v1/node/peers?state=connected`);
      expect(((await response.json()) as { data: unknown[] }).data).toHaveLength(2);
    }
  });

  it("loses attestations of two epochs at most when its primary beacon node dies, and goes back to it", async () => {
    const epochs = await endure("node-1-beacon");
    expect(lost(epochs).length).toBeLessThanOrEqual(LOST_EPOCHS);
  });

  // The beacon node lives on without it, and answers until the others are more than a slot ahead: single slots are lost for longer.
  it("loses two epochs' worth of attestations at most when its primary execution client dies, and goes back to it", async () => {
    const epochs = await endure("node-1-execution");
    expect(lostEpochs(epochs)).toBeLessThanOrEqual(LOST_EPOCHS);
  });

  it("does without its standbys afterwards: the primaries carry it again", async () => {
    await watch(0);
    const { epoch } = recorder;
    kill("node-1-execution-standby");
    kill("node-1-beacon-standby");
    await recorder.untilComplete(epoch + 2);
    const epochs = recorder.completeSince(epoch).slice(0, 3);
    console.log(`devnet: standbys killed in epoch ${epoch}: missed ${epochs.map(({ missed }) => missed).join(" ")}`);
    expect(epochs).toHaveLength(3);
    expect(lost(epochs).length).toBeLessThanOrEqual(LOST_EPOCHS);
  });
});
