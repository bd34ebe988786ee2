import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hexToBigInt, hexToNumber, parseTransaction, type Address, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { senderSchema } from "./account.ts";
import { remoteAccount } from "./remote-signer.ts";

interface Call {
  readonly from: Address;
  readonly to: Address;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly maxFeePerGas: Hex;
  readonly maxPriorityFeePerGas: Hex;
  readonly value: Hex;
  readonly chainId: Hex;
  readonly data: Hex;
}

const key = generatePrivateKey();
const account = privateKeyToAccount(key);
const transaction = {
  type: "eip1559",
  chainId: 1,
  nonce: 0,
  to: "0x00000000000000000000000000000000000000aa",
  value: 5n,
  gas: 21_000n,
  maxFeePerGas: 30n,
  maxPriorityFeePerGas: 1n,
} as const;

let server: Server;
let url: string;
/** What the signer answers to a call. */
let respond: (call: Call) => unknown;
/** The method that the signer knows. */
let known = "eth_signTransaction";

/** Signs what it is asked to, as Clef does. */
const sign = async (call: Call, by = account): Promise<Hex> =>
  await by.signTransaction({
    type: "eip1559",
    chainId: hexToNumber(call.chainId),
    nonce: hexToNumber(call.nonce),
    to: call.to,
    value: hexToBigInt(call.value),
    gas: hexToBigInt(call.gas),
    maxFeePerGas: hexToBigInt(call.maxFeePerGas),
    maxPriorityFeePerGas: hexToBigInt(call.maxPriorityFeePerGas),
    data: call.data,
  });

beforeEach(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, params } = JSON.parse(Buffer.concat(chunks).toString()) as { method: string; params: [Call] };
      const unknown = { error: { code: -32_601, message: "the method does not exist" } };
      void Promise.resolve(method === known ? respond(params[0]) : unknown).then((answer) =>
        response.end(JSON.stringify(answer)),
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

describe("remoteAccount", () => {
  it("gives what the signer signed, bare or beside the transaction", async () => {
    respond = async (call) => ({ result: await sign(call) });
    const raw = await remoteAccount(url, account.address).signTransaction(transaction);
    expect(parseTransaction(raw)).toMatchObject({ value: 5n, to: transaction.to });
    // As Clef does, under its own name.
    known = "account_signTransaction";
    respond = async (call) => ({ result: { raw: await sign(call), tx: {} } });
    expect(await remoteAccount(url, account.address).signTransaction(transaction)).toBe(raw);
    known = "eth_signTransaction";
  });

  it.each([
    ["value", { value: "0x6" }],
    ["to", { to: "0x00000000000000000000000000000000000000bb" }],
    ["nonce", { nonce: "0x1" }],
    ["data", { data: "0x01" }],
    ["chainId", { chainId: "0x2" }],
    ["maxFeePerGas", { maxFeePerGas: "0x1f" }],
  ] as const)("refuses a signer that changes the %s", async (field, change) => {
    respond = async (call) => ({ result: await sign({ ...call, ...change }) });
    await expect(remoteAccount(url, account.address).signTransaction(transaction)).rejects.toMatchObject({
      code: "REMOTE_SIGNER",
      message: expect.stringContaining(`changed the transaction's ${field}`) as unknown,
    });
  });

  it("refuses a transaction of another type, or with an access list", async () => {
    respond = async (call) => ({
      result: await account.signTransaction({
        type: "eip1559",
        chainId: 1,
        nonce: 0,
        to: call.to,
        value: 5n,
        gas: 21_000n,
        maxFeePerGas: 30n,
        maxPriorityFeePerGas: 1n,
        accessList: [{ address: call.to, storageKeys: [] }],
      }),
    });
    await expect(remoteAccount(url, account.address).signTransaction(transaction)).rejects.toThrow(/another type/);
    respond = async (call) => ({
      result: await account.signTransaction({
        type: "legacy",
        nonce: 0,
        to: call.to,
        gasPrice: 30n,
        gas: 21_000n,
        value: 5n,
      }),
    });
    await expect(remoteAccount(url, account.address).signTransaction(transaction)).rejects.toThrow(/another type/);
  });

  it("refuses another account's signature, what is no transaction, a refusal and silence", async () => {
    const other = privateKeyToAccount(generatePrivateKey());
    respond = async (call) => ({ result: await sign(call, other) });
    const remote = remoteAccount(url, account.address);
    await expect(remote.signTransaction(transaction)).rejects.toThrow(/signed for/);
    respond = () => ({ result: "0x02c0" });
    await expect(remote.signTransaction(transaction)).rejects.toThrow(/no signed transaction/);
    respond = () => ({ error: { code: -32_000, message: "Request denied" } });
    await expect(remote.signTransaction(transaction)).rejects.toThrow(/refused: Request denied/);
    await expect(remoteAccount("http://127.0.0.1:1", account.address).signTransaction(transaction)).rejects.toThrow(
      /does not answer/,
    );
  });
});

describe("senderSchema", () => {
  it("takes a key file or a signer, and no credentials in its URL", () => {
    expect(senderSchema.safeParse({ keyFile: "a.key" }).success).toBe(true);
    expect(senderSchema.safeParse({ signerUrl: url, address: account.address }).success).toBe(true);
    expect(senderSchema.safeParse({ signerUrl: url }).success).toBe(false);
    expect(senderSchema.safeParse({ signerUrl: "http://me:secret@127.0.0.1", address: account.address }).success).toBe(
      false,
    );
  });
});
