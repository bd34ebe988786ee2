import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Network } from "../devnet/network.ts";
import { FakeKeymanager } from "../provider/testing/fake-keymanager.ts";
import { NETWORKS } from "../stacks/networks.ts";
import { parseSettings, type PublicSettings, type Settings } from "../stacks/settings.ts";
import { readStackFile } from "../stacks/stack-file.ts";
import { allHold, renderOutcomes, runChecks, type Outcome } from "./checks.ts";
import { devnetChecks, publicChecks } from "./endpoints.ts";
import { jsonRpc, rest, serve, type Reply } from "./testing.ts";

const NOW = 1_800_000_000;
const FACTS = NETWORKS.hoodi;
const ACCOUNT = "0x1111111111111111111111111111111111111111";
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtRbjbWyG8q0XOhKTfAvqGZrA4VwR6vOHcyrY6GT1Xo";
const OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtRbjbWyG8q0XOhKTfAvqGZrA4VwR6vOHcyrY6GT1Xq";
const DEAD = "http://127.0.0.1:1";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function start(answer: (path: string, body: string) => Reply): Promise<string> {
  const server = await serve(answer);
  endings.push(() => server.stop());
  return server.url;
}

/** An ssh-keyscan that presents this. */
function keyscan(line: string): string {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-keyscan-"));
  endings.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "keyscan");
  writeFileSync(file, `#!/bin/sh\necho "# $6:22 SSH-2.0" >&2\n${line === "" ? "exit 1" : `echo "$6 ${line}"`}\n`);
  chmodSync(file, 0o755);
  return file;
}

const EXECUTION = {
  eth_chainId: `0x${FACTS.chainId.toString(16)}`,
  eth_syncing: false,
  eth_getBlockByNumber: { number: "0x10", timestamp: `0x${(NOW - 12).toString(16)}` },
};
const GENESIS = {
  data: { genesis_time: String(FACTS.genesisTime), genesis_fork_version: FACTS.genesisForkVersion },
};
const SLOT = Math.floor((NOW - 900 - FACTS.genesisTime) / 12);
const CHECKPOINT = {
  "/eth/v1/beacon/genesis": GENESIS,
  "/eth/v1/beacon/headers/finalized": { data: { header: { message: { slot: String(SLOT) } } } },
};

/** The repository's hoodi stack with a machine by ssh, and with these servers. */
function settingsWith(urls: { rpcUrl?: string; checkpoint?: string; relay?: string; signer?: string }): PublicSettings {
  const settings = parseSettings(readStackFile("hoodi").config) as PublicSettings;
  const { protocol } = settings;
  if (!protocol) throw new Error("hoodi has a protocol");
  const relay = (urls.relay ?? DEAD).replace("http://", `http://0x${"ab".repeat(48)}@`);
  return {
    ...settings,
    hosts: settings.hosts.map((host) => ({
      ...host,
      target: {
        kind: "ssh",
        address: "127.0.0.1",
        port: 1,
        user: "u",
        hostKey: `${HOST_KEY} a comment`,
        privateKeyFile: "k",
      },
    })),
    nodes: settings.nodes.map((node) => ({
      ...node,
      checkpointSyncUrl: urls.checkpoint ?? DEAD,
      ...(node.mevBoost ? { mevBoost: { ...node.mevBoost, relays: [relay] } } : {}),
    })),
    protocol: {
      ...protocol,
      rpcUrl: `${urls.rpcUrl ?? DEAD}/v3/secret-api-key`,
      accounts: { deployer: { address: ACCOUNT, signerUrl: urls.signer ?? DEAD } },
    },
  };
}

async function outcomesOf(settings: PublicSettings, scan = "no-such-keyscan", timeoutMs = 5_000): Promise<Outcome[]> {
  return await runChecks(publicChecks(settings, { now: () => NOW, keyscan: scan }), timeoutMs);
}

function find(outcomes: readonly Outcome[], what: string): Outcome | undefined {
  return outcomes.find((outcome) => outcome.what.includes(what));
}

