import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createPublicClient,
  decodeFunctionData,
  encodeAbiParameters,
  encodeFunctionData,
  http,
  keccak256,
  parseAbi,
  stringToHex,
  type Address,
  type Hex,
} from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeChain, FakeRevert } from "../testing/fake-chain.ts";
import { TransactionSender } from "./sender.ts";
import { sendWithAuthority, TIMELOCK_ABI } from "./timelock.ts";

const [TARGET, TIMELOCK] = ["c1", "c2"].map((byte) => `0x${byte.repeat(20)}`) as [Address, Address];
const TARGET_ABI = parseAbi([
  "function setCap(uint256 cap)",
  "function hasRole(bytes32 role, address account) view returns (bool)",
  "function grantRole(bytes32 role, address account)",
]);
const ROLE = "PARAMETER_ROLE";

let chain: FakeChain;
let sender: TransactionSender;
/** What is scheduled: Unix time from which it may be executed, 1 when it was. */
let operations: Map<Hex, bigint>;
let delay: bigint;
/** Whether the account holds the role, and is the admin. */
let rights: { role: boolean; admin: boolean };
let caps: bigint[];

beforeEach(async () => {
  chain = await new FakeChain().start();
  operations = new Map();
  delay = 0n;
  rights = { role: false, admin: false };
  caps = [];
  const setCap = (data: Hex): void => {
    caps.push(decodeFunctionData({ abi: TARGET_ABI, data }).args[0] as bigint);
  };
  chain.contracts.set(TARGET, {
    abi: TARGET_ABI,
    call: (name) => {
      if (name === "hasRole") return rights.admin;
      if (name === "setCap" && !rights.role) throw new FakeRevert("0x");
      return undefined;
    },
    execute: (name, args) => {
      if (name === "grantRole") rights.role = true;
      else caps.push(args[0] as bigint);
    },
  });
  const hash = (args: readonly unknown[]): Hex =>
    keccak256(
      encodeAbiParameters(
        [{ type: "address" }, { type: "uint256" }, { type: "bytes" }, { type: "bytes32" }, { type: "bytes32" }],
        args.slice(0, 5) as [Address, bigint, Hex, Hex, Hex],
      ),
    );
  chain.contracts.set(TIMELOCK, {
    abi: TIMELOCK_ABI,
    call: (name, args) =>
      name === "getMinDelay" ? delay : name === "hashOperation" ? hash(args) : (operations.get(args[0] as Hex) ?? 0n),
    execute: (name, args) => {
      if (name === "schedule") operations.set(hash(args), BigInt(Math.floor(Date.now() / 1000)) + delay);
      if (name === "execute") {
        operations.set(hash(args), 1n);
        setCap(args[2] as Hex);
      }
    },
  });
  const keyFile = join(mkdtempSync(join(tmpdir(), "ethstake-timelock-")), "a.key");
  writeFileSync(keyFile, generatePrivateKey(), { mode: 0o600 });
  sender = await TransactionSender.open({ rpcUrl: chain.url, chainId: chain.chainId }, { keyFile });
});
afterEach(() => chain.stop());

const client = () => createPublicClient({ transport: http(chain.url) });
const send = (cap: bigint): Promise<void> =>
  sendWithAuthority(
    client(),
    sender,
    {
      purpose: `setCap(${cap})`,
      to: TARGET,
      data: encodeFunctionData({ abi: TARGET_ABI, functionName: "setCap", args: [cap] }),
    },
    { timelock: TIMELOCK, role: ROLE },
    () => undefined,
  );
const calls = (): string[] =>
  chain.received.map(({ to, data }) => {
    const abi = to.toLowerCase() === TIMELOCK ? TIMELOCK_ABI : TARGET_ABI;
    return decodeFunctionData({ abi, data }).functionName;
  });

describe("sendWithAuthority", () => {
  it("calls directly what the account may call", async () => {
    rights.role = true;
    await send(5n);
    expect(calls()).toEqual(["setCap"]);
    expect(caps).toEqual([5n]);
  });

  it("takes the role at the first set-up, while the account is the admin", async () => {
    rights.admin = true;
    await send(5n);
    expect(calls()).toEqual(["grantRole", "setCap"]);
    const [grant] = chain.received;
    expect(grant && decodeFunctionData({ abi: TARGET_ABI, data: grant.data }).args).toEqual([
      keccak256(stringToHex(ROLE)),
      sender.account.address,
    ]);
  });

  it("schedules and executes through the timelock, and the same call again under another salt", async () => {
    await send(5n);
    await send(6n);
    await send(5n);
    expect(calls()).toEqual(["schedule", "execute", "schedule", "execute", "schedule", "execute"]);
    expect(caps).toEqual([5n, 6n, 5n]);
  });

  it("says when a long delay is over, and goes on from there without scheduling again", async () => {
    delay = 86_400n;
    await expect(send(5n)).rejects.toMatchObject({ code: "TIMELOCK_PENDING" });
    await expect(send(5n)).rejects.toMatchObject({ code: "TIMELOCK_PENDING" });
    expect(calls()).toEqual(["schedule"]);
    expect(caps).toEqual([]);
    for (const id of operations.keys()) operations.set(id, BigInt(Math.floor(Date.now() / 1000)) - 1n);
    await send(5n);
    expect(calls()).toEqual(["schedule", "execute"]);
    expect(caps).toEqual([5n]);
  });
});
