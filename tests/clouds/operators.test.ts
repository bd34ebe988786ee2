import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { keccak256, parseAbi, parseEther, size, slice, type Hex } from "viem";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildContracts } from "../../components/protocol/artifacts.ts";
import { PORT_OFFSETS } from "../../components/validator-node/bundle/ports.ts";
import type { RunResult } from "../../engine/index.ts";
import { FakeChain } from "../../provider/testing/fake-chain.ts";
import { FakeKeymanager } from "../../provider/testing/fake-keymanager.ts";
import { messages, Trial, type Settings } from "./trial.ts";

// An operator's fork on this machine, whole: program, engine and provider are the product's own. Docker is simulated, so Web3Signer, the
// validator client, the beacon node and the chain are servers of this process at the places where the node's bundle has them.
const [REGISTRY, POOL, VAULT, REWARDS] = ["c1", "c2", "c3", "c4"].map((byte) => `0x${byte.repeat(20)}`) as [
  Hex,
  Hex,
  Hex,
  Hex,
];
const CREDENTIALS: Hex = `0x01${"00".repeat(11)}${VAULT.slice(2)}`;
const ABI = parseAbi([
  "function operatorIdOf(address manager) view returns (uint256)",
  "function registerOperator(string name, address rewardRecipient) payable",
  "function heldBondOf(uint256 operatorId) view returns (uint256)",
  "function addBond(uint256 operatorId) payable",
  "function keyOf(bytes32 pubkeyHash) view returns (uint256 operatorId, uint256 index, uint8 state)",
  "function submitValidatorSigs(uint256 operatorId, bytes pubkeys, bytes signatures)",
  "function withdrawalVault() view returns (address)",
  "function operatorRegistry() view returns (address)",
  "function executionRewardsVault() view returns (address)",
  "function withdrawalCredentials() view returns (bytes32)",
]);
const MANAGER = generatePrivateKey();

const trial = new Trial("operators");
const { dir } = trial;
let chain: FakeChain;
let signer: FakeKeymanager;
let validator: FakeKeymanager;
let beacon: Server;
/** How often the beacon node says yet that it is syncing. */
let syncing = 0;
let basePort = 0;
const registered: Hex[] = [];
let bond = 0n;

beforeAll(async () => {
  await buildContracts();
  chain = await new FakeChain().start();
  chain.chainId = 560_048;
  for (const address of [REGISTRY, POOL, VAULT]) {
    chain.contracts.set(address, {
      abi: ABI,
      call: (name, [key]) =>
        ({
          operatorIdOf: bond > 0n ? 1n : 0n,
          heldBondOf: bond,
          keyOf: [registered.some((known) => keccak256(known) === key) ? 1n : 0n, 0n, 0],
          withdrawalVault: VAULT,
          operatorRegistry: REGISTRY,
          executionRewardsVault: REWARDS,
          withdrawalCredentials: CREDENTIALS,
        })[name],
      execute: (name, args, valueWei) => {
        bond += valueWei;
        if (name !== "submitValidatorSigs") return;
        const keys = args[1] as Hex;
        for (let at = 0; at < size(keys); at += 48) registered.push(slice(keys, at, at + 48));
      },
    });
  }
  await listen();
  writeFileSync(join(dir, "manager.key"), `${MANAGER}\n`, { mode: 0o600 });
  mkdirSync(join(dir, "keys"), { mode: 0o700 });
  writeFileSync(join(dir, "keys", "mnemonic"), `${"abandon ".repeat(11)}about\n`, { mode: 0o600 });
  const token = join(dir, "data", "nodes", "node-1", "data", "validator-teku", "validator", "key-manager");
  mkdirSync(token, { recursive: true });
  writeFileSync(join(token, "validator-api-bearer"), "token-1", { mode: 0o600 });
}, 300_000);

/** Servers at a node's ports, from a base port of which all are free. */
async function listen(): Promise<void> {
  for (basePort = 24_000; ; basePort += 100) {
    signer = new FakeKeymanager();
    validator = new FakeKeymanager();
    signer.token = "";
    beacon = createServer((request, response) => {
      const data = request.url?.includes("/syncing")
        ? { is_syncing: syncing-- > 0, head_slot: "9", sync_distance: "0" }
        : [];
      response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
    });
    try {
      await signer.start(basePort + PORT_OFFSETS.web3signer);
      await validator.start(basePort + PORT_OFFSETS.keymanager);
      await new Promise((resolve, reject) => {
        beacon.once("error", reject).listen(basePort + PORT_OFFSETS.beaconApi[0], "127.0.0.1", () => {
          resolve(undefined);
        });
      });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || basePort > 30_000) throw error;
    }
  }
}

