import { bytesToHex, hexToBytes } from "viem";
import { describe, expect, it } from "vitest";
import { deriveSigningKey } from "./derivation.ts";
import { signExit, verifyExit, type ExitTerms } from "./voluntary-exit.ts";

const key = deriveSigningKey(`${"abandon ".repeat(11)}about`, 3);
/** Hoodi's CAPELLA_FORK_VERSION, on some chain. */
const terms: ExitTerms = {
  validatorIndex: 1_234_567,
  epoch: 40_000,
  capellaForkVersion: "0x40000910",
  genesisValidatorsRoot: "0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb50",
};

describe("signExit", () => {
  it("gives what Lodestar's types and Herumi's BLS give", async () => {
    const { ssz } = await import("@lodestar/types");
    const { default: bls } = await import("@chainsafe/bls/herumi");
    const forkDataRoot = ssz.phase0.ForkData.hashTreeRoot({
      currentVersion: hexToBytes(terms.capellaForkVersion),
      genesisValidatorsRoot: hexToBytes(terms.genesisValidatorsRoot),
    });
    const root = ssz.phase0.SigningData.hashTreeRoot({
      objectRoot: ssz.phase0.VoluntaryExit.hashTreeRoot({ epoch: terms.epoch, validatorIndex: terms.validatorIndex }),
      domain: new Uint8Array([4, 0, 0, 0, ...forkDataRoot.slice(0, 28)]),
    });
    expect(signExit(key, terms)).toEqual({
      message: { epoch: "40000", validator_index: "1234567" },
      signature: bytesToHex(bls.SecretKey.fromBytes(key.secretKey).sign(root).toBytes()),
    });
  });

  it("signs what verifies, under these terms only", () => {
    const exit = signExit(key, terms);
    expect(verifyExit(key.publicKey, exit, terms)).toBe(true);
    const others: Partial<ExitTerms>[] = [
      { epoch: 40_001 },
      { validatorIndex: 1 },
      { capellaForkVersion: "0x03000000" },
      { genesisValidatorsRoot: `0x${"11".repeat(32)}` },
    ];
    for (const other of others) expect(verifyExit(key.publicKey, exit, { ...terms, ...other })).toBe(false);
    expect(verifyExit(key.publicKey, { ...exit, signature: `0x${"00".repeat(96)}` }, terms)).toBe(false);
    expect(verifyExit(`0x${"a1".repeat(48)}`, exit, terms)).toBe(false);
  });
});
