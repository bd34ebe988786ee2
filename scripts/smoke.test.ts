import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPublicClient, http, keccak256, parseAbi, type Address, type Hex } from "viem";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PROTOCOL_CONTRACTS } from "../components/protocol/contracts.ts";
import { projectRoot, RUNNER } from "../lib/paths.ts";
import { FakeChain } from "../provider/testing/fake-chain.ts";
import { allHold, runChecks, type Outcome } from "./checks.ts";
import { patience, smokeChecks, type SmokeTarget } from "./smoke.ts";
import { rest, serve, type LocalServer } from "./testing.ts";

const NAMES = [...PROTOCOL_CONTRACTS, "DepositContract"] as const;
type Name = (typeof NAMES)[number];
const ADDRESSES = Object.fromEntries(
  NAMES.map((name, index) => [name, `0x${(index + 1).toString(16).padStart(40, "0")}`]),
) as Record<Name, Address>;
const TIMELOCK: Address = `0x${"99".repeat(20)}`;
const ACTIVE: Hex = `0x${"aa".repeat(48)}`;
const FRESH: Hex = `0x${"bb".repeat(48)}`;
const LOST: Hex = `0x${"cc".repeat(48)}`;
const MEMBER: Address = `0x${"77".repeat(20)}`;
const ETHER = 10n ** 18n;

/** Every view that a contract answers: its declaration without the word function, and the result. */
type Views = Record<string, unknown>;
const committee = (members: number, quorum: bigint): Views => ({
  "members() view returns (address[])": Array.from({ length: members }, () => MEMBER),
  "quorum() view returns (uint256)": quorum,
});
const unpaused: Views = {
  "paused() view returns (bool)": false,
  "pausedUntil() view returns (uint256)": 1_800_000_000n,
};

function healthy(): Partial<Record<Name, Views>> {
  return {
    StakingPool: {
      ...unpaused,
      "totalSupply() view returns (uint256)": 70n * ETHER,
      "totalPooledEther() view returns (uint256)": 72n * ETHER,
      "convertToAssets(uint256) view returns (uint256)": 1_028n * 10n ** 24n,
      "bufferedEther() view returns (uint256)": 8n * ETHER,
      "lastFrameTime() view returns (uint256)": BigInt(Math.floor(Date.now() / 1_000) - 60),
      "staleAfter() view returns (uint256)": 604_800n,
    },
    BeaconDeposits: unpaused,
    RewardDistribution: unpaused,
    ServiceLevel: unpaused,
    ReportConsensus: committee(3, 2n),
    LossReview: committee(3, 2n),
    Guardians: committee(5, 3n),
    WithdrawalQueue: { "claimsHeldUntil() view returns (uint256)": 0n },
    OperatorRegistry: { "keyOf(bytes32) view returns (uint256, uint256, uint8)": [0n, 0n, 4] },
  };
}

let chain: FakeChain;
let beacon: LocalServer;
let slot: number;
let advances: boolean;

beforeEach(async () => {
  [slot, advances] = [100, true];
  chain = await new FakeChain().start();
  chain.balance = 8n * ETHER;
  for (const address of [...Object.values(ADDRESSES), TIMELOCK]) chain.code.set(address.toLowerCase(), "0x6001");
  const known = (id: Hex): object => ({
    index: "7",
    balance: "32000000000",
    status: "active_ongoing",
    validator: { pubkey: id, withdrawal_credentials: "0x01" },
  });
  beacon = await serve((path) => {
    const id = /^\/eth\/v1\/beacon\/states\/head\/validators\?id=(0x[0-9a-f]+)$/.exec(path)?.[1];
    if (id !== undefined) return { body: { data: id === ACTIVE ? [known(ACTIVE)] : [] } };
    return rest({ "/eth/v1/node/syncing": { data: { head_slot: String(advances ? slot++ : slot) } } })(path);
  });
});
afterEach(async () => {
  await Promise.all([chain.stop(), beacon.stop()]);
});

/** Puts contracts with these views on the chain. */
function deploy(views: Partial<Record<Name, Views>> = {}): void {
  const base = healthy();
  for (const name of NAMES) {
    const table = { ...base[name], ...views[name] };
    const results = new Map(Object.entries(table).map(([view, result]) => [view.split("(")[0] ?? "", result]));
    if (results.size === 0) continue;
    chain.contracts.set(ADDRESSES[name].toLowerCase(), {
      abi: parseAbi(Object.keys(table).map((view) => `function ${view}`)),
      call: (view, args) => {
        const result = results.get(view);
        return typeof result === "function" ? (result as (argument: unknown) => unknown)(args[0]) : result;
      },
    });
  }
}

