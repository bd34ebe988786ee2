import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeErrorResult, encodeFunctionData, parseAbi, type Address } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeChain, FakeRevert, RpcFault } from "../testing/fake-chain.ts";
import { MAX_TRANSACTION_GAS, openSender, TransactionSender } from "./sender.ts";

const TARGET: Address = "0x00000000000000000000000000000000000000aa";
const ABI = parseAbi(["function raise(uint256 by)", "error TooMuch(uint256 asked, uint256 allowed)"]);
const IMPATIENT = { replaceAfterMs: 300, maxReplacements: 2, searchAfterMs: 150 };

let chain: FakeChain;
let keyFile: string;
const journalFolder = (): string => join(`${keyFile}.transactions`, "1337");
const journalled = (): string[] => readdirSync(journalFolder());
const payment = { purpose: "A payment", to: TARGET, value: 1n };

beforeEach(async () => {
  chain = await new FakeChain().start();
  keyFile = join(mkdtempSync(join(tmpdir(), "ethstake-sender-")), "account.key");
  writeFileSync(keyFile, generatePrivateKey(), { mode: 0o600 });
});
afterEach(() => chain.stop());

describe("openSender", () => {
  it("is one sender an account, by whatever endpoint", async () => {
    const first = openSender(chain.connection, { keyFile });
    expect(openSender({ ...chain.connection, rpcUrl: chain.url.replace("127.0.0.1", "localhost") }, { keyFile })).toBe(
      first,
    );
    await first;
  });

  it("refuses a wrong chain id before anything is sent, and forgets the failure", async () => {
    await expect(openSender({ ...chain.connection, chainId: 1 }, { keyFile })).rejects.toMatchObject({
      code: "WRONG_CHAIN",
      data: { expected: 1, actual: 1337 },
    });
    expect(chain.received).toEqual([]);
    await openSender(chain.connection, { keyFile });
  });

  it("names an endpoint that does not answer", async () => {
    const { rpcUrl } = chain.connection;
    await chain.stop();
    await expect(openSender({ rpcUrl, chainId: 4242 }, { keyFile })).rejects.toMatchObject({
      code: "CHAIN_UNREACHABLE",
    });
    await chain.start();
  });

  it.skipIf(process.platform !== "linux")("refuses an account that another living process uses", async () => {
    // Init, or whatever has pid 1, lives as long as this test.
    const stat = readFileSync("/proc/1/stat", "utf8");
    const startedAt = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    writeFileSync(`${keyFile}.lock.1`, JSON.stringify({ pid: 1, startedAt }));
    await expect(TransactionSender.open(chain.connection, { keyFile }, { busyForMs: 300 })).rejects.toMatchObject({
      code: "ACCOUNT_BUSY",
      data: { holder: "1" },
    });
  });
});

