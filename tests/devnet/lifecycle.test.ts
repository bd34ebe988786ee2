import { readFileSync, writeFileSync } from "node:fs";
import {
  createWalletClient,
  getAddress,
  http,
  parseAbi,
  parseEther,
  publicActions,
  type Address,
  type Hex,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PROTOCOL_CONTRACTS } from "../../components/protocol/contracts.ts";
import { isRunning, type ProcessIdentity } from "../../lib/process.ts";
import { freePorts } from "../free-ports.ts";
import { ProjectCopy } from "./project.ts";
import { collectSecrets, filesBelow, findLeaks, readableSecrets } from "./secrets.ts";

const STACK = "e2e";
const POOL_ABI = parseAbi(["function stakeCap() view returns (uint256)", "function setStakeCap(uint256)"]);
const OTHER_RECIPIENT: Address = "0x000000000000000000000000000000000000dEaD";

interface Status {
  executionRpc: string;
  beaconApi: string;
  keymanagerApis: { url: string; tokenFile: string }[];
  contracts: Record<string, Address>;
  validators: {
    pubkey: Hex;
    node: string;
    status: string;
    withdrawalCredentials: string;
    feeRecipient: string;
    balanceGwei: string;
  }[];
  proofs: { claim: string; source: string; value: string; holds: boolean }[];
  accounts: Record<string, { address: Address; keyFile: string }>;
}
interface Step {
  op: string;
  type: string;
  name: string;
  diff: { path: string }[];
}
interface RunOutput {
  changes: Record<"same" | "create" | "update" | "replace" | "delete", number>;
  steps?: Step[];
  error?: string;
}
type Processes = Record<string, { supervisor: ProcessIdentity; child: ProcessIdentity; restarts: number }>;

