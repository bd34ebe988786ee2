import { join } from "node:path";
import type { Hex } from "viem";
import { createFileOnce, readPrivateFile } from "../lib/files.ts";
import { projectPath } from "../lib/paths.ts";
import { epochAt, type BeaconClient } from "../provider/beacon/api.ts";
import { auditKeys } from "../provider/keys/audit.ts";
import { SecretFileError } from "../provider/keys/errors.ts";
import { KeystoreDirectory } from "../provider/keys/store.ts";
import { signExit, verifyExit, type SignedExit } from "../provider/keys/voluntary-exit.ts";
import { ExitRefusedError } from "./errors.ts";

/** What exits are made of. */
export interface ExitContext {
  readonly keystoreDirectory: string;
  readonly beacon: Pick<BeaconClient, "url" | "validators" | "chainFacts" | "submitExit">;
  /** Seconds since 1970. */
  readonly now?: () => number;
}

/** An exit on disk. */
export interface StoredExit {
  readonly publicKey: Hex;
  readonly validatorIndex: number;
  /** From which epoch on it can be used. */
  readonly epoch: number;
  /** Mode 0600: whoever has it can end the validator. */
  readonly file: string;
}

/**
 * Signs voluntary exits and keeps them beside the keystores, in `exits/`. They stay good for ever (EIP-7044): made while the keys are at
 * hand, they end validators when the keys are not. An exit that is there already is kept.
 * @param epoch the first epoch in which they can be used; the chain's current one by default
 * @throws {@link ExitRefusedError} with all faults at once, before anything is signed
 */
export async function signExits(
  publicKeys: readonly Hex[],
  { keystoreDirectory, beacon, now = () => Date.now() / 1000 }: ExitContext,
  epoch?: number,
): Promise<StoredExit[]> {
  const facts = await beacon.chainFacts();
  const validators = new Map((await beacon.validators(publicKeys)).map((entry) => [entry.publicKey, entry]));
  const faults = publicKeys.flatMap((key) => {
    const status = validators.get(key)?.status;
    if (status === undefined) return [`${key} is no validator on the chain yet, and has no index to sign for`];
    return /^(exited|withdrawal)/.test(status) ? [`${key} has left the chain already (${status})`] : [];
  });
  if (faults.length > 0) throw new ExitRefusedError(faults);
  const store = new KeystoreDirectory(keystoreDirectory);
  const made: StoredExit[] = [];
  const signed: Hex[] = [];
  for (const publicKey of publicKeys) {
    const validatorIndex = validators.get(publicKey)?.index ?? 0;
    const terms = { validatorIndex, epoch: epoch ?? epochAt(facts, now()), ...facts };
    const exit = signExit(await store.unlock(publicKey), terms);
    if (!verifyExit(publicKey, exit, terms)) throw new ExitRefusedError([`the exit of ${publicKey} does not verify`]);
    const file = exitFile(keystoreDirectory, publicKey);
    if (await createFileOnce(file, `${JSON.stringify(exit)}\n`)) signed.push(publicKey);
    const kept = await readExit(keystoreDirectory, publicKey);
    made.push({ publicKey, validatorIndex, epoch: Number(kept.message.epoch), file });
  }
  await auditKeys(keystoreDirectory, { operation: "exit-signed", publicKeys: signed, detail: "kept in exits/" });
  return made;
}

/** Hands exits that were signed to the beacon chain. There is no way back. */
export async function submitExits(
  exits: readonly StoredExit[],
  { keystoreDirectory, beacon }: ExitContext,
): Promise<void> {
  for (const { publicKey } of exits) {
    await beacon.submitExit(await readExit(keystoreDirectory, publicKey));
    await auditKeys(keystoreDirectory, { operation: "exit-submitted", publicKeys: [publicKey], detail: beacon.url });
  }
}

async function readExit(keystoreDirectory: string, publicKey: Hex): Promise<SignedExit> {
  const file = exitFile(keystoreDirectory, publicKey);
  const text = await readPrivateFile(file, (problem, cause) => new SecretFileError(file, problem, cause));
  return JSON.parse(text) as SignedExit;
}

function exitFile(keystoreDirectory: string, publicKey: Hex): string {
  return join(projectPath(keystoreDirectory), "exits", `exit-${publicKey.slice(2)}.json`);
}