describe("send", () => {
  it("sends many at once in nonce order, each on disk before the client sees it", async () => {
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    chain.onSend = ({ nonce, hash }) => {
      const entry = readFileSync(join(journalFolder(), `${String(nonce).padStart(8, "0")}.json`), "utf8");
      expect(entry).toContain(hash);
    };
    const receipts = await Promise.all(Array.from({ length: 5 }, () => sender.send(payment)));
    expect(chain.received.map(({ nonce }) => nonce)).toEqual([0, 1, 2, 3, 4]);
    expect(receipts.map(({ status }) => status)).toEqual(Array(5).fill("success"));
    expect(chain.received[0]).toMatchObject({ gas: 62_500n, value: 1n });
  });

  it("keeps its key out of the journal", async () => {
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    await sender.send(payment);
    const key = readFileSync(keyFile, "utf8").slice(2);
    for (const name of journalled()) expect(readFileSync(join(journalFolder(), name), "utf8")).not.toContain(key);
  });

  it("says what an account lacks, and sends nothing", async () => {
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    chain.balance = 10n;
    await expect(sender.send({ ...payment, value: 11n })).rejects.toMatchObject({
      code: "INSUFFICIENT_FUNDS",
      data: { address: sender.account.address, balance: 10n },
    });
    await expect(sender.send(payment)).rejects.toMatchObject({ code: "INSUFFICIENT_FUNDS" });
    expect(chain.received).toEqual([]);
    chain.balance = 10n ** 18n;
    await sender.send(payment);
    expect(chain.mined.map(({ nonce }) => nonce)).toEqual([0]);
  });

  it("gives the contract's own reason for a refusal, before sending", async () => {
    const data = encodeErrorResult({ abi: ABI, errorName: "TooMuch", args: [9n, 5n] });
    chain.contracts.set(TARGET, {
      abi: ABI,
      call: () => {
        throw new FakeRevert(data);
      },
    });
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    const request = {
      purpose: "Raising",
      to: TARGET,
      data: encodeFunctionData({ abi: ABI, functionName: "raise", args: [9n] }),
      abi: ABI,
    };
    await expect(sender.send(request)).rejects.toMatchObject({
      code: "TRANSACTION_REJECTED",
      message: "Raising was rejected: TooMuch(9, 5).",
    });
    expect(chain.received).toEqual([]);
  });

  it("gives the reason when only the block refuses", async () => {
    let asked = 0;
    chain.contracts.set(TARGET, {
      abi: ABI,
      call: () => {
        asked += 1;
        if (asked > 1) throw new FakeRevert(encodeErrorResult({ abi: ABI, errorName: "TooMuch", args: [9n, 5n] }));
        return undefined;
      },
      execute: () => {
        throw new Error("reverted");
      },
    });
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    const request = {
      purpose: "Raising",
      to: TARGET,
      data: encodeFunctionData({ abi: ABI, functionName: "raise", args: [9n] }),
      abi: ABI,
    };
    const error: unknown = await sender.send(request).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      message: "Raising was rejected: TooMuch(9, 5).",
      data: { hash: chain.mined[0]?.hash },
    });
  });

  it("does not send what no block may hold", async () => {
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    chain.gasEstimate = MAX_TRANSACTION_GAS + 1n;
    await expect(sender.send(payment)).rejects.toThrow(/EIP-7825/);
    expect(chain.received).toEqual([]);
  });

  it("replaces a transaction that is stuck, with fees a tenth higher at least, under the same nonce", async () => {
    chain.automine = false;
    const sender = await TransactionSender.open(chain.connection, { keyFile }, IMPATIENT);
    chain.onSend = () => {
      if (chain.received.length === 2) setTimeout(() => chain.mine(), 50);
    };
    const receipt = await sender.send(payment);
    const [first, second] = chain.received;
    expect(receipt.transactionHash).toBe(second?.hash);
    expect(second?.nonce).toBe(first?.nonce);
    expect((second?.maxFeePerGas ?? 0n) * 10n).toBeGreaterThanOrEqual((first?.maxFeePerGas ?? 0n) * 11n);
    expect(chain.mined).toHaveLength(1);
  });

  it("gives up on a chain that stands still, and keeps the transaction for the next run", async () => {
    chain.automine = false;
    const sender = await TransactionSender.open(
      chain.connection,
      { keyFile },
      { ...IMPATIENT, replaceAfterMs: 100, maxReplacements: 1 },
    );
    await expect(sender.send(payment)).rejects.toMatchObject({
      code: "TRANSACTION_STUCK",
      data: { purpose: "A payment" },
    });
    expect(journalled()).toEqual(["00000000.json"]);
  });

  it("waits for a transaction whose answer was lost instead of sending a second one", async () => {
    const sender = await TransactionSender.open(chain.connection, { keyFile }, IMPATIENT);
    chain.onSend = () => (chain.received.length === 1 ? "hang up" : undefined);
    await sender.send(payment);
    expect(chain.mined).toHaveLength(1);
    chain.onSend = () => undefined;
    await sender.send(payment);
    expect(chain.mined.map(({ nonce }) => nonce)).toEqual([0, 1]);
  });

  it.each(["index", "receipts"] as const)(
    "finds a transaction in its block when the client has lost its %s",
    async (lost) => {
      const sender = await TransactionSender.open(chain.connection, { keyFile }, IMPATIENT);
      await sender.send(payment);
      chain.lost = lost;
      const { transactionHash, blockNumber } = await sender.send(payment);
      expect(chain.received).toHaveLength(2);
      expect({ transactionHash, blockNumber }).toEqual({ transactionHash: chain.received[1]?.hash, blockNumber: 2n });
    },
  );

  it.each(["index", "receipts"] as const)(
    "tells that a transaction reverted when the client has lost its %s",
    async (lost) => {
      const data = encodeErrorResult({ abi: ABI, errorName: "TooMuch", args: [9n, 5n] });
      let inBlock = false;
      const refuse = (): void => {
        throw new FakeRevert(data);
      };
      chain.contracts.set(TARGET, { abi: ABI, call: () => (inBlock ? refuse() : undefined), execute: refuse });
      chain.lost = lost;
      const sender = await TransactionSender.open(chain.connection, { keyFile }, IMPATIENT);
      chain.onSend = () => (inBlock = true);
      await expect(
        sender.send({
          purpose: "Raising",
          to: TARGET,
          abi: ABI,
          data: encodeFunctionData({ abi: ABI, functionName: "raise", args: [9n] }),
        }),
      ).rejects.toMatchObject({ code: "TRANSACTION_REJECTED", message: /TooMuch/ });
    },
  );

  it("forgets a transaction that the client refuses for good, and goes on with its nonce", async () => {
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    chain.onSend = () => {
      throw new RpcFault("intrinsic gas too high");
    };
    await expect(sender.send(payment)).rejects.toMatchObject({
      code: "TRANSACTION_REJECTED",
      message: /intrinsic gas too high/,
    });
    expect(journalled()).toEqual([]);
    chain.onSend = () => undefined;
    await sender.send(payment);
    expect(chain.mined.map(({ nonce }) => nonce)).toEqual([0]);
  });
});

