import { deriveChildSK, deriveMasterSK } from "@chainsafe/bls-hd-key";
import { deriveKeyFromEntropy, deriveKeyFromMnemonic } from "@chainsafe/bls-keygen";
import { generateMnemonic, mnemonicToSeedSync } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english";
import { bytesToHex, hexToBigInt, hexToBytes, type Hex } from "viem";
import { describe, expect, it } from "vitest";
import { deriveSigningKey, publicKeyOf } from "./derivation.ts";

const MNEMONIC = `${"abandon ".repeat(11)}about`;

/** EIP-2333, "Test Cases" 0 to 3. */
const EIP_2333: readonly { seed: Hex; master: bigint; index: number; child: bigint }[] = [
  {
    seed: "0xc55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
    master: 6083874454709270928345386274498605044986640685124978867557563392430687146096n,
    index: 0,
    child: 20397789859736650942317412262472558107875392172444076792671091975210932703118n,
  },
  {
    seed: "0x3141592653589793238462643383279502884197169399375105820974944592",
    master: 29757020647961307431480504535336562678282505419141012933316116377660817309383n,
    index: 3141592653,
    child: 25457201688850691947727629385191704516744796114925897962676248250929345014287n,
  },
  {
    seed: "0x0099FF991111002299DD7744EE3355BBDD8844115566CC55663355668888CC00",
    master: 27580842291869792442942448775674722299803720648445448686099262467207037398656n,
    index: 4294967295,
    child: 29358610794459428860402234341874281240803786294062035874021252734817515685787n,
  },
  {
    seed: "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
    master: 19022158461524446591288038168518313374041767046816487870552872741050760015818n,
    index: 42,
    child: 31372231650479070279774297061823572166496564838472787488249775572789064611981n,
  },
];

describe("the key tree that we derive with", () => {
  it.each(EIP_2333)(
    "gives the master and child keys of EIP-2333 for child $index",
    ({ seed, master, index, child }) => {
      const masterKey = deriveMasterSK(hexToBytes(seed));
      expect(hexToBigInt(bytesToHex(masterKey))).toBe(master);
      expect(hexToBigInt(bytesToHex(deriveChildSK(masterKey, index)))).toBe(child);
    },
  );

  it("begins at the BIP-39 seed: EIP-2333's case 0 from its mnemonic and passphrase", () => {
    expect(bytesToHex(mnemonicToSeedSync(MNEMONIC, "TREZOR"))).toBe(EIP_2333[0]?.seed);
    expect(hexToBigInt(bytesToHex(deriveKeyFromEntropy(mnemonicToSeedSync(MNEMONIC, "TREZOR"))))).toBe(
      EIP_2333[0]?.master,
    );
    // Ours have no passphrase: the mnemonic alone goes the same way.
    expect(deriveKeyFromMnemonic(MNEMONIC)).toEqual(deriveKeyFromEntropy(mnemonicToSeedSync(MNEMONIC)));
  });
});

describe("deriveSigningKey", () => {
  it("follows EIP-2334's path of signing keys, child by child", () => {
    const walk = [12381, 3600, 5, 0, 0].reduce(
      (key, index) => deriveChildSK(key, index),
      deriveMasterSK(mnemonicToSeedSync(MNEMONIC)),
    );
    const key = deriveSigningKey(MNEMONIC, 5);
    expect(key.path).toBe("m/12381/3600/5/0/0");
    expect(bytesToHex(key.secretKey)).toBe(bytesToHex(walk));
  });

  it("gives each index its own key", () => {
    const mnemonic = generateMnemonic(wordlist, 256);
    const keys = [0, 1, 2, 3].map((index) => deriveSigningKey(mnemonic, index).publicKey);
    expect(new Set(keys).size).toBe(4);
  });

  it("gives the same public key as another BLS library", async () => {
    const { secretKey, publicKey } = deriveSigningKey(MNEMONIC, 0);
    const { default: bls } = await import("@chainsafe/bls/herumi");
    expect(bytesToHex(bls.SecretKey.fromBytes(secretKey).toPublicKey().toBytes())).toBe(publicKey);
  });

  it("refuses a mnemonic with a wrong checksum or word, without repeating it", () => {
    for (const wrong of [`${"abandon ".repeat(11)}abandon`, MNEMONIC.replace("about", "abouts"), "", "abandon"]) {
      expect(() => deriveSigningKey(wrong, 0)).toThrow(expect.objectContaining({ code: "INVALID_MNEMONIC" }) as Error);
      expect(() => deriveSigningKey(wrong, 0)).not.toThrow(/abandon/);
    }
  });
});

describe("publicKeyOf", () => {
  it("gives the public key of EIP-2335's test secret", () => {
    expect(publicKeyOf(hexToBytes("0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"))).toBe(
      "0x9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27f4ae4040902382ae2910c15e2b420d07",
    );
  });
});
