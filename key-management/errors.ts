import type { Hex } from "viem";
import { EthstakeError } from "../lib/errors.ts";

/** A move cannot begin. Nothing was changed. */
export class MoveRefusedError extends EthstakeError<{ faults: readonly string[] }> {
  readonly code = "MOVE_REFUSED";
  constructor(faults: readonly string[]) {
    super(`The keys cannot be moved: ${faults.join("; ")}.`, { faults }, { remedy: "Nothing was changed." });
  }
}

/** A move cannot go on as things are. What was done stays done, and it goes on from there. */
export class MoveHaltedError extends EthstakeError {
  readonly code = "MOVE_HALTED";
  constructor(problem: string) {
    super(`The move halts: ${problem}.`, {}, { remedy: "Put it right, and go on with keys resume." });
  }
}

/** Another move of the same folder of keys has begun and not ended. */
export class MoveOpenError extends EthstakeError<{ from: string; to: string; keys: number }> {
  readonly code = "MOVE_OPEN";
  constructor(from: string, to: string, keys: number) {
    super(
      `A move of ${keys} key(s) from ${from} to ${to} has begun and not ended.`,
      { from, to, keys },
      {
        remedy:
          "Go on with it (keys resume), or turn it back while its keys are not at their new client (keys resume --back).",
      },
    );
  }
}

/** The client that has the keys did not give them up. It may go on signing with them: they were loaded nowhere else. */
export class KeysNotStoppedError extends EthstakeError<{ client: string; publicKeys: readonly Hex[] }> {
  readonly code = "KEYS_NOT_STOPPED";
  constructor(client: string, publicKeys: readonly Hex[], problem: string) {
    super(
      `${client} still has ${publicKeys.length} of the keys: ${problem}.`,
      { client, publicKeys },
      { remedy: "Find out from its log why, then go on with keys resume; the keys are loaded nowhere else before." },
    );
  }
}

/** A key that is active on the chain has no record of what it signed. */
export class SlashingHistoryError extends EthstakeError<{ client: string; publicKeys: readonly Hex[] }> {
  readonly code = "SLASHING_HISTORY";
  constructor(client: string, publicKeys: readonly Hex[], problem: string) {
    super(
      `The slashing protection data of ${client} cannot be used: ${problem}.`,
      { client, publicKeys },
      {
        remedy:
          "The keys have stopped and are loaded nowhere. Find their history (EIP-3076), or go on without it by keys resume --without-history once you are sure that nothing else signs with them.",
      },
    );
  }
}

/** Somebody signs with keys that were stopped: their client elsewhere, a copy, a thief. */
export class KeysStillSigningError extends EthstakeError<{ indices: readonly number[]; epoch: number }> {
  readonly code = "KEYS_STILL_SIGNING";
  constructor(indices: readonly number[], epoch: number) {
    super(
      `Validator(s) ${indices.join(", ")} attested in epoch ${epoch}, after their client had stopped.`,
      { indices, epoch },
      {
        remedy:
          "Find who signs with these keys. They are loaded nowhere until two whole epochs pass in silence (keys resume).",
      },
    );
  }
}

/** What was asked for is not in the stack. */
export class KeyRequestError extends EthstakeError<{ option: string; value: string }> {
  readonly code = "KEY_REQUEST";
  constructor(option: string, value: string, remedy: string) {
    super(`${option} ${value} cannot be used.`, { option, value }, { remedy });
  }
}

/** Exits cannot be signed. Nothing was signed. */
export class ExitRefusedError extends EthstakeError<{ faults: readonly string[] }> {
  readonly code = "EXIT_REFUSED";
  constructor(faults: readonly string[]) {
    super(`The exits cannot be signed: ${faults.join("; ")}.`, { faults });
  }
}

/** A stack's outputs tell nothing of its keys. */
export class NoKeysError extends EthstakeError<{ stack: string }> {
  readonly code = "NO_KEYS";
  constructor(stack: string) {
    super(
      `The outputs of stack ${stack} name no operator with keys.`,
      { stack },
      {
        remedy:
          "Set ethstake:operators and run an up; with the Pulumi CLI: pulumi stack output --json --show-secrets into a file of mode 0600, and --outputs FILE.",
      },
    );
  }
}