describe("the next run after a kill", () => {
  /** A run that was killed right after it wrote its journal: its transaction is on disk only. */
  async function killedBeforeBroadcast(): Promise<void> {
    const sender = await TransactionSender.open(chain.connection, { keyFile });
    let raw = "";
    chain.onSend = () => {
      const [name = ""] = journalled();
      raw = readFileSync(join(journalFolder(), name), "utf8");
      throw new RpcFault("the run was killed here");
    };
    await sender.send(payment).catch(() => undefined);
    writeFileSync(join(journalFolder(), "00000000.json"), raw);
    chain.onSend = () => undefined;
    chain.received.length = 0;
  }

  it("sends the same bytes again, once, and goes on after them", async () => {
    await killedBeforeBroadcast();
    const entry = JSON.parse(readFileSync(join(journalFolder(), "00000000.json"), "utf8")) as { hashes: string[] };
    const next = await TransactionSender.open(chain.connection, { keyFile });
    expect(chain.mined.map(({ hash }) => hash)).toEqual(entry.hashes);
    await next.send(payment);
    expect(chain.mined.map(({ nonce }) => nonce)).toEqual([0, 1]);
  });

  it("waits for what is in the pool, and does not start beside it", async () => {
    await killedBeforeBroadcast();
    chain.automine = false;
    await expect(
      TransactionSender.open(chain.connection, { keyFile }, { ...IMPATIENT, replaceAfterMs: 100 }),
    ).rejects.toMatchObject({
      code: "TRANSACTION_STUCK",
    });
    const opening = TransactionSender.open(chain.connection, { keyFile }, IMPATIENT);
    setTimeout(() => chain.mine(), 150);
    await opening;
    expect(chain.mined).toHaveLength(1);
  });

  it("drops what the chain will never take", async () => {
    await killedBeforeBroadcast();
    chain.onSend = () => {
      throw new RpcFault("insufficient funds for gas * price + value");
    };
    const next = await TransactionSender.open(chain.connection, { keyFile });
    chain.onSend = () => undefined;
    await next.send({ ...payment, value: 2n });
    expect(chain.mined).toMatchObject([{ nonce: 0, value: 2n }]);
  });
});
