import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keccak256, parseAbi, size, slice, type Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PRE_DEPOSIT_GWEI, verifyDeposit } from "../keys/deposit-data.ts";
import { deriveSigningKey } from "../keys/derivation.ts";
import { KeystoreDirectory } from "../keys/store.ts";
import { diffInputs, erase } from "../resource.ts";
import { testContext } from "../testing/context.ts";
import { FakeChain } from "../testing/fake-chain.ts";
import { depositHandler } from "./deposit.ts";

const [REGISTRY, POOL, VAULT] = ["c1", "c2", "c3"].map((byte) => `0x${byte.repeat(20)}`) as [Hex, Hex, Hex];
const REWARDS: Hex = `0x${"c4".repeat(20)}`;
const CREDENTIALS: Hex = `0x01${"00".repeat(11)}${VAULT.slice(2)}`;
const ABI = parseAbi([
  "function keyOf(bytes32 pubkeyHash) view returns (uint256 operatorId, uint256 index, uint8 state)",
  "function submitValidatorSigs(uint256 operatorId, bytes pubkeys, bytes signatures)",
  "function withdrawalVault() view returns (address)",
  "function operatorRegistry() view returns (address)",
  "function executionRewardsVault() view returns (address)",
  "function withdrawalCredentials() view returns (bytes32)",
]);
const keys = [0, 1].map((index) => deriveSigningKey(`${"abandon ".repeat(11)}about`, index));
const publicKeys = keys.map(({ publicKey }) => publicKey);
const context = testContext();

/** What the pool says is its registry. */
let poolRegistry: Hex;
let chain: FakeChain;
let beacon: Server;
/** What the beacon node has, by key: withdrawal credentials. */
let validators: Map<string, string>;
/** What the registry has: key to operator and signature. */
let registered: Map<Hex, { owner: bigint; signature: Hex }>;
let inputs: Parameters<typeof depositHandler.create>[0];

beforeEach(async () => {
  chain = await new FakeChain().start();
  registered = new Map();
  validators = new Map();
  poolRegistry = REGISTRY;
  for (const address of [REGISTRY, POOL, VAULT]) {
    chain.contracts.set(address, {
      abi: ABI,
      call: (name, [key]) =>
        ({
          keyOf: [[...registered].find(([known]) => keccak256(known) === key)?.[1].owner ?? 0n, 0n, 0],
          withdrawalVault: VAULT,
          operatorRegistry: poolRegistry,
          executionRewardsVault: REWARDS,
          withdrawalCredentials: CREDENTIALS,
        })[name],
      execute: (_name, [operatorId, pubkeys, signatures]) => {
        for (let index = 0; index < size(pubkeys as Hex) / 48; index++) {
          registered.set(slice(pubkeys as Hex, index * 48, index * 48 + 48), {
            owner: operatorId as bigint,
            signature: slice(signatures as Hex, index * 96, index * 96 + 96),
          });
        }
      },
    });
  }
  beacon = createServer((request, response) => {
    const ids = new URL(request.url ?? "", "http://x").searchParams.getAll("id");
    const data = ids
      .filter((id) => validators.has(id))
      .map((pubkey, index) => ({
        index: String(index),
        balance: "32000000000",
        status: "pending_initialized",
        validator: { pubkey, withdrawal_credentials: validators.get(pubkey) },
      }));
    response.end(
      JSON.stringify({
        data: request.url?.endsWith("/syncing") ? { is_syncing: false, head_slot: "9", sync_distance: "0" } : data,
      }),
    );
  }).listen(0, "127.0.0.1");
  await once(beacon, "listening");
  const folder = mkdtempSync(join(tmpdir(), "ethstake-deposit-"));
  writeFileSync(join(folder, "key"), generatePrivateKey(), { mode: 0o600 });
  const store = new KeystoreDirectory(join(folder, "keystores"));
  for (const key of keys) await store.ensure(key);
  inputs = {
    chain: chain.connection,
    sender: { keyFile: join(folder, "key") },
    registry: REGISTRY,
    pool: POOL,
    operatorId: "1",
    publicKeys,
    keystoreDirectory: join(folder, "keystores"),
    withdrawalCredentials: CREDENTIALS,
    genesisForkVersion: "0x00000001",
    beaconUrl: `http://127.0.0.1:${(beacon.address() as AddressInfo).port}`,
  };
});
afterEach(async () => {
  beacon.closeAllConnections();
  beacon.close();
  await chain.stop();
});

