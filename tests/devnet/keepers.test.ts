import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createPublicClient,
  createWalletClient,
  http,
  keccak256,
  parseEther,
  publicActions,
  stringToHex,
  type Hex,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findMonitoringPrograms } from "../../components/monitoring/local.ts";
import { projectRoot } from "../../lib/paths.ts";
import { penaltyDue } from "../../lib/penalty.ts";
import { isRunning } from "../../lib/process.ts";
import { BeaconClient } from "../../provider/beacon/api.ts";
import { findCommand } from "../../provider/process/launch.ts";
import type { SupervisorStatus } from "../../provider/process/status.ts";
import { freePorts } from "../free-ports.ts";
import { ParticipationRecorder } from "./participation.ts";
import { BREACHED, CONSENSUS_ABI, EXITS_REQUESTED, POOL_ABI, QUEUE_ABI, SERVICE_ABI } from "./abi.ts";
import { EMPTY_ON_DEVNET, renderDashboards, toTable, type RenderedQuery } from "./dashboards.ts";
import type { Alert, Outputs } from "./outputs.ts";
import { nodeConfig, ProjectCopy } from "./project.ts";
import { SettlementRecorder } from "./settlements.ts";

const STACK = "keepers";
const EXECUTION = (await findCommand("geth")) ? "geth" : "ethereumjs";
const MONITORED = findMonitoringPrograms() !== undefined;
const WINDOW_EPOCHS = 8;
const FRAME_EPOCHS = 2;
/** Frames that are settled while keepers are killed. */
const FRAMES = 10;
const BOND = parseEther("2");
const TERMS = { allowedDowntimeBps: 30n, perMissedEpoch: 35_000n * 10n ** 9n, maxPenaltyBps: 1_000n };

