import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFunctionData, getAddress, padHex, parseAbi, type Hex } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DETERMINISTIC_DEPLOYER } from "../chain/artifact.ts";
import { checkInputs, diffInputs, erase } from "../resource.ts";
import { testContext } from "../testing/context.ts";
import { FakeChain } from "../testing/fake-chain.ts";
import { contractHandler } from "./contract.ts";

const context = testContext();
type Inputs = Parameters<typeof contractHandler.create>[0];
const ABI = parseAbi([
  "constructor(uint256 cap)",
  "function initialize(address admin)",
  "function upgradeToAndCall(address implementation, bytes data) payable",
]);
const PROXY_ABI = parseAbi(["constructor(address implementation, bytes data)"]);
const ADMIN = getAddress("0x00000000000000000000000000000000000000ad");

let chain: FakeChain;
let folder: string;

function artifact(name: string, abi: unknown, code: Hex): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({ abi, bytecode: { object: code }, deployedBytecode: { object: code, immutableReferences: {} } }),
  );
  return file;
}

beforeEach(async () => {
  chain = await new FakeChain().start();
  // Runtime code is the creation code without arguments: two bytes in these artifacts.
  chain.runtimeOf = (initCode) => initCode.slice(0, 6) as Hex;
  folder = mkdtempSync(join(tmpdir(), "ethstake-contract-"));
  writeFileSync(join(folder, "key"), generatePrivateKey(), { mode: 0o600 });
  artifact("Pool", ABI, "0x6001");
  artifact("Proxy", PROXY_ABI, "0x6002");
});
afterEach(() => chain.stop());

async function inputsOf(part: object = {}): Promise<Inputs> {
  const raw = {
    chain: chain.connection,
    sender: { keyFile: join(folder, "key") },
    artifact: join(folder, "Pool.json"),
    constructorArgs: ["5"],
    ...part,
  };
  const { inputs, failures } = checkInputs(contractHandler.schema, raw);
  expect(failures).toEqual([]);
  return (await contractHandler.derive?.(inputs as unknown as Inputs)) as Inputs;
}

const proxied = (part: object = {}): Promise<Inputs> =>
  inputsOf({
    proxy: { artifact: join(folder, "Proxy.json"), initializer: { function: "initialize", args: [ADMIN] } },
    ...part,
  });

describe("Contract", () => {
  it("lands where it was predicted to", async () => {
    const inputs = await inputsOf();
    const predicted = await contractHandler.predict?.(inputs, undefined);
    const { outputs } = await contractHandler.create(inputs, context);
    expect(outputs).toMatchObject(predicted ?? {});
    expect(outputs.address).toBe(outputs.implementation);
    expect(chain.code.get(outputs.address.toLowerCase())).toBe("0x6001");
  });

  it("adopts what an interrupted run deployed", async () => {
    const first = await contractHandler.create(await inputsOf(), context);
    expect(await contractHandler.create(await inputsOf(), context)).toEqual(first);
    expect(chain.mined).toHaveLength(1);
  });

  it("gets another address, by replacement, for other arguments", async () => {
    const { outputs } = await contractHandler.create(await inputsOf(), context);
    const other = await inputsOf({ constructorArgs: ["6"] });
    expect(diffInputs(erase(contractHandler), outputs as never, other as never).replaces).toContain("constructorArgs");
    expect((await contractHandler.create(other, context)).outputs.address).not.toBe(outputs.address);
  });

  it("is gone when the chain has no code there", async () => {
    const { id, outputs } = await contractHandler.create(await inputsOf(), context);
    expect((await contractHandler.read(id, outputs, context))?.outputs).toEqual(outputs);
    chain.code.delete(outputs.address.toLowerCase());
    expect(await contractHandler.read(id, outputs, context)).toBeUndefined();
  });

  it("refuses code that is not the artifact's", async () => {
    chain.runtimeOf = () => "0x6666";
    await expect(contractHandler.create(await inputsOf(), context)).rejects.toMatchObject({
      code: "CONTRACT_CODE_MISMATCH",
    });
  });

  it("names the deployer where the chain lacks it, and sends nothing", async () => {
    chain.code.delete(DETERMINISTIC_DEPLOYER.toLowerCase());
    await expect(contractHandler.create(await inputsOf(), context)).rejects.toMatchObject({
      code: "DETERMINISTIC_DEPLOYER_MISSING",
    });
    expect(chain.received).toEqual([]);
  });

  it("forgets the contract when it is deleted", async () => {
    const { id, outputs } = await contractHandler.create(await inputsOf(), context);
    await contractHandler.delete(id, outputs, context);
    expect(chain.mined).toHaveLength(1);
  });
});

