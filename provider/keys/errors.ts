import { EthstakeError } from "../../lib/errors.ts";

/** A file that should hold a BIP-39 mnemonic holds something else. The words are never repeated. */
export class InvalidMnemonicError extends EthstakeError {
  readonly code = "INVALID_MNEMONIC";
  constructor() {
    super(
      "The mnemonic is not valid: a word is unknown or the checksum does not match.",
      {},
      {
        remedy: "Give 12 to 24 words of the English BIP-39 list.",
      },
    );
  }
}

/** A secret file is missing or can be read by other users. */
export class SecretFileError extends EthstakeError<{ file: string }> {
  readonly code = "SECRET_FILE";
  constructor(file: string, problem: string, cause?: unknown) {
    super(
      `The secret file ${file} ${problem}.`,
      { file },
      { remedy: "It must exist, belong to the user who runs this, and have mode 0600.", cause },
    );
  }
}

/** A keystore in the store is not the one that the mnemonic gives, or its password does not open it. */
export class KeystoreMismatchError extends EthstakeError<{ file: string; publicKey: string }> {
  readonly code = "KEYSTORE_MISMATCH";
  constructor(file: string, publicKey: string, problem: string, cause?: unknown) {
    super(
      `Keystore ${file} for key ${publicKey} ${problem}.`,
      { file, publicKey },
      {
        remedy: "Restore the file from a backup or use another keystoreDirectory; ethstake never overwrites a key.",
        cause,
      },
    );
  }
}

/** A key was loaded into another validator client before: loading it into a second one gets it slashed. */
export class KeyOnAnotherClientError extends EthstakeError<{ publicKey: string; holder: string; wanted: string }> {
  readonly code = "KEY_ON_ANOTHER_CLIENT";
  constructor(publicKey: string, holder: string, wanted: string) {
    super(
      `Key ${publicKey} was loaded into the validator client at ${holder}; loading it at ${wanted} too would get it slashed.`,
      { publicKey, holder, wanted },
      {
        remedy:
          "Keep the node in the settings; or move the key there first: npm run keys -- move (docs/RUNBOOK.md, 'Moving keys').",
      },
    );
  }
}

/** A client has lost keys that it was given before, and with them perhaps the record of what they signed. */
export class KeysLostAtClientError extends EthstakeError<{ client: string; publicKeys: readonly string[] }> {
  readonly code = "KEYS_LOST_AT_CLIENT";
  constructor(client: string, publicKeys: readonly string[]) {
    super(
      `${client} was given ${publicKeys.length} key(s) that it does not have any more: ${publicKeys.join(", ")}. Loaded again without what they signed, they could be slashed.`,
      { client, publicKeys },
      {
        remedy:
          "Bring its data back; or load them anew with history and waiting: npm run keys -- move with --from and --to this node (docs/RUNBOOK.md, 'Moving keys').",
      },
    );
  }
}

/** Keys are on the chain, and nothing here says who signs with them. */
export class KeyInUseError extends EthstakeError<{ publicKeys: readonly string[] }> {
  readonly code = "KEY_IN_USE";
  constructor(publicKeys: readonly string[]) {
    super(
      `The beacon chain knows ${publicKeys.length} of these keys, and no note here says which client has them: ${publicKeys.join(", ")}.`,
      { publicKeys },
      {
        remedy:
          "They were handled from another machine: bring its folder of keys with the notes. If that is lost, adopt them: npm run keys -- move with --from and --to their node and --source-lost --without-history (docs/RUNBOOK.md, 'Moving keys').",
      },
    );
  }
}

/** The mnemonic does not give the keys any more that it gave. */
export class OtherMnemonicError extends EthstakeError<{ source: string; publicKey: string }> {
  readonly code = "OTHER_MNEMONIC";
  constructor(source: string, publicKey: string) {
    super(
      `The mnemonic in ${source} is another one: it does not give key ${publicKey}, which this range has.`,
      { source, publicKey },
      { remedy: "Put the former one back; new keys are a range of their own, with a mnemonic of their own." },
    );
  }
}

/** A validator client refused to import a keystore. */
export class KeystoreImportError extends EthstakeError<{ url: string; failures: readonly string[] }> {
  readonly code = "KEYSTORE_IMPORT";
  constructor(url: string, failures: readonly string[]) {
    super(`The validator client at ${url} refused ${failures.length} keystore(s): ${failures.join("; ")}.`, {
      url,
      failures,
    });
  }
}
