import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeErrorResult, parseAbi, type Address } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeChain, FakeRevert } from "../../../provider/testing/fake-chain.ts";
import type { Contracts } from "../protocol/protocol.ts";
import { KeeperMetrics } from "./metrics.ts";
import { Transactions } from "./transactions.ts";

const POOL: Address = "0x00000000000000000000000000000000000000aa";
const ABI = parseAbi(["function processStaleFrame()", "error TooSoon(uint256 from)"]);
const CALL = {
  contract: "StakingPool",
  abi: ABI,
  functionName: "processStaleFrame",
  args: [],
  purpose: "A test",
} as const;

let chain: FakeChain;
let keyFile: string;
let metrics: KeeperMetrics;
let lines: { level: number; msg: string; error?: string }[];

beforeEach(async () => {
  chain = await new FakeChain().start();
  keyFile = join(mkdtempSync(join(tmpdir(), "ethstake-keeper-")), "member.key");
  writeFileSync(keyFile, generatePrivateKey(), { mode: 0o600 });
  [metrics, lines] = [new KeeperMetrics(), []];
});
afterEach(() => chain.stop());

async function open(dryRun = false): Promise<Transactions> {
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(JSON.parse(line) as never) });
  const contracts = { StakingPool: POOL } as Contracts;
  return await Transactions.open({ keyFile }, { chain: chain.connection, contracts, dryRun, metrics, log });
}

async function outcomes(): Promise<unknown[]> {
  return (await metrics.transactions.get()).values.map(({ labels, value }) => [labels.outcome, value]);
}

describe("a keeper's transactions", () => {
  it("are sent to the contract and awaited", async () => {
    const account = await open();
    expect(await account.send({ ...CALL, value: 5n, spareGas: 7n })).toBe(true);
    expect(chain.mined).toMatchObject([{ to: POOL, value: 5n, from: account.address, gas: 62_507n }]);
    expect(await outcomes()).toEqual([["included", 1]]);
  });

  it("are said and not sent in a dry run", async () => {
    const account = await open(true);
    expect(await account.send(CALL)).toBe(false);
    expect(chain.received).toEqual([]);
    expect(await outcomes()).toEqual([["dry_run", 1]]);
    expect(lines).toMatchObject([{ msg: "would send" }]);
  });

  it.skipIf(process.platform !== "linux")("wait while another copy of the keeper has the account", async () => {
    const account = await open();
    const stat = readFileSync("/proc/1/stat", "utf8");
    const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    writeFileSync(`${keyFile}.lock.1`, JSON.stringify({ pid: 1, startedAt }));
    expect(await account.send(CALL)).toBe(false);
    expect(chain.received).toEqual([]);
    expect(await outcomes()).toEqual([]);
    rmSync(`${keyFile}.lock.1`);
    expect(await account.send(CALL)).toBe(true);
  });

  it("that the contract refuses are no failure of the keeper, and cost nothing", async () => {
    const data = encodeErrorResult({ abi: ABI, errorName: "TooSoon", args: [5n] });
    chain.contracts.set(POOL, {
      abi: ABI,
      call: () => {
        throw new FakeRevert(data);
      },
    });
    expect(await (await open()).send(CALL)).toBe(false);
    expect(chain.received).toEqual([]);
    expect(await outcomes()).toEqual([["rejected", 1]]);
    expect(lines.at(-1)?.error).toContain("TooSoon(5)");
  });

  it("that fail otherwise fail loudly", async () => {
    chain.balance = 0n;
    await expect((await open()).send(CALL)).rejects.toMatchObject({ code: "INSUFFICIENT_FUNDS" });
    expect(await outcomes()).toEqual([]);
  });

  it("of copies in one process take turns", async () => {
    const [first, second] = await Promise.all([open(), open()]);
    expect(await Promise.all([first.send(CALL), second.send(CALL), first.send(CALL)])).toEqual([true, true, true]);
    expect(chain.mined.map(({ nonce }) => nonce)).toEqual([0, 1, 2]);
  });
});