describe("a public stack", () => {
  it("is all well when everything answers as it should", async () => {
    const outcomes = await outcomesOf(
      settingsWith({
        rpcUrl: await start(jsonRpc(EXECUTION)),
        checkpoint: await start(rest(CHECKPOINT)),
        relay: await start(rest({ "/eth/v1/builder/status": {} })),
        signer: await start(jsonRpc({ eth_accounts: [ACCOUNT] })),
      }),
      keyscan(HOST_KEY),
    );
    expect(outcomes.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(outcomes.map(({ figure }) => figure)).toEqual([
      "chain id 560048",
      "block 16, 12 s old",
      "fork version 0x10000910, genesis time 1742213400",
      expect.stringMatching(/^slot \d+, 15 min old$/),
      "HTTP 200",
      ACCOUNT,
      "ssh-ed25519",
      "ssh-ed25519",
    ]);
    expect(renderOutcomes(outcomes)).toMatch(/8 ok, 0 failed, 0 skipped$/);
  });

  it("fails line by line when nothing is there, with a fix for each, and shows no key of a URL", async () => {
    const outcomes = await outcomesOf(settingsWith({}), keyscan(""));
    expect(allHold(outcomes)).toBe(false);
    expect(outcomes).toHaveLength(8);
    for (const outcome of outcomes) {
      expect(outcome.status).toBe("failed");
      expect(outcome.fix).toMatch(/\.$/);
    }
    expect(find(outcomes, "is on hoodi")?.figure).toBe("does not answer");
    expect(renderOutcomes(outcomes)).not.toMatch(/secret-api-key|abab/);
  });

  it("names a refused connection", async () => {
    const url = await start(rest({}));
    await endings.pop()?.();
    const outcomes = await outcomesOf(settingsWith({ rpcUrl: url }));
    expect(find(outcomes, "is on hoodi")?.figure).toBe("does not answer (ECONNREFUSED)");
  });

  it("finds the wrong chain, and the wrong genesis", async () => {
    const outcomes = await outcomesOf(
      settingsWith({
        rpcUrl: await start(jsonRpc({ ...EXECUTION, eth_chainId: "0x1" })),
        checkpoint: await start(
          rest({ ...CHECKPOINT, "/eth/v1/beacon/genesis": { data: { ...GENESIS.data, genesis_time: "5" } } }),
        ),
      }),
    );
    expect(find(outcomes, "is on hoodi")).toMatchObject({ status: "failed", figure: "chain id 1, not 560048" });
    expect(find(outcomes, "is of hoodi")).toMatchObject({
      status: "failed",
      figure: "genesis time 5, not 1742213400",
    });
  });

  it.each([
    ["syncing", { eth_syncing: { currentBlock: "0x10", highestBlock: "0x99" } }, "syncing, at block 16"],
    ["behind", { eth_getBlockByNumber: { number: "0x10", timestamp: "0x65000000" } }, /^block 16 is \d+ days old$/],
    ["empty", { eth_getBlockByNumber: null }, "has no blocks"],
    ["odd", { eth_getBlockByNumber: { number: 3 } }, "has no blocks"],
  ])("finds an execution client that is %s", async (_, change, figure) => {
    const outcomes = await outcomesOf(settingsWith({ rpcUrl: await start(jsonRpc({ ...EXECUTION, ...change })) }));
    expect(find(outcomes, "is synced")).toMatchObject({
      status: "failed",
      figure: typeof figure === "string" ? figure : (expect.stringMatching(figure) as string),
    });
  });

  it("gives up on slow servers after the time of a check, all at once", async () => {
    const slow = await start(() => undefined);
    const started = Date.now();
    const settings = settingsWith({ rpcUrl: slow, checkpoint: slow, relay: slow, signer: slow });
    const outcomes = await outcomesOf(settings, "no-such-keyscan", 400);
    expect(Date.now() - started).toBeLessThan(3_000);
    expect(outcomes.filter(({ figure }) => figure === "no answer within 0.4 s")).toHaveLength(6);
  });

  it("takes a source without headers by its checkpoints, and refuses an old or empty one", async () => {
    const finality = (epoch: number): Record<string, unknown> => ({
      "/eth/v1/beacon/genesis": GENESIS,
      "/eth/v1/beacon/states/head/finality_checkpoints": { data: { finalized: { epoch: String(epoch) } } },
    });
    const read = async (epoch: number): Promise<Outcome | undefined> =>
      find(await outcomesOf(settingsWith({ checkpoint: await start(rest(finality(epoch))) })), "has a finalised block");
    expect(await read(Math.floor(SLOT / 32))).toMatchObject({ status: "ok" });
    expect(await read(Math.floor(SLOT / 32) - 1_000)).toMatchObject({ status: "failed" });
    expect(await read(0)).toMatchObject({ status: "failed" });
  });

  it("finds a relay that is ill", async () => {
    const relay = await start(() => ({ status: 503, body: {} }));
    const outcomes = await outcomesOf(settingsWith({ relay }));
    expect(find(outcomes, "relay")).toMatchObject({ status: "failed", figure: "HTTP 503" });
  });

  it.each([
    ["without the account", { eth_accounts: [] }, "failed", `0 accounts, without ${ACCOUNT}`],
    ["that is Clef", { account_list: [ACCOUNT] }, "ok", ACCOUNT],
    ["that does not say", {}, "skipped", "answers, but does not list its accounts"],
    ["that is something else", { eth_accounts: 5 }, "failed", "answered eth_accounts with something else"],
  ])("asks a signer %s", async (_, results, status, figure) => {
    const outcomes = await outcomesOf(settingsWith({ signer: await start(jsonRpc(results)) }));
    expect(find(outcomes, "signer")).toMatchObject({ status, figure });
  });

  it("tells another host key from the pinned one, and skips by name what it cannot ask", async () => {
    expect(find(await outcomesOf(settingsWith({}), keyscan(OTHER_KEY)), "pinned")).toMatchObject({
      status: "failed",
      figure: expect.stringMatching(/^presents other keys: ssh-ed25519 SHA256:[\w+/]{43}$/) as string,
    });
    expect(find(await outcomesOf(settingsWith({}), "no-such-keyscan"), "pinned")).toMatchObject({
      status: "skipped",
      figure: "no-such-keyscan is not installed",
    });
  });

  it("refuses answers that do not end", async () => {
    const endless = await start(() => ({ body: "x".repeat(1_100_000) }));
    const outcomes = await outcomesOf(settingsWith({ checkpoint: endless }));
    expect(find(outcomes, "is of hoodi")?.figure).toBe("answers with more than a mebibyte");
  });
});

describe("a devnet", () => {
  const KEY = `0x${"aa".repeat(48)}` as const;

  async function devnet(
    changes: { chainId?: string; syncing?: boolean; genesis?: number; keys?: string[] } = {},
  ): Promise<Outcome[]> {
    const keymanager = await new FakeKeymanager().start();
    endings.push(() => keymanager.stop());
    for (const key of changes.keys ?? [KEY]) keymanager.keys.add(key);
    const folder = mkdtempSync(join(tmpdir(), "ethstake-devnet-"));
    endings.push(() => rmSync(folder, { recursive: true }));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, keymanager.token);
    const network = {
      executionRpc: await start(
        jsonRpc({
          eth_chainId: changes.chainId ?? "0x7e7e",
          eth_syncing: false,
          eth_getBlockByNumber: { number: "0x3", timestamp: "0x1" },
        }),
      ),
      beaconApi: await start(
        rest({
          "/eth/v1/beacon/genesis": {
            data: { genesis_time: String(changes.genesis ?? 77), genesis_fork_version: "0x01" },
          },
          "/eth/v1/node/syncing": { data: { head_slot: "9", is_syncing: changes.syncing ?? false } },
        }),
      ),
      genesisTime: 77,
      nodes: [{ name: "node-1", keymanager: { url: keymanager.url, tokenFile } }],
      operators: [{ name: "alice", operatorId: "0", keys: [{ node: "node-1", publicKeys: [KEY] }] }],
    } as unknown as Network;
    const settings = parseSettings(readStackFile("devnet").config) as Settings;
    return await runChecks(devnetChecks(settings, network), 5_000);
  }

  it("is all well with its clients up", async () => {
    const outcomes = await devnet();
    expect(outcomes.map(({ status, figure }) => `${status} ${figure}`)).toEqual([
      "ok chain id 32382",
      "ok block 3",
      "ok genesis time 77",
      "ok slot 9",
      "ok 1 of 1 keys",
    ]);
  });

  it("finds another network's clients", async () => {
    const outcomes = await devnet({ chainId: "0x1", genesis: 5, syncing: true, keys: [] });
    expect(outcomes.map(({ status, figure }) => `${status} ${figure}`)).toEqual([
      "failed chain id 1, not 32382",
      "ok block 3",
      "failed genesis time 5, not 77",
      "failed syncing, at slot 9",
      "failed 0 of 1 keys",
    ]);
  });
});