/** Runs the checks on contracts with these views. */
async function run(
  views: Partial<Record<Name, Views>> = {},
  changes: Partial<Omit<SmokeTarget, "client">> & { readonly rpc?: string } = {},
): Promise<Outcome[]> {
  deploy(views);
  const { rpc = chain.url, ...rest } = changes;
  const target: SmokeTarget = {
    client: createPublicClient({ transport: http(rpc, { retryCount: 0 }) }),
    chainId: chain.chainId,
    addresses: ADDRESSES,
    timelocks: { UpgradeTimelock: TIMELOCK },
    beaconApi: beacon.url,
    secondsPerSlot: 1,
    validators: [ACTIVE],
    ...rest,
  };
  return await runChecks(smokeChecks(target), patience(target));
}

function figures(outcomes: readonly Outcome[], status: Outcome["status"]): Record<string, string> {
  return Object.fromEntries(
    outcomes.filter((outcome) => outcome.status === status).map(({ what, figure }) => [what, figure]),
  );
}

describe("a running stack", () => {
  it("passes when all is well", async () => {
    const outcomes = await run();
    expect(figures(outcomes, "failed")).toEqual({});
    expect(figures(outcomes, "skipped")).toEqual({});
    expect(figures(outcomes, "ok")).toMatchObject({
      "StakingPool has code": `${ADDRESSES.StakingPool}, 2 bytes`,
      "UpgradeTimelock has code": `${TIMELOCK}, 2 bytes`,
      "StakingPool has ether for its shares": "70 ethSTAKE for 72 ETH",
      "StakingPool's rate is not below one": "1.028 ETH a share",
      "StakingPool holds what it has not sent to validators": "8 ETH for 8 ETH",
      "Guardians can reach its quorum": "3 of 5 members",
      "StakingPool is not paused": "not paused",
      "WithdrawalQueue pays claims": "never held",
      "the beacon chain knows 0xaaaaaaaa…aaaa": "active_ongoing, 32 ETH",
    });
  });

  it("passes when it is new: nothing staked, the rate exactly one", async () => {
    const outcomes = await run({
      StakingPool: {
        "totalSupply() view returns (uint256)": 0n,
        "totalPooledEther() view returns (uint256)": 0n,
        "convertToAssets(uint256) view returns (uint256)": 10n ** 27n,
      },
    });
    expect(allHold(outcomes)).toBe(true);
  });

  it("finds contracts without code", async () => {
    chain.code.delete(ADDRESSES.Guardians.toLowerCase());
    chain.code.delete(TIMELOCK);
    expect(figures(await run(), "failed")).toEqual({
      "Guardians has code": `none at ${ADDRESSES.Guardians}`,
      "UpgradeTimelock has code": `none at ${TIMELOCK}`,
    });
  });

  it("finds a pool that lost ether, and one whose ether is not there", async () => {
    chain.balance = 7n * ETHER;
    const failed = figures(
      await run({
        StakingPool: {
          "totalPooledEther() view returns (uint256)": 0n,
          "convertToAssets(uint256) view returns (uint256)": 10n ** 27n - 1n,
        },
      }),
      "failed",
    );
    expect(failed).toEqual({
      "StakingPool has ether for its shares": "70 ethSTAKE for 0 ETH",
      "StakingPool's rate is not below one": `0.${"9".repeat(27)} ETH a share`,
      "StakingPool holds what it has not sent to validators": "7 ETH for 8 ETH",
    });
  });

  it.each([
    ["too small", committee(1, 2n), "2 of 1 members"],
    ["empty", committee(0, 1n), "1 of 0 members"],
    ["without a majority", committee(4, 2n), "2 of 4 members"],
  ])("finds a committee that is %s", async (_, views, figure) => {
    expect(figures(await run({ LossReview: views }), "failed")).toEqual({ "LossReview can reach its quorum": figure });
  });

  it("finds pauses, held claims and stale frames, with their times", async () => {
    const failed = figures(
      await run({
        ServiceLevel: {
          "paused() view returns (bool)": true,
          "pausedUntil() view returns (uint256)": 4_000_000_000n,
        },
        WithdrawalQueue: { "claimsHeldUntil() view returns (uint256)": 4_000_000_000n },
        StakingPool: { "lastFrameTime() view returns (uint256)": 1_700_000_000n },
      }),
      "failed",
    );
    expect(failed).toEqual({
      "ServiceLevel is not paused": "paused until 2096-10-02T07:06:40Z",
      "WithdrawalQueue pays claims": "held until 2096-10-02T07:06:40Z",
      "the last frame is not stale": "2023-11-14T22:13:20Z, stale after 604800 s",
    });
  });

  it("passes when a hold is over", async () => {
    const outcomes = await run({ WithdrawalQueue: { "claimsHeldUntil() view returns (uint256)": 1_700_000_000n } });
    expect(figures(outcomes, "ok")["WithdrawalQueue pays claims"]).toBe("last held until 2023-11-14T22:13:20Z");
  });

  it("finds a head that stands still", async () => {
    advances = false;
    const failed = figures(await run(), "failed");
    expect(Object.values(failed)).toEqual(["still at slot 100 after 2 slots"]);
  });

  it("tells validators whose deposit was sent from those whose was not", async () => {
    const states = new Map<unknown, number>([
      [keccak256(FRESH), 1],
      [keccak256(LOST), 4],
    ]);
    const keyOf = (hash: unknown): unknown[] => [0n, 0n, states.get(hash)];
    const outcomes = await run(
      { OperatorRegistry: { "keyOf(bytes32) view returns (uint256, uint256, uint8)": keyOf } },
      { validators: [ACTIVE, FRESH, LOST] },
    );
    expect(figures(outcomes, "skipped")).toEqual({
      "the beacon chain knows 0xbbbbbbbb…bbbb": "its deposit was not sent yet",
    });
    expect(figures(outcomes, "failed")).toEqual({
      "the beacon chain knows 0xcccccccc…cccc": "unknown, though its deposit was sent",
    });
  });

  it("skips what needs a beacon node when there is none", async () => {
    const outcomes = await run({}, { beaconApi: undefined });
    expect(Object.keys(figures(outcomes, "skipped"))).toEqual([
      "the beacon node's head advances",
      "the beacon chain knows 0xaaaaaaaa…aaaa",
    ]);
    expect(allHold(outcomes)).toBe(true);
  });

  it("finds the wrong chain", async () => {
    expect(figures(await run({}, { chainId: 5 }), "failed")).toEqual({
      "the execution client is on the stack's chain": `chain id ${chain.chainId}, not 5`,
    });
  });

  it("fails every line that a dead client would answer, and shows no key of its URL", async () => {
    const dead = await serve(() => undefined);
    await dead.stop();
    const outcomes = await run({}, { rpc: `${dead.url}/v3/secret-api-key` });
    expect(figures(outcomes, "ok")).toEqual({
      [`beacon node ${beacon.url}'s head advances`]: expect.stringMatching(/^slot 100, then/) as string,
      "the beacon chain knows 0xaaaaaaaa…aaaa": "active_ongoing, 32 ETH",
    });
    expect(JSON.stringify(outcomes)).not.toContain("secret-api-key");
  });
});

