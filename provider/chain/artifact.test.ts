import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatHex, getAddress, getCreate2Address, keccak256, parseAbi, toHex, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import {
  DETERMINISTIC_DEPLOYER,
  deploymentAddress,
  initCodeOf,
  isCodeOf,
  loadArtifact,
  type Artifact,
} from "./artifact.ts";

const NO_SALT = toHex(0, { size: 32 });

/** EIP-1014, "Examples" 0 to 6: deployer, salt, init code, result. */
const EIP_1014: readonly (readonly [Hex, Hex, Hex, Hex])[] = [
  ["0x0000000000000000000000000000000000000000", NO_SALT, "0x00", "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"],
  ["0xdeadbeef00000000000000000000000000000000", NO_SALT, "0x00", "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3"],
  [
    "0xdeadbeef00000000000000000000000000000000",
    "0x000000000000000000000000feed000000000000000000000000000000000000",
    "0x00",
    "0xD04116cDd17beBE565EB2422F2497E06cC1C9833",
  ],
  ["0x0000000000000000000000000000000000000000", NO_SALT, "0xdeadbeef", "0x70f2b2914A2a4b783FaEFb75f459A580616Fcb5e"],
  [
    "0x00000000000000000000000000000000deadbeef",
    "0x00000000000000000000000000000000000000000000000000000000cafebabe",
    "0xdeadbeef",
    "0x60f3f640a8508fC6a86d45DF051962668E1e8AC7",
  ],
  [
    "0x00000000000000000000000000000000deadbeef",
    "0x00000000000000000000000000000000000000000000000000000000cafebabe",
    `0x${"deadbeef".repeat(11)}`,
    "0x1d8bfDC5D46DC4f61D6b6115972536eBE6A8854C",
  ],
  ["0x0000000000000000000000000000000000000000", NO_SALT, "0x", "0xE33C0C7F7df4809055C3ebA6c09CFe4BaF1BD9e0"],
];

const create2 = (from: Hex, salt: Hex, initCode: Hex): Hex =>
  getAddress(`0x${keccak256(concatHex(["0xff", from, salt, keccak256(initCode)])).slice(-40)}`);

describe("deploymentAddress", () => {
  it.each(EIP_1014)("rests on EIP-1014: %s with salt %s and init code %s", (from, salt, bytecode, result) => {
    expect(getCreate2Address({ from, salt, bytecode })).toBe(result);
    expect(create2(from, salt, bytecode)).toBe(result);
  });

  it("is EIP-1014's formula at the deterministic deployer", () => {
    const salt = toHex(42, { size: 32 });
    expect(deploymentAddress(keccak256("0x6001"), salt)).toBe(create2(DETERMINISTIC_DEPLOYER, salt, "0x6001"));
    expect(deploymentAddress(keccak256("0x6001"), NO_SALT)).not.toBe(deploymentAddress(keccak256("0x6001"), salt));
  });
});

const artifact: Artifact = {
  abi: parseAbi(["constructor(uint256 cap)"]),
  bytecode: { object: "0x6001" },
  deployedBytecode: {
    object: "0x60aa0000bb0000cc",
    immutableReferences: {
      "7": [
        { start: 2, length: 2 },
        { start: 5, length: 2 },
      ],
    },
  },
};

describe("isCodeOf", () => {
  it("knows the code whatever stands in its immutables", () => {
    expect(isCodeOf(artifact, "0x60aa1234bb5678cc")).toBe(true);
    expect(isCodeOf(artifact, "0x60AA1234BB5678CC")).toBe(true);
  });

  it("sees every other byte, and another length", () => {
    expect(isCodeOf(artifact, "0x60ab1234bb5678cc")).toBe(false);
    expect(isCodeOf(artifact, "0x60aa1234bc5678cc")).toBe(false);
    expect(isCodeOf(artifact, "0x60aa1234bb5678cd")).toBe(false);
    expect(isCodeOf(artifact, "0x60aa1234bb5678")).toBe(false);
    expect(isCodeOf(artifact, "0x")).toBe(false);
  });
});

describe("initCodeOf", () => {
  it("appends encoded constructor arguments", () => {
    expect(initCodeOf("a.json", artifact, [1n])).toBe(concatHex(["0x6001", toHex(1, { size: 32 })]));
  });

  it("says in one line which artifact does not take the arguments", () => {
    expect(() => initCodeOf("a.json", artifact, ["x"])).toThrow(
      /^The contract artifact a.json does not take these constructor arguments .*\)\. Build/,
    );
    expect(() => initCodeOf("a.json", artifact, [])).toThrow(/takes 1 constructor argument\(s\) and not 0/);
  });
});

describe("loadArtifact", () => {
  const folder = mkdtempSync(join(tmpdir(), "ethstake-artifact-"));
  const load = async (text: string): Promise<unknown> => {
    writeFileSync(join(folder, "A.json"), text);
    return await loadArtifact(join(folder, "A.json"));
  };

  it("takes a Foundry artifact, and nothing else", async () => {
    expect(await load(JSON.stringify(artifact))).toEqual(artifact);
    const unlinked = { ...artifact, bytecode: { object: "0x60__$library$__01" } };
    for (const wrong of [JSON.stringify(unlinked), "{}", "{ half", ""]) {
      await expect(load(wrong)).rejects.toMatchObject({ code: "ARTIFACT", message: /is not a Foundry artifact/ });
    }
    await expect(loadArtifact(join(folder, "none.json"))).rejects.toMatchObject({
      code: "ARTIFACT",
      message: /npm run contracts/,
    });
  });
});
