import { isAddress, zeroAddress } from "viem";
import { VALIDATOR } from "./catalogue/index.ts";
import type { BundleFault } from "./faults.ts";
import type { BundleSpec, ValidatorSettings } from "./spec.ts";

/** Bytes of graffiti in a block. */
const GRAFFITI_BYTES = 32;

/**
 * What is wrong with a node's validator client. Web3Signer is the default on public networks; a `local` signer is written out by whoever
 * wants one, and is no fault.
 */
export function validatorFaults(spec: BundleSpec, validator: ValidatorSettings): BundleFault[] {
  const path = `${spec.name}.validator`;
  const beaconNodes = spec.consensus.length + validator.fallbackBeaconApis.length;
  return [
    ...(beaconNodes === 0
      ? [fault(`${path}.client`, validator.client, "has no beacon node: give the node a consensus client")]
      : []),
    ...(validator.doppelgangerProtection && beaconNodes > 1 && !VALIDATOR[validator.client].doppelgangerWithFailover
      ? [
          fault(
            `${path}.doppelgangerProtection`,
            true,
            `breaks ${validator.client}'s failover between ${beaconNodes} beacon nodes: turn it off, keep one beacon node, or take another client`,
          ),
        ]
      : []),
    ...validator.fallbackBeaconApis.flatMap((url, index) =>
      isHttp(url)
        ? []
        : [fault(`${path}.fallbackBeaconApis[${index}]`, url, "must be an http or https URL without a comma")],
    ),
    ...validator.publicKeys.flatMap((key, index) =>
      /^0x[0-9a-f]{96}$/i.test(key)
        ? []
        : [fault(`${path}.publicKeys[${index}]`, key, "is no public key: write 0x and 96 hex digits")],
    ),
    ...feeRecipientFaults(`${path}.feeRecipient`, validator.feeRecipient),
    ...(Buffer.byteLength(validator.graffiti) > GRAFFITI_BYTES
      ? [fault(`${path}.graffiti`, validator.graffiti, `is longer than ${GRAFFITI_BYTES} bytes of UTF-8: shorten it`)]
      : []),
    ...(Number.isInteger(validator.gasLimit) && validator.gasLimit > 0
      ? []
      : [fault(`${path}.gasLimit`, validator.gasLimit, "must be a whole number above zero")]),
    ...slashingFaults(`${path}.extraArgs`, validator.extraArgs ?? []),
  ];
}

function feeRecipientFaults(path: string, value: string): BundleFault[] {
  // Strict: an address in mixed case whose checksum is wrong is a typing error.
  if (!isAddress(value) && !isLowerOrUpper(value))
    return [fault(path, value, "is no address, or its checksum is wrong: copy it again")];
  return value.toLowerCase() === zeroAddress
    ? [fault(path, value, "is the zero address: fees and bids would be burnt; name an account of yours")]
    : [];
}

function isLowerOrUpper(value: string): boolean {
  return /^0x([0-9a-f]{40}|[0-9A-F]{40})$/.test(value);
}

/**
 * Options that say where a validator client keeps keys and signing history (another place would be an empty one), read a file of options,
 * or name who is paid.
 */
const TAKEN =
  /^--((data|validators?|wallet|secrets|keystores?|database)-?(dir|path)|datadir|data-(base|validator)-path|validators-?dir|config-?file|rc-?config|.*proposer-(settings|config).*|proposersettings.*|.*suggested-?fee-?recipient|.*default-fee-recipient|validators-keystore-locking.*)$/i;

/** Options that turn slashing protection off, or that let a client begin with an empty history where it has lost its own. */
function slashingFaults(path: string, extraArgs: readonly string[]): BundleFault[] {
  return extraArgs.flatMap((argument, index) => {
    const [name = "", inline] = argument.split("=", 2);
    const value = (inline ?? extraArgs[index + 1] ?? "").toLowerCase();
    if (TAKEN.test(name))
      return [
        fault(
          `${path}[${index}]`,
          argument,
          "is the bundle's to set: where keys and their history are, and whom proposals pay, follows from the settings; remove it",
        ),
      ];
    const off =
      /^--(disable-slashing-protection|init-slashing-protection)/i.test(name) ||
      /clear-?db/i.test(name) ||
      (/slashing-?protection.*enabled$/i.test(name) && ["false", "no", "off", "0"].includes(value));
    return off
      ? [
          fault(
            `${path}[${index}]`,
            argument,
            "weakens slashing protection: a lost key costs less than a slashed one; remove it",
          ),
        ]
      : [];
  });
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && ["http:", "https:"].includes(new URL(text).protocol) && !text.includes(",");
}

function fault(path: string, value: unknown, message: string): BundleFault {
  return { path, value, message };
}