describe("Contract behind a proxy", () => {
  /** Lets the fake chain's proxy point at an implementation, as its constructor and upgrades do. */
  function pointTo(proxy: Hex, implementation: Hex): void {
    chain.storage.set(proxy.toLowerCase(), padHex(implementation, { size: 32 }));
  }

  it("is initialised in its own deployment, where it was predicted to land", async () => {
    const inputs = await proxied();
    const predicted = await contractHandler.predict?.(inputs, undefined);
    const { outputs } = await contractHandler.create(inputs, context);
    expect(outputs).toMatchObject(predicted ?? {});
    expect(chain.mined).toHaveLength(2);
    expect(chain.mined[1]?.data).toContain(
      encodeFunctionData({ abi: ABI, functionName: "initialize", args: [ADMIN] }).slice(2),
    );
  });

  it("deploys only the proxy when a run was killed between the two", async () => {
    await contractHandler.create(await inputsOf(), context);
    await contractHandler.create(await proxied(), context);
    expect(chain.mined).toHaveLength(2);
  });

  it("takes new code as an upgrade in place", async () => {
    const { id, outputs } = await contractHandler.create(await proxied(), context);
    pointTo(outputs.address, outputs.implementation);
    chain.contracts.set(outputs.address.toLowerCase(), {
      abi: ABI,
      execute: (name, [implementation]) => {
        if (name === "upgradeToAndCall") pointTo(outputs.address, implementation as Hex);
      },
    });
    artifact("Pool", ABI, "0x6003");
    const inputs = await proxied();
    const change = diffInputs(erase(contractHandler), outputs as never, inputs as never);
    expect(change.replaces).toEqual([]);
    expect(change.changed).toEqual(expect.arrayContaining(["initCodeHash", "implementation"]));
    expect(await contractHandler.predict?.(inputs, outputs)).toMatchObject({ address: outputs.address });
    const updated = await contractHandler.update(id, outputs, inputs, context);
    expect(updated.address).toBe(outputs.address);
    expect(updated.implementation).not.toBe(outputs.implementation);
    expect(chain.mined).toHaveLength(4);
    // Killed after the upgrade and run again: nothing more is sent.
    expect(await contractHandler.update(id, outputs, inputs, context)).toEqual(updated);
    expect(chain.mined).toHaveLength(4);
    const read = await contractHandler.read(id, updated, context);
    expect(diffInputs(erase(contractHandler), read?.outputs as never, inputs as never).changed).toEqual([]);
  });

  it("finds an implementation that somebody else put in", async () => {
    const inputs = await proxied();
    const { id, outputs } = await contractHandler.create(inputs, context);
    pointTo(outputs.address, "0x00000000000000000000000000000000000000bad".slice(0, 42) as Hex);
    const read = await contractHandler.read(id, outputs, context);
    expect(diffInputs(erase(contractHandler), read?.outputs as never, inputs as never).changed).toContain(
      "implementation",
    );
  });

  it("refuses another initialiser: it has run already", async () => {
    const old = await proxied();
    const changed = {
      ...old,
      proxy: {
        artifact: join(folder, "Proxy.json"),
        initializer: { function: "initialize", args: [DETERMINISTIC_DEPLOYER] },
      },
    };
    expect((await contractHandler.validate?.(changed, old as never))?.[0]?.property).toBe("proxy.initializer");
    expect(await contractHandler.validate?.(old, old as never)).toEqual([]);
  });
});