afterAll(async () => {
  beacon.close();
  await Promise.all([chain.stop(), signer.stop(), validator.stop()]);
  trial.dispose();
});

function settingsWith(keys: object[]): Settings {
  return {
    network: "hoodi",
    acknowledgedForks: ["Glamsterdam"],
    hosts: [
      {
        name: "home-1",
        target: { kind: "local", directory: join(dir, "data") },
        dataVolume: { sizeGiB: 800 },
        memoryGiB: 64,
      },
    ],
    nodes: [
      {
        name: "node-1",
        host: "home-1",
        execution: [{ client: "reth" }],
        consensus: [{ client: "teku" }],
        validator: { client: "teku" },
        basePort,
      },
    ],
    deployment: {
      executionRewardsVault: REWARDS,
      withdrawalVault: VAULT,
      operatorRegistry: REGISTRY,
      stakingPool: POOL,
      rpcUrl: chain.url,
      accounts: { manager: { address: privateKeyToAddress(MANAGER), keyFile: join(dir, "manager.key") } },
    },
    operators: [{ name: "alice", manager: "manager", bond: "6", keyDirectory: join(dir, "keys"), keys }],
  };
}

/** What a run did or would do, without what stays: `op Type name`. */
const doneByType = ({ steps }: RunResult): string[] =>
  steps
    .filter(({ op }) => op !== "same")
    .map(({ op, name, type }) => `${op} ${type.split(":").at(-1) ?? ""} ${name}`)
    .sort();
const warnings = (result: RunResult): string => messages(result, ["warning", "error"]);

describe("an operator with Web3Signer", () => {
  it("has its keys in the signer, named to the validator client, paying the vault, and registered; a second up changes nothing", async () => {
    const plan = await trial.preview(settingsWith([{ node: "node-1", count: 2 }]));
    expect(warnings(plan)).toBe("");
    const first = await trial.upWithRules(settingsWith([{ node: "node-1", count: 2 }]));
    expect(warnings(first)).toBe("");
    expect(signer.keys.size).toBe(2);
    expect([...validator.remoteKeys.values()]).toEqual(["http://web3signer:9000", "http://web3signer:9000"]);
    expect(new Set([...validator.feeRecipients.values()].map((text) => text.toLowerCase()))).toEqual(
      new Set([REWARDS]),
    );
    expect(registered.map(String).sort()).toEqual([...signer.keys].sort());
    expect(bond).toBe(parseEther("6"));
    expect(doneByType(await trial.up(settingsWith([{ node: "node-1", count: 2 }])))).toEqual([]);
  });

  it("has gas limit and graffiti of a range where they differ, and drift is found and repaired", async () => {
    const keys = [{ node: "node-1", count: 2, gasLimit: 45_000_000, graffiti: "alice" }];
    expect(doneByType(await trial.up(settingsWith(keys)))).toEqual(["create ProposerSettings alice-node-1-0"]);
    expect(new Set(validator.gasLimits.values())).toEqual(new Set(["45000000"]));
    const [key = ""] = signer.keys;
    validator.graffiti.set(key, "mallory");
    validator.feeRecipients.set(key, `0x${"bb".repeat(20)}`);
    validator.remoteKeys.delete(key);
    await trial.refresh(settingsWith(keys));
    expect(doneByType(await trial.preview(settingsWith(keys)))).toEqual([
      "update FeeRecipient alice-node-1-0",
      "update ProposerSettings alice-node-1-0",
      "update RemoteKeys alice-node-1-0",
    ]);
    await trial.up(settingsWith(keys));
    expect(validator.graffiti.get(key)).toBe("alice");
    expect(validator.feeRecipients.get(key)?.toLowerCase()).toBe(REWARDS);
    expect(validator.remoteKeys.size).toBe(2);
  });

  it("waits for a beacon node that syncs, and adds keys without a change to the node", async () => {
    syncing = 2;
    const keys = [{ node: "node-1", count: 3, gasLimit: 45_000_000, graffiti: "alice" }];
    const result = await trial.up(settingsWith(keys));
    expect(warnings(result)).toBe("");
    expect(syncing).toBeLessThan(0);
    expect(doneByType(result).some((line) => /Command/.test(line))).toBe(false);
    expect(registered).toHaveLength(3);
  });

  it("keeps secrets out of the state", () => {
    const state = trial
      .stateFiles()
      .map(({ text }) => text)
      .join("\n");
    expect(state).toContain("alice-node-1-0");
    const secrets = readdirSync(join(dir, "keys", "keystores"))
      .filter((name) => name.endsWith(".password"))
      .map((name) => readFileSync(join(dir, "keys", "keystores", name), "utf8"));
    for (const secret of [...secrets, "abandon", "token-1", MANAGER.slice(2)]) expect(state).not.toContain(secret);
  });
});
