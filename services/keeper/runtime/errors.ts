import { EthstakeError } from "../../../lib/errors.ts";

/** The keeper's settings are wrong: every fault at once. */
export class KeeperSettingsError extends EthstakeError<{ file: string; faults: readonly string[] }> {
  readonly code = "KEEPER_SETTINGS";
  constructor(file: string, faults: readonly string[], cause?: unknown) {
    super(
      `${file} has ${faults.length} fault${faults.length === 1 ? "" : "s"}:\n  ${faults.join("\n  ")}`,
      { file, faults },
      { cause },
    );
  }
}

/** The account of a member is none: its votes would be refused. */
export class NotAMemberError extends EthstakeError<{ account: string; consensus: string }> {
  readonly code = "KEEPER_NOT_A_MEMBER";
  constructor(account: string, consensus: string) {
    super(
      `Account ${account} is no member of the oracle at ${consensus}.`,
      { account, consensus },
      { remedy: "Name it in the stack's oracle members, or give the keeper the key of one." },
    );
  }
}

/** Both layers' nodes are of different chains. */
export class OtherNetworkError extends EthstakeError<{ beacon: string; execution: string }> {
  readonly code = "KEEPER_OTHER_NETWORK";
  constructor(beacon: string, execution: string) {
    super(
      `The beacon node counts deposits of ${beacon} and the settings name ${execution}.`,
      { beacon, execution },
      { remedy: "Give the keeper an execution client and a beacon node of the same network." },
    );
  }
}

/** No proof can be made of a beacon state. */
export class StateProofError extends EthstakeError<{ slot: number }> {
  readonly code = "KEEPER_STATE_PROOF";
  constructor(slot: number, problem: string) {
    super(
      `The state of slot ${slot} ${problem}.`,
      { slot },
      { remedy: "Bring keeper, verifiers (BeaconProofs) and beacon node to the fork of the chain." },
    );
  }
}