describe(`three keepers, two operators, on ${EXECUTION}`, () => {
  const project = new ProjectCopy();
  const alerts: Alert[] = [];
  let webhook: Server;
  let outputs: Outputs;
  let client: PublicClient;
  let recorder: SettlementRecorder;
  let participation: ParticipationRecorder;
  const killing = new AbortController();
  let kills = 0;
  let killer: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    webhook = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        alerts.push(...(JSON.parse(body) as { alerts: Alert[] }).alerts);
        response.end();
      });
    });
    await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
    const { port } = webhook.address() as AddressInfo;
    const [second, [prometheusPort, alertmanagerPort]] = [await nodeConfig("node-2"), await freePorts(2)];
    await project.addStack(STACK, (config) => {
      config.nodes.push(second);
      for (const execution of config.nodes.flatMap((node) => node.execution)) execution["client"] = EXECUTION;
      config.operators = [
        { name: "alice", bond: 4, keys: [{ node: "node-1", count: 1 }] },
        { name: "bob", bond: 4, keys: [{ node: "node-2", count: 1 }] },
      ];
      config.protocol = {
        windowEpochs: WINDOW_EPOCHS,
        epochsPerFrame: FRAME_EPOCHS,
        appealSeconds: 60,
        minAppealSeconds: 60,
        // So that it is charged for each window, and not suspended.
        breachLimit: 10,
      };
      config.monitoring = MONITORED
        ? { enabled: true, prometheusPort, alertmanagerPort, webhook: `http://127.0.0.1:${port}` }
        : { enabled: false };
    });
  });
  afterAll(async () => {
    killing.abort();
    // Whatever went wrong before: no process of the network stays.
    await Promise.allSettled([killer, recorder.stop(), participation.stop()]);
    await project.dispose();
    webhook.close();
  });

  const supervisor = (name: string): SupervisorStatus =>
    JSON.parse(
      readFileSync(project.path(".ethstake", STACK, "processes", name, "status.json"), "utf8"),
    ) as SupervisorStatus;
  /** Ends a process for good: its supervisor first, or it would be started again. */
  const end = (name: string): void => {
    const status = supervisor(name);
    for (const each of [status.supervisor, status.child])
      if (each && isRunning(each)) process.kill(each.pid, "SIGKILL");
  };
  const until = async <Value>(
    what: string,
    seconds: number,
    look: () => Promise<Value | undefined>,
  ): Promise<Value> => {
    const deadline = Date.now() + seconds * 1_000;
    while (Date.now() < deadline) {
      if (recorder.failure !== undefined) throw new Error("a settlement cannot be judged", { cause: recorder.failure });
      const value = await look().catch(() => undefined);
      if (value !== undefined) return value;
      await sleep(1_000);
    }
    throw new Error(`${what} did not happen within ${seconds} s`);
  };
  // Operators register at the same time: who comes first has the lower id.
  const idOf = (name: string): bigint =>
    BigInt(outputs.operators.find((operator) => operator.name === name)?.operatorId ?? 0);
  const walletOf = (name: string) => {
    const file = project.path(outputs.accounts[name]?.keyFile ?? "");
    const account = privateKeyToAccount(readFileSync(file, "utf8").trim() as Hex);
    return createWalletClient({ account, transport: http(outputs.executionRpc) }).extend(publicActions);
  };
  const breaches = async (operator: string) =>
    await client.getLogs({
      address: outputs.contracts["ServiceLevel"],
      event: BREACHED,
      args: { operatorId: idOf(operator) },
      fromBlock: 0n,
      strict: true,
    });

  /** Epochs that an operator's validator missed by the states, which keepers do not read: a busy machine keeps an honest one from attesting, too. */
  const absencesOf = async (name: string): Promise<number[]> => {
    const keys = outputs.operators.find((operator) => operator.name === name)?.keys ?? [];
    const [validator] = await new BeaconClient(outputs.beaconApi).validators(keys[0]?.publicKeys ?? []);
    return participation.absencesOf(validator?.index ?? -1);
  };

  it("move the pool's ether to both operators' validators", async () => {
    const { code, stderr } = await project.json("stack", ["up", "--yes", "--stack", STACK]);
    expect(code, stderr).toBe(0);
    const { value } = await project.json("stack", ["output", "--stack", STACK]);
    outputs = value as unknown as Outputs;
    client = createPublicClient({ transport: http(outputs.executionRpc, { retryCount: 2 }) });
    const keys = outputs.operators.flatMap((operator) => operator.keys.flatMap(({ publicKeys }) => publicKeys));
    participation = await ParticipationRecorder.start(
      project.path(".ethstake", STACK, "genesis", "consensus.json"),
      outputs.beaconApi,
    );
    recorder = new SettlementRecorder(client, outputs.beaconApi, outputs.contracts, keys, FRAME_EPOCHS * 4);
    const beacon = new BeaconClient(outputs.beaconApi);
    await until("the activation of both validators", 240, async () => {
      const validators = await beacon.validators(keys);
      return validators.filter(({ status }) => status === "active_ongoing").length === 2 ? true : undefined;
    });
  });

  it("report ten frames, each once and to the wei, while they are killed at random", async () => {
    killer = (async () => {
      for (;;) {
        const goOn = await sleep(3_000 + Math.random() * 7_000, true, { signal: killing.signal }).catch(() => false);
        if (!goOn) return;
        const { child } = supervisor(`keeper-${1 + Math.floor(Math.random() * 3)}`);
        if (!child || !isRunning(child)) continue;
        process.kill(child.pid, "SIGKILL");
        kills += 1;
      }
    })();
    // Meanwhile an operator's validator client goes away for good, and a staker wants more back than lies in the pool.
    end("node-2-validator");
    const staker = walletOf("staker");
    const shares = await client.readContract({
      address: outputs.contracts.StakingPool,
      abi: POOL_ABI,
      functionName: "convertToShares",
      args: [parseEther("30")],
    });
    const hash = await staker.writeContract({
      chain: null,
      address: outputs.contracts.WithdrawalQueue,
      abi: QUEUE_ABI,
      functionName: "requestWithdrawal",
      args: [shares, staker.account.address],
    });
    await staker.waitForTransactionReceipt({ hash, pollingInterval: 500 });

    const first = recorder.settlements.length;
    await until("ten reports", 400, () =>
      Promise.resolve(recorder.settlements.length >= first + FRAMES ? true : undefined),
    );
    const slots = recorder.settlements.map(({ refSlot }) => refSlot);
    expect(slots).toEqual([...new Set(slots)].sort((left, right) => left - right));
    for (const settlement of recorder.settlements) {
      const { refSlot, change, headroom, gain, loss, rewards, paid, growth, protocolFee, operatorFee } = settlement;
      expect((refSlot + 1) % (FRAME_EPOCHS * 4), `frame of slot ${refSlot}`).toBe(0);
      const expected = change > headroom ? headroom : change;
      expect({ refSlot, gain, loss }).toEqual({
        refSlot,
        gain: expected > 0n ? expected : 0n,
        loss: change < 0n ? -change : 0n,
      });
      const net = gain + rewards - (loss - paid);
      expect({ refSlot, protocolFee }).toEqual({ refSlot, protocolFee: net > 0n ? (net * 500n) / 10_000n : 0n });
      expect([0n, net > 0n ? (net * 200n) / 10_000n : 0n]).toContain(operatorFee);
      if (growth !== undefined) expect({ refSlot, growth }).toEqual({ refSlot, growth: gain - loss + rewards + paid });
    }
    killing.abort();
    await killer;
    expect(kills).toBeGreaterThan(10);
    console.log(`devnet: ${recorder.settlements.length} frames settled once each, keepers killed ${kills} times`);
  });

  it.skipIf(!MONITORED)("raise an alert that reaches the webhook", async () => {
    await until("the alert OperatorUptimeBreach of bob", 240, () =>
      Promise.resolve(
        alerts.find(
          ({ status, labels }) =>
            status === "firing" && labels["alertname"] === "OperatorUptimeBreach" && labels["operator"] === "bob",
        ),
      ),
    );
    // An honest operator is named only for what it missed in the windows before: on a busy machine.
    const absences = await absencesOf("alice");
    for (const { labels, startsAt } of alerts) {
      if (labels["alertname"] !== "OperatorUptimeBreach" || labels["operator"] !== "alice") continue;
      const epoch = participation.epochAt(Date.parse(startsAt));
      expect(absences.filter((each) => each <= epoch && each > epoch - 2 * WINDOW_EPOCHS)).not.toEqual([]);
    }
  });

  it("agree on the absent operator's window and charge it once; the other one pays nothing", async () => {
    // A window in which it was absent throughout. Epochs that were justified late do not count, on a slow machine several.
    const whole = await until("the charge of a window that was missed whole", 300, async () =>
      (await breaches("bob")).find(({ args }) => args.missed === args.assigned && args.assigned >= WINDOW_EPOCHS / 2),
    );
    const { window, penalty, missed, assigned } = whole.args;
    const due = penaltyDue(missed, assigned, BigInt(WINDOW_EPOCHS), BOND, TERMS);
    expect(penalty).toBe(due);
    // Whatever else the keepers do in the next windows, this one stays as it is.
    await sleep(20_000);
    const all = await breaches("bob");
    const windows = all.map(({ args }) => args.window);
    expect(windows.filter((each) => each === window)).toHaveLength(1);
    expect(new Set(windows).size).toBe(windows.length);
    const charged = await client.readContract({
      address: outputs.contracts["ServiceLevel"] ?? "0x",
      abi: SERVICE_ABI,
      functionName: "charged",
      args: [idOf("bob"), window],
    });
    expect(charged).toBe(due);
    const absences = await absencesOf("alice");
    for (const { args } of await breaches("alice")) {
      const own = absences.filter((epoch) => Math.floor(epoch / WINDOW_EPOCHS) === Number(args.window));
      console.log(`devnet: a busy machine made alice miss epochs ${own.join(", ")}`);
      expect(own.length).toBeGreaterThan(0);
      expect(args.missed).toBeLessThanOrEqual(BigInt(own.length));
    }
  });

  it.skipIf(!MONITORED)("show it all on the dashboards, the charge among it", async () => {
    const render = async (): Promise<RenderedQuery[]> =>
      await renderDashboards(project.path("monitoring", "grafana", "dashboards"), outputs.prometheus ?? "", {
        ...{ stack: STACK, operator: ".*", node: "node-1", host: "localhost" },
        ...{ __rate_interval: "30s", __range: "5m" },
      });
    const charged = await until("a charge in Prometheus", 120, async () =>
      (await render())
        .filter(({ query }) => query.includes("ethstake_operator_charged_ether"))
        .flatMap(({ series }) => series)
        .find(({ labels, value }) => labels["operator"] === "bob" && Number(value) > 0),
    );
    const highest = (12 * Number(penaltyDue(8n, 8n, 8n, BOND, TERMS))) / 1e18;
    expect(Number(charged.value)).toBeLessThanOrEqual(highest);
    // What is of a window shows nothing for the moment in which the window begins.
    const isUnexpected = ({ panel, series }: RenderedQuery): boolean =>
      series.length === 0 && !EMPTY_ON_DEVNET.includes(panel);
    let rendered = await render();
    for (let tries = 0; tries < 30 && rendered.some(isUnexpected); tries++) {
      await sleep(2_000);
      rendered = await render();
    }
    expect(rendered.filter(({ error }) => error !== undefined)).toEqual([]);
    const shown = rendered.filter(({ series }) => series.length > 0);
    console.log(`devnet: ${shown.length} of the dashboards' ${rendered.length} queries have something to show`);
    writeFileSync(join(projectRoot, ".ethstake", "dashboards-on-devnet.md"), toTable(rendered));
    expect(rendered.filter(isUnexpected).map(({ panel }) => panel)).toEqual([]);
  });

  it("ask an operator for an exit, see it through, and the staker claims", async () => {
    const [asked] = await until("a request for exits", 60, async () => {
      const logs = await client.getLogs({
        address: outputs.contracts.OperatorRegistry,
        event: EXITS_REQUESTED,
        fromBlock: 0n,
        strict: true,
      });
      return logs.length > 0 ? logs : undefined;
    });
    const operator = outputs.operators.find(({ operatorId }) => operatorId === String(asked?.args.operatorId));
    const key = operator?.keys[0]?.publicKeys[0] ?? "0x";
    const command = ["exit", "--stack", STACK, "--operator", operator?.name ?? "", "--keys", key];
    const signed = await project.json("keys", command);
    expect(signed, signed.stderr).toMatchObject({ code: 0, value: { submitted: false } });
    const exit = await project.json("keys", [...command, "--submit"]);
    expect(exit, exit.stderr).toMatchObject({
      code: 0,
      value: { submitted: true, exits: signed.value["exits"] },
    });
    const queue = { address: outputs.contracts.WithdrawalQueue, abi: QUEUE_ABI } as const;
    await until("the finalisation of the request", 300, async () => {
      const request = await client.readContract({ ...queue, functionName: "requestOf", args: [1n] });
      return request.finalized ? true : undefined;
    });
    const staker = walletOf("staker");
    const { assets } = await client.readContract({ ...queue, functionName: "requestOf", args: [1n] });
    const before = await client.getBalance({ address: staker.account.address });
    const hash = await staker.writeContract({ chain: null, ...queue, functionName: "claim", args: [1n] });
    const receipt = await staker.waitForTransactionReceipt({ hash, pollingInterval: 500 });
    const after = await client.getBalance({ address: staker.account.address });
    expect(after - before).toBe(assets - receipt.gasUsed * receipt.effectiveGasPrice);
    expect(assets).toBeGreaterThan(parseEther("29.9"));
  });

  it("are not moved by one of them that lies, and name it", async () => {
    end("keeper-3");
    const liar = walletOf("oracle-3");
    const before = recorder.settlements.length;
    const lying = new AbortController();
    const lies = (async () => {
      for (let lie = 0; !lying.signal.aborted; lie++) {
        await liar
          .writeContract({
            chain: null,
            address: outputs.contracts["ReportConsensus"] ?? "0x",
            abi: CONSENSUS_ABI,
            functionName: "vote",
            args: [0n, keccak256(stringToHex(`lie ${lie}`))],
            gas: 200_000n,
          })
          .then((hash) => liar.waitForTransactionReceipt({ hash, pollingInterval: 500, timeout: 20_000 }))
          .catch(() => undefined);
        await sleep(2_000);
      }
    })();
    try {
      await until("three reports beside the liar's", 200, () =>
        Promise.resolve(recorder.settlements.length >= before + 3 ? true : undefined),
      );
      for (const { refSlot, change, headroom, gain } of recorder.settlements.slice(before))
        expect({ refSlot, gain }).toEqual({ refSlot, gain: change > headroom ? headroom : change > 0n ? change : 0n });
      if (!MONITORED) return;
      // Whoever is named, since the network began: nobody else ever was.
      const named = (): (string | undefined)[] =>
        alerts
          .filter(({ labels }) => labels["alertname"] === "KeeperMemberDissent" && labels["lane"] === "report")
          .map(({ labels }) => labels["member"]);
      await until("the alert KeeperMemberDissent", 150, () => Promise.resolve(named().length > 0 ? true : undefined));
      expect(new Set(named())).toEqual(new Set([outputs.accounts["oracle-3"]?.address]));
    } finally {
      lying.abort();
      await lies;
    }
  });

  it("keep the keys of their accounts to themselves", () => {
    for (const name of ["keeper-1", "keeper-2", "keeper-3"]) {
      const log = readFileSync(project.path(".ethstake", STACK, "logs", `${name}.log`), "utf8");
      const settings = project.path(".ethstake", STACK, "processes", name, "files", "keeper.json");
      expect(existsSync(settings)).toBe(true);
      for (const { keyFile } of Object.values(outputs.accounts)) {
        const secret = readFileSync(project.path(keyFile), "utf8").trim().replace(/^0x/, "");
        expect(log.includes(secret) || readFileSync(settings, "utf8").includes(secret)).toBe(false);
      }
    }
  });
});