describe("Deposit", () => {
  it("refuses a fee recipient that is not the pool's, and sends nothing", async () => {
    const { outputs } = await depositHandler.create({ ...inputs, executionRewardsVault: REWARDS }, context);
    expect(outputs.executionRewardsVault).toBe(REWARDS);
    const sent = chain.received.length;
    await expect(
      depositHandler.create({ ...inputs, operatorId: "2", executionRewardsVault: VAULT }, context),
    ).rejects.toMatchObject({ code: "WRONG_REWARDS_VAULT", data: { pool: POOL, actual: VAULT } });
    expect(chain.received).toHaveLength(sent);
  });

  it("registers signatures that the beacon chain will accept, once", async () => {
    const { id, outputs } = await depositHandler.create(inputs, context);
    expect(id).toContain(publicKeys[0]);
    for (const key of publicKeys) {
      const terms = {
        withdrawalCredentials: CREDENTIALS,
        amountGwei: PRE_DEPOSIT_GWEI,
        genesisForkVersion: "0x00000001" as const,
      };
      expect(verifyDeposit(key, registered.get(key)?.signature ?? "0x", terms)).toBe(true);
    }
    expect(outputs.depositDataRoots).toHaveLength(2);
    expect(await depositHandler.create(inputs, context)).toEqual({ id, outputs });
    expect(chain.mined).toHaveLength(1);
  });

  it("registers only the keys that an interrupted run left out", async () => {
    await depositHandler.create({ ...inputs, publicKeys: publicKeys.slice(0, 1) }, context);
    await depositHandler.create(inputs, context);
    expect(chain.mined).toHaveLength(2);
    expect(registered.size).toBe(2);
  });

  it("finds a key whose registration was taken back", async () => {
    const { id, outputs } = await depositHandler.create(inputs, context);
    registered.delete(publicKeys[1] ?? "0x");
    const read = await depositHandler.read(id, outputs, context);
    expect(read?.inputs.publicKeys).toEqual([publicKeys[0]]);
    expect(diffInputs(erase(depositHandler), read?.outputs as never, inputs as never)).toEqual({
      changed: ["publicKeys"],
      replaces: [],
    });
  });

  it("sends nothing for credentials that are not the vault's", async () => {
    const stranger = { ...inputs, withdrawalCredentials: CREDENTIALS.replace("c3c3", "d4d4") };
    await expect(depositHandler.create(stranger, context)).rejects.toMatchObject({
      code: "WRONG_WITHDRAWAL_CREDENTIALS",
    });
    expect(chain.received).toEqual([]);
  });

  it("sends nothing to a registry of another deployment", async () => {
    poolRegistry = VAULT;
    await expect(depositHandler.create(inputs, context)).rejects.toMatchObject({ code: "WRONG_REGISTRY" });
    expect(chain.received).toEqual([]);
  });

  it("sends nothing for a key that somebody deposited to with other credentials", async () => {
    validators.set(publicKeys[1] ?? "", `0x01${"00".repeat(11)}${"ee".repeat(20)}`);
    await expect(depositHandler.create(inputs, context)).rejects.toMatchObject({
      code: "WRONG_WITHDRAWAL_CREDENTIALS",
      message: new RegExp(`Validator ${publicKeys[1] ?? ""}`),
    });
    expect(chain.received).toEqual([]);
  });

  it("does not take a key that another operator registered for its own", async () => {
    registered.set(publicKeys[0] ?? "0x", { owner: 2n, signature: "0x" });
    await expect(depositHandler.create(inputs, context)).rejects.toMatchObject({
      code: "KEY_OF_ANOTHER_OPERATOR",
      data: { owner: "2", operatorId: "1" },
    });
    expect(chain.received).toEqual([]);
  });
});