describe("a devnet from nothing to its end", () => {
  const project = new ProjectCopy();
  let status: Status;
  let phases: Record<string, number>;
  let ports: number[];

  beforeAll(() =>
    project.addStack(STACK, ({ nodes }) => {
      ports = nodes.flatMap(
        ({ execution, consensus, validator }) =>
          [...execution, ...consensus, validator].flatMap((client) => Object.values(client)) as number[],
      );
    }),
  );
  afterAll(() => project.dispose());

  const stack = async (...args: string[]): Promise<RunOutput & { code: number }> => {
    const { code, value } = await project.json("stack", [...args, "--stack", STACK]);
    return { code, ...(value as unknown as RunOutput) };
  };
  const processes = (): Processes =>
    Object.fromEntries(
      ["execution", "beacon", "validator"].map((part) => [
        part,
        JSON.parse(
          readFileSync(project.path(".ethstake", STACK, "processes", `node-1-${part}`, "status.json"), "utf8"),
        ) as Processes[string],
      ]),
    );

  it("comes up, is wired, and proves it", async () => {
    const { code, value, stderr } = await project.json("devnet", ["--stack", STACK]);
    expect(code, stderr).toBe(0);
    status = value as unknown as Status;
    ({ phases } = value as unknown as { phases: Record<string, number> });
    console.log(
      `devnet: wired after ${phases["wired"]} s, withdrawn after ${phases["withdrawn"]} s (${JSON.stringify(phases)})`,
    );
    // How long it may take is the benchmark's to say (npm run bench): other suites run beside this one.
    expect(phases["wired"]).toBeGreaterThan(0);
    expect(status.proofs.filter(({ holds }) => !holds)).toEqual([]);
    expect(status.proofs.length).toBeGreaterThanOrEqual(10 + PROTOCOL_CONTRACTS.length);
    expect(status.validators).toHaveLength(2);
    for (const validator of status.validators) {
      expect(validator.status).toMatch(/^active/);
      expect(validator.withdrawalCredentials.toLowerCase()).toBe(
        `0x01${"00".repeat(11)}${(status.contracts["WithdrawalVault"] ?? "").slice(2).toLowerCase()}`,
      );
      expect(validator.feeRecipient).toBe(status.contracts["ExecutionRewardsVault"]);
      expect(Number(validator.balanceGwei)).toBeGreaterThan(31_000_000_000);
    }
  });

  it("is shown again by its status, which exits 0 only when every proof holds", async () => {
    const { code, value } = await project.json("devnet:status", ["--stack", STACK]);
    expect(code).toBe(0);
    expect(Object.keys(value)).toEqual(
      expect.arrayContaining(["executionRpc", "beaconApi", "keymanagerApis", "contracts", "validators", "proofs"]),
    );
  });

  it("is verified: the chain equals the settings line by line", async () => {
    const { code, value } = await project.json("verify", ["--stack", STACK]);
    const { findings } = value as unknown as { findings: { subject: string; equal: boolean }[] };
    expect(findings.filter(({ equal }) => !equal)).toEqual([]);
    expect(findings.length).toBeGreaterThan(120);
    expect(code).toBe(0);
  });

  it("changes nothing in a second run and restarts no process", async () => {
    const before = processes();
    const { code, changes } = await stack("up", "--yes");
    expect(code).toBe(0);
    expect(changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
    expect(processes()).toEqual(before);
  });

  it("stands beside a second devnet whose settings differ, and whose timelocks hold what the first's accounts do", async () => {
    await project.addStack("beside", ({ devnet, operators, protocol }) => {
      devnet["chainId"] = 32_383;
      protocol["governance"] = { upgradeDelaySeconds: 4, operationsDelaySeconds: 2 };
      protocol["maxLossBps"] = 50;
      // This chain has no EIP-4788 to prove anything against; that the verifiers are deployed and set is seen all the same.
      protocol["verifiers"] = [
        { layout: "electra", fromSlot: 0 },
        { layout: "gloas", fromSlot: 1_000_000 },
      ];
      const [operator] = operators;
      if (operator) operator.name = "bob";
    });
    const second = await project.json("stack", ["up", "--yes", "--stack", "beside"]);
    expect(second.code, second.stderr).toBe(0);
    const other = (await project.json("devnet:status", ["--stack", "beside"])).value as unknown as Status;
    expect(
      other.proofs.filter(({ claim, holds }) => holds && /head advances|built code|fee recipient/.test(claim)),
    ).toHaveLength(3 + PROTOCOL_CONTRACTS.length);
    const verified = await project.json("verify", ["--stack", "beside"]);
    const { findings } = verified.value as unknown as { findings: { equal: boolean }[] };
    expect(findings.filter(({ equal }) => !equal)).toEqual([]);
    expect(verified.code).toBe(0);
    project.changeStack("beside", ({ protocol }) => (protocol["stakeCap"] = 900));
    const raised = await project.json("stack", ["up", "--yes", "--stack", "beside"]);
    expect(raised.code, raised.stderr).toBe(0);
    expect(raised.value["changes"]).toMatchObject({ create: 0, update: 1, replace: 0, delete: 0 });
    expect((await project.json("verify", ["--stack", "beside"])).code).toBe(0);
    expect(other.executionRpc).not.toBe(status.executionRpc);
    expect(other.validators.map(({ pubkey }) => pubkey)).not.toContain(status.validators[0]?.pubkey);
    expect((await project.run("devnet:down", ["--stack", "beside"])).code).toBe(0);
    expect((await project.json("devnet:status", ["--stack", STACK])).code).toBe(0);
  });

  it("finds drift by refresh and repairs it by up, touching nothing else", async () => {
    const parameters = status.accounts["parameters"];
    const [api] = status.keymanagerApis;
    const [validator] = status.validators;
    const pool = status.contracts["StakingPool"];
    if (!parameters || !api || !validator || !pool) throw new Error("the status is incomplete");
    const account = privateKeyToAccount(readFileSync(project.path(parameters.keyFile), "utf8").trim() as Hex);
    const wallet = createWalletClient({ account, transport: http(status.executionRpc) }).extend(publicActions);
    const before = processes();

    const hash = await wallet.writeContract({
      chain: null,
      address: pool,
      abi: POOL_ABI,
      functionName: "setStakeCap",
      args: [parseEther("777")],
      gas: 200_000n,
    });
    await wallet.waitForTransactionReceipt({ hash, pollingInterval: 250 });
    const token = readFileSync(project.path(api.tokenFile), "utf8").trim();
    const changed = await fetch(`${api.url}/eth/v1/validator/${validator.pubkey}/feerecipient`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ ethaddress: OTHER_RECIPIENT }),
    });
    expect(changed.status).toBeLessThan(300);

    const verified = await project.json("verify", ["--stack", STACK]);
    expect(verified.code).toBe(1);
    expect((verified.value["findings"] as { subject: string; equal: boolean }[]).filter(({ equal }) => !equal)).toEqual(
      [
        expect.objectContaining({
          subject: "StakingPool.stakeCap",
          wanted: parseEther("1000").toString(),
          found: parseEther("777").toString(),
        }),
      ],
    );

    const refreshed = await stack("refresh", "--yes");
    expect(refreshed.code).toBe(0);
    expect(refreshed.changes).toMatchObject({ create: 0, update: 2, replace: 0, delete: 0 });

    const planned = await stack("preview");
    const touched = (planned.steps ?? [])
      .filter(({ op }) => op !== "same")
      .map(({ op, type, name }) => `${op} ${type} ${name}`);
    expect(touched.sort()).toEqual([
      "update ethstake:index:FeeRecipient alice-node-1-0",
      "update ethstake:index:Setting StakingPool-stakeCap",
    ]);

    const repaired = await stack("up", "--yes");
    expect(repaired.changes).toMatchObject({ create: 0, update: 2, replace: 0, delete: 0 });
    expect(await wallet.readContract({ address: pool, abi: POOL_ABI, functionName: "stakeCap" })).toBe(
      parseEther("1000"),
    );
    const { value } = await project.json("devnet:status", ["--stack", STACK]);
    expect((value as unknown as Status).validators.map(({ feeRecipient }) => feeRecipient)).toEqual(
      status.validators.map(({ feeRecipient }) => feeRecipient),
    );
    expect(processes()).toEqual(before);
  });

  it("names the account that cannot pay, and what it lacks", async () => {
    const setBond = (bond: number): void =>
      project.changeStack(STACK, ({ operators: [operator] }) => {
        if (operator) operator.bond = bond;
      });
    setBond(2_000_000);
    const { code, stderr } = await project.json("stack", ["up", "--yes", "--stack", STACK]);
    expect(code).not.toBe(0);
    const operator = status.accounts["operator-alice"]?.address ?? "";
    expect(stderr).toMatch(new RegExp(`Account ${operator} has \\d+\\.\\d+ ETH and needs \\d+\\.\\d+ ETH`));
    expect(stderr).toMatch(new RegExp(`Send at least \\d+\\.\\d+ ETH to ${operator} and run again`));
    setBond(4);
    expect((await stack("up", "--yes")).code).toBe(0);
    expect((await stack("up", "--yes")).changes).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0 });
  });

  it("upgrades a changed contract in place: the address stays", async () => {
    const source = project.path("contracts", "src", "StakingPool.sol");
    const text = readFileSync(source, "utf8");
    const end = text.lastIndexOf("}");
    writeFileSync(
      source,
      `${text.slice(0, end)}\n    /// @notice Marks the upgraded implementation.\n    function upgraded() external pure returns (bool) {\n        return true;\n    }\n}\n`,
    );

    const planned = await stack("preview");
    expect(planned.changes).toMatchObject({ create: 0, update: 1, replace: 0, delete: 0 });
    expect((planned.steps ?? []).filter(({ op }) => op !== "same")).toMatchObject([
      { op: "update", type: "ethstake:index:Contract", name: "StakingPool" },
    ]);

    const { changes } = await stack("up", "--yes");
    expect(changes).toMatchObject({ create: 0, update: 1, replace: 0, delete: 0 });
    const { code, value } = await project.json("devnet:status", ["--stack", STACK]);
    const after = value as unknown as Status;
    expect(code).toBe(0);
    expect(after.contracts).toEqual(status.contracts);
    const pool = after.contracts["StakingPool"];
    const reader = createWalletClient({ transport: http(after.executionRpc) }).extend(publicActions);
    expect(
      pool &&
        (await reader.readContract({
          address: getAddress(pool),
          abi: parseAbi(["function upgraded() view returns (bool)"]),
          functionName: "upgraded",
        })),
    ).toBe(true);
  });

  it("keeps every secret in its file: none in state, logs, genesis files or process arguments", async () => {
    const directory = project.path(".ethstake", STACK);
    const secrets = await collectSecrets(directory);
    // 17 accounts, JWT, mnemonic, API token, and two keystores with a password and a key each.
    expect(secrets.length).toBeGreaterThanOrEqual(24);
    const public_ = [
      ...filesBelow(project.path(".ethstake", "engine")),
      ...filesBelow(`${directory}/logs`),
      ...filesBelow(`${directory}/processes`),
      ...filesBelow(`${directory}/genesis`),
    ];
    expect(
      findLeaks(
        secrets,
        public_.filter((file) => !file.endsWith("jwt.hex")),
      ),
    ).toEqual([]);
    expect(readableSecrets(directory)).toEqual([]);
    // The search itself must be able to find something.
    const [first] = secrets;
    const planted = project.path(".ethstake", "planted.txt");
    writeFileSync(planted, `x${first?.text ?? ""}x`);
    expect(findLeaks(secrets, [planted])).toHaveLength(1);
  });

  it("goes down without leaving a process or a port, and keeps the keys", async () => {
    const running = Object.values(processes()).flatMap(({ supervisor, child }) => [supervisor, child]);
    expect(running.filter(isRunning)).toHaveLength(6);
    const { code } = await project.run("devnet:down", ["--stack", STACK]);
    expect(code).toBe(0);
    expect(running.filter(isRunning)).toEqual([]);
    const { createServer } = await import("node:net");
    for (const port of ports) {
      await new Promise<void>((resolve, reject) => {
        const server = createServer();
        server.once("error", reject);
        server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
      });
    }
    const kept = filesBelow(project.path(".ethstake"));
    expect(
      kept.filter((file) => file.includes(`${STACK}.ended-`) && /keystore-[0-9a-f]+\.json$/.test(file)),
    ).toHaveLength(2);
    expect((await project.run("devnet:status", ["--stack", STACK])).code).not.toBe(0);
    expect((await project.run("devnet:down", ["--stack", STACK])).code).toBe(0);
  });
});

