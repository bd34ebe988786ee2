import { readFileSync } from "node:fs";
import fc from "fast-check";
import { bytesToHex, hexToBytes, type Hex } from "viem";
import { beforeAll, describe, expect, it } from "vitest";
import { projectPath } from "../../lib/paths.ts";
import { PRE_DEPOSIT_GWEI, signDeposit, verifyDeposit, type DepositTerms } from "./deposit-data.ts";
import { deriveSigningKey } from "./derivation.ts";

interface PublishedDeposits {
  readonly amountGwei: number;
  readonly pubkeys: readonly Hex[];
  readonly withdrawalCredentials: readonly Hex[];
  readonly signatures: readonly Hex[];
  readonly depositDataRoots: readonly Hex[];
}

/** Deposits that staking-deposit-cli made and others printed; their sources stand in the file. */
const published = JSON.parse(
  readFileSync(projectPath("contracts/test/fixtures/deposit-data.json"), "utf8"),
) as PublishedDeposits;
/** GENESIS_FORK_VERSION of Holesky, for the first, and of Goerli (Prater), for the others: eth-clients' network configurations. */
const FORK_VERSIONS: readonly Hex[] = ["0x01017000", "0x00001020", "0x00001020"];

const key = deriveSigningKey(`${"abandon ".repeat(11)}about`, 0);
const terms: DepositTerms = {
  withdrawalCredentials: "0x010000000000000000000000f0179dec45a37423ead4fad5fcb136197872ead9",
  amountGwei: PRE_DEPOSIT_GWEI,
  genesisForkVersion: "0x00000001",
};

function publishedDeposit(index: number): { publicKey: Hex; signature: Hex; root: Hex; terms: DepositTerms } {
  const at = <Item>(list: readonly Item[]): Item => list[index] as Item;
  return {
    publicKey: at(published.pubkeys),
    signature: at(published.signatures),
    root: at(published.depositDataRoots),
    terms: {
      withdrawalCredentials: at(published.withdrawalCredentials),
      amountGwei: published.amountGwei,
      genesisForkVersion: at(FORK_VERSIONS),
    },
  };
}

describe("verifyDeposit", () => {
  it.each([0, 1, 2])("accepts published deposit %i, on its own network only", (index) => {
    const { publicKey, signature, terms: own } = publishedDeposit(index);
    expect(verifyDeposit(publicKey, signature, own)).toBe(true);
    expect(verifyDeposit(publicKey, signature, { ...own, genesisForkVersion: "0x00000000" })).toBe(false);
  });

  it("refuses a deposit in which anything was changed", () => {
    const { publicKey, signature, terms: own } = publishedDeposit(0);
    const other = publishedDeposit(1);
    expect(verifyDeposit(publicKey, signature, { ...own, amountGwei: own.amountGwei + 1 })).toBe(false);
    expect(
      verifyDeposit(publicKey, signature, { ...own, withdrawalCredentials: other.terms.withdrawalCredentials }),
    ).toBe(false);
    expect(verifyDeposit(other.publicKey, signature, own)).toBe(false);
    expect(verifyDeposit(publicKey, other.signature, own)).toBe(false);
    for (const malformed of ["0x", `0x${"00".repeat(96)}`, `0xc0${"00".repeat(95)}`, signature.slice(0, -2)] as Hex[]) {
      expect(verifyDeposit(publicKey, malformed, own)).toBe(false);
    }
    // The key at infinity verifies with any signature at infinity in a careless library.
    expect(verifyDeposit(`0xc0${"00".repeat(47)}`, `0xc0${"00".repeat(95)}`, own)).toBe(false);
  });
});

describe("signDeposit", () => {
  it("signs what verifies, under one set of terms only", () => {
    const deposit = signDeposit(key, terms);
    expect(deposit.publicKey).toBe(key.publicKey);
    expect(verifyDeposit(key.publicKey, deposit.signature, terms)).toBe(true);
    expect(verifyDeposit(key.publicKey, deposit.signature, { ...terms, amountGwei: 31_000_000_000 })).toBe(false);
  });

  it("has no randomness: two runs register the same deposit", () => {
    expect(signDeposit(key, terms)).toEqual(signDeposit(key, terms));
  });

  describe("against Lodestar's types and Herumi's BLS", () => {
    let reference: (credentials: Hex, amountGwei: number, forkVersion: Hex) => { signature: Hex; root: Hex };

    beforeAll(async () => {
      const { ssz } = await import("@lodestar/types");
      const { default: bls } = await import("@chainsafe/bls/herumi");
      const secretKey = bls.SecretKey.fromBytes(key.secretKey);
      reference = (credentials, amount, forkVersion) => {
        const message = { pubkey: hexToBytes(key.publicKey), withdrawalCredentials: hexToBytes(credentials), amount };
        const forkDataRoot = ssz.phase0.ForkData.hashTreeRoot({
          currentVersion: hexToBytes(forkVersion),
          genesisValidatorsRoot: new Uint8Array(32),
        });
        const domain = new Uint8Array([3, 0, 0, 0, ...forkDataRoot.slice(0, 28)]);
        const root = ssz.phase0.SigningData.hashTreeRoot({
          objectRoot: ssz.phase0.DepositMessage.hashTreeRoot(message),
          domain,
        });
        const signature = secretKey.sign(root).toBytes();
        return {
          signature: bytesToHex(signature),
          root: bytesToHex(ssz.phase0.DepositData.hashTreeRoot({ ...message, signature })),
        };
      };
    });

    it("gives the same signature and root", () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 20, maxLength: 20 }),
          fc.integer({ min: 1_000_000_000, max: 2_048_000_000_000 }),
          fc.uint8Array({ minLength: 4, maxLength: 4 }),
          fc.constantFrom("01", "02"),
          (address, amountGwei, version, type) => {
            const withdrawalCredentials: Hex = `0x${type}${"00".repeat(11)}${bytesToHex(address).slice(2)}`;
            const genesisForkVersion = bytesToHex(version);
            const { signature, depositDataRoot } = signDeposit(key, {
              withdrawalCredentials,
              amountGwei,
              genesisForkVersion,
            });
            expect({ signature, root: depositDataRoot }).toEqual(
              reference(withdrawalCredentials, amountGwei, genesisForkVersion),
            );
          },
        ),
        { numRuns: 10 },
      );
    });

    it("computes the published roots from the published signatures", async () => {
      const { ssz } = await import("@lodestar/types");
      for (const index of [0, 1, 2]) {
        const { publicKey, signature, root, terms: own } = publishedDeposit(index);
        const data = {
          pubkey: hexToBytes(publicKey),
          withdrawalCredentials: hexToBytes(own.withdrawalCredentials),
          amount: own.amountGwei,
          signature: hexToBytes(signature),
        };
        expect(bytesToHex(ssz.phase0.DepositData.hashTreeRoot(data))).toBe(root);
      }
    });
  });
});