describe("the command", () => {
  /** Runs `npm run smoke-test` for the hoodi stack, without npm between. */
  async function command(): Promise<{ code: number; report: { ok: boolean; stack: string; checks: Outcome[] } }> {
    const folder = mkdtempSync(join(tmpdir(), "ethstake-smoke-"));
    const file = join(folder, "outputs.json");
    const timelocks = { UpgradeTimelock: TIMELOCK, OperationsTimelock: TIMELOCK };
    writeFileSync(file, JSON.stringify({ contracts: ADDRESSES, timelocks, withdrawalCredentials: "0x01" }));
    const options = ["--stack", "hoodi", "--rpc", chain.url, "--beacon", beacon.url, "--outputs", file, "--json"];
    return await new Promise((resolve) =>
      execFile(
        process.execPath,
        [RUNNER, "scripts/smoke-test.ts", ...options],
        { cwd: projectRoot },
        (error, stdout) => {
          rmSync(folder, { recursive: true });
          const report = JSON.parse(stdout) as { ok: boolean; stack: string; checks: Outcome[] };
          resolve({ code: Number(error?.code ?? 0), report });
        },
      ),
    );
  }

  it("takes a public stack's outputs from a file, and exits 0 when all is well", async () => {
    chain.chainId = 560_048;
    deploy();
    const { code, report } = await command();
    expect(figures(report.checks, "failed")).toEqual({});
    expect({ code, ok: report.ok, stack: report.stack }).toEqual({ code: 0, ok: true, stack: "hoodi" });
    expect(figures(report.checks, "ok")).toHaveProperty("OperationsTimelock has code");
  });

  it("exits 1 when something is not", async () => {
    deploy();
    const { code, report } = await command();
    expect({ code, ok: report.ok }).toEqual({ code: 1, ok: false });
    expect(Object.values(figures(report.checks, "failed"))).toEqual(["chain id 1337, not 560048"]);
  });
});