describe("bad input", () => {
  const project = new ProjectCopy();
  afterAll(() => project.dispose());

  it("gives ten messages for ten faults and creates nothing", async () => {
    await project.addStack("faulty", (config) => {
      config.network = "mainet";
      config.devnet = { chainId: 1, slotsPerEpoch: 2, colour: "red" };
      const [node] = config.nodes;
      if (node) {
        node.execution = [{ ...node.execution[0], client: "parity", rpcPort: 80 }];
        node.validator = { ...node.validator, keymanagerPort: "many" };
      }
      config.protocol = { stakeCap: "lots" };
      config.operators = [{ name: "Alice!", bond: 4, keys: [{ node: "node-1", count: 0 }] }];
    });
    const { code, value, stderr } = await project.json("stack", ["up", "--yes", "--stack", "faulty"]);
    expect(code).not.toBe(0);
    expect(value["changes"]).toMatchObject({ update: 0, replace: 0, delete: 0 });
    const faults = stderr.split("\n").filter((line) => /^\s+ethstake:\S+ = /.test(line));
    expect(new Set(faults.map((line) => line.trim())).size, stderr).toBe(10);
    for (const path of [
      "network",
      "devnet.chainId",
      "devnet.slotsPerEpoch",
      "devnet.colour",
      "nodes[0].execution[0].client",
      "nodes[0].execution[0].rpcPort",
      "nodes[0].validator.keymanagerPort",
      "protocol.stakeCap",
      "operators[0].name",
      "operators[0].keys[0].count",
    ]) {
      expect(stderr).toContain(`ethstake:${path} = `);
    }
    expect(() => filesBelow(project.path(".ethstake", "faulty"))).toThrow();
  });

  it("names a port that is taken and the setting that moves it", async () => {
    const { createServer } = await import("node:net");
    const [taken = 0] = await freePorts(1);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(taken, "127.0.0.1", resolve));
    try {
      await project.addStack("taken", ({ nodes }) => {
        const [client] = nodes[0]?.consensus ?? [];
        if (client) client["restPort"] = taken;
      });
      const { code, stderr } = await project.run("stack", ["preview", "--stack", "taken", "--json"]);
      expect(code).not.toBe(0);
      expect(stderr).toContain(
        `port ${taken} is in use by another program; free it or set consensus[0].restPort to a free port`,
      );
    } finally {
      server.close();
    }
  });

  it("names a client that is not installed", async () => {
    await project.addStack("geth", ({ nodes }) => {
      const [client] = nodes[0]?.execution ?? [];
      if (client) client["client"] = "geth";
    });
    const { code, stderr } = await project.run("stack", ["preview", "--stack", "geth", "--json"], {
      PATH: "/nonexistent",
    });
    expect(code).not.toBe(0);
    expect(stderr).toContain('there is no executable "geth" on the PATH');
  });
});
