import { keccak256, sliceHex, toBytes, type Hex } from "viem";
import type { Keeper } from "../keeper.ts";
import { PRE_DEPOSIT_GWEI, verifyDeposit } from "../../../provider/keys/deposit-data.ts";
import type { StateProver } from "../proofs/prover.ts";
import {
  DEPOSIT_CONTRACT_ABI,
  DEPOSITS_ABI,
  KEY_STATE,
  POOL_ABI,
  REGISTRY_ABI,
  WITHDRAWAL_VAULT_ABI,
} from "../protocol/abi.ts";
import { blockRangesBack } from "../protocol/block-ranges.ts";
import { reasonToWait, VALIDATOR_WEI } from "../protocol/economics.ts";
import type { FleetValidator, FleetView } from "../protocol/fleet.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";
import { proveCredentials } from "./proofs.ts";
import { seekAgreement } from "./standing.ts";

/** Keys of one call (BeaconDeposits.MAX_KEYS_PER_CALL). */
const MAX_KEYS_PER_CALL = 100;
/** Final states are younger: two days. */
const PROOF_LOOKBACK_SECONDS = 172_800;
const PUBKEY_BYTES = 48;
const SIGNATURE_BYTES = 96;
const DEPOSITOR_ROLE = keccak256(toBytes("DEPOSITOR_ROLE"));

/**
 * Moves the pool's buffered ether to validators: pre-deposits for vetted keys whose signatures hold, attests the credentials that the
 * beacon chain then shows, or proves them, and deposits the rest. Pre-deposits need an account with DEPOSITOR_ROLE; any member does the other two.
 */
export class DepositsLoop implements Loop {
  readonly name = "deposits";
  readonly pace = "slot";
  readonly #keeper: Keeper;
  readonly #prover: StateProver;

  constructor(keeper: Keeper, prover: StateProver) {
    this.#keeper = keeper;
    this.#prover = prover;
  }

  async run(): Promise<Outcome> {
    const { fleet, clock } = this.#keeper;
    const view = await fleet.view(await clock.stableBlock());
    const resolved = await this.#resolve(view);
    const completed = await this.#complete(view);
    const preDeposited = await this.#preDeposit();
    const outcomes = [resolved, completed, preDeposited];
    if (outcomes.includes("acted")) return "acted";
    return outcomes.includes("waiting") ? "waiting" : "idle";
  }

  /** Proves the credentials of the keys that the beacon chain shows or, where that is allowed, agrees on them with the other members. */
  async #resolve({ validators }: FleetView): Promise<Outcome> {
    const { protocol, accounts, turns } = this.#keeper;
    const deposits = { address: protocol.contracts.BeaconDeposits, abi: DEPOSITS_ABI } as const;
    const shown = validators.filter(({ key, record }) => key.state === KEY_STATE.taken && record !== undefined);
    const waiting = validators.some(({ key }) => key.state === KEY_STATE.taken) ? "waiting" : "idle";
    if (shown.length === 0) return waiting;
    // The view is an epoch old at most: what was resolved since is left out.
    const open = await this.#stillIn(KEY_STATE.taken, shown);
    if (open.length === 0) return waiting;
    if (!(await protocol.client.readContract({ ...deposits, functionName: "attestationAllowed" })))
      return await proveCredentials(this.#keeper, this.#prover, {
        keys: open,
        lastPreDeposit: await this.#lastPreDeposit(PROOF_LOOKBACK_SECONDS),
        isOpen: async (validator) => (await this.#stillIn(KEY_STATE.taken, [validator])).length > 0,
      });
    const valid: Hex[] = [];
    const invalid: Hex[] = [];
    for (const validator of open) ((await this.#isOurs(validator)) ? valid : invalid).push(hashOf(validator));
    const digest = await protocol.client.readContract({
      ...deposits,
      functionName: "attestationDigest",
      args: [valid.sort(), invalid.sort()],
    });
    const since = open.reduce((oldest, { key }) => (key.since.block > oldest ? key.since.block : oldest), 0n);
    const step = await seekAgreement(this.#keeper, {
      lane: "credentials",
      digest,
      own: new Set([digest]),
      since,
      purpose: `the credentials of ${open.length} keys`,
    });
    if (step !== "agreed") return step;
    if (!(await turns.isMine(`credentials ${digest}`))) return "waiting";
    const sent = await accounts.member.send({
      contract: "BeaconDeposits",
      abi: DEPOSITS_ABI,
      functionName: "attestCredentials",
      args: [valid, invalid],
      purpose: `Attesting the credentials of ${open.length} keys`,
    });
    return sent ? "acted" : "waiting";
  }

  /** Deposits the rest for proven keys, as far as the pool has ether. */
  async #complete({ validators, operators }: FleetView): Promise<Outcome> {
    const { accounts, turns } = this.#keeper;
    const candidates = validators.filter(
      ({ key }) =>
        (key.state === KEY_STATE.taken || key.state === KEY_STATE.proven) && !operators.get(key.operatorId)?.suspended,
    );
    if (candidates.length === 0) return "idle";
    const proven = (await this.#stillIn(KEY_STATE.proven, candidates)).slice(0, MAX_KEYS_PER_CALL);
    if (proven.length === 0) return "idle";
    const pubkeys: Hex = `0x${proven.map(({ key }) => key.publicKey.slice(2)).join("")}`;
    if (!(await turns.isMine(`complete ${keccak256(pubkeys)}`))) return "waiting";
    const sent = await accounts.member.send({
      contract: "BeaconDeposits",
      abi: DEPOSITS_ABI,
      functionName: "completeDeposits",
      args: [pubkeys],
      purpose: `Completing the deposits of ${proven.length} keys`,
    });
    return sent ? "acted" : "waiting";
  }

  async #preDeposit(): Promise<Outcome> {
    const { protocol, accounts, settings, log } = this.#keeper;
    const { client, contracts } = protocol;
    const { depositor } = accounts;
    const deposits = { address: contracts.BeaconDeposits, abi: DEPOSITS_ABI } as const;
    const registry = { address: contracts.OperatorRegistry, abi: REGISTRY_ABI } as const;
    if (!depositor) return "idle";
    const isDepositor = await client.readContract({
      ...deposits,
      functionName: "hasRole",
      args: [DEPOSITOR_ROLE, depositor.address],
    });
    if (!isDepositor) return "idle";
    // In this order: whatever changes after these reads makes the transaction fail, and not go wrong.
    const [depositRoot, keysNonce, credentials] = await Promise.all([
      client.readContract({
        address: contracts.DepositContract,
        abi: DEPOSIT_CONTRACT_ABI,
        functionName: "get_deposit_root",
      }),
      client.readContract({ ...registry, functionName: "keysNonce" }),
      client.readContract({
        address: contracts.WithdrawalVault,
        abi: WITHDRAWAL_VAULT_ABI,
        functionName: "withdrawalCredentials",
      }),
    ]);
    const { keys, publicKeys, signatures, operatorIds } = await this.#nextKeys();
    const reason = reasonToWait(
      { keys, gasPrice: await client.getGasPrice(), secondsSinceLast: await this.#secondsSinceLast() },
      settings.deposits,
    );
    if (reason !== undefined) return keys === 0 ? "idle" : "waiting";
    const { genesisForkVersion } = await protocol.beacon.parameters();
    const terms = { withdrawalCredentials: credentials, amountGwei: PRE_DEPOSIT_GWEI, genesisForkVersion };
    const faulty = publicKeys.findIndex((key, index) => !verifyDeposit(key, signatures[index] ?? "0x", terms));
    if (faulty >= 0) {
      log.error(
        { loop: this.name, operatorId: Number(operatorIds[faulty]), publicKey: publicKeys[faulty] },
        "a vetted key's deposit signature does not hold: lower its operator's vetted keys below it",
      );
      return "waiting";
    }
    const sent = await depositor.send({
      contract: "BeaconDeposits",
      abi: DEPOSITS_ABI,
      functionName: "preDeposit",
      args: [BigInt(keys), depositRoot, keysNonce, credentials],
      purpose: `Pre-depositing for ${keys} keys`,
    });
    return sent ? "acted" : "waiting";
  }

  /** The keys that the next pre-deposit takes (IOperatorRegistry.takeKeys says how to see them), as many as there is ether for. */
  async #nextKeys(): Promise<{ keys: number; publicKeys: Hex[]; signatures: Hex[]; operatorIds: readonly bigint[] }> {
    const { client, contracts } = this.#keeper.protocol;
    const deposits = { address: contracts.BeaconDeposits, abi: DEPOSITS_ABI } as const;
    const registry = { address: contracts.OperatorRegistry, abi: REGISTRY_ABI } as const;
    const [depositable, waiting, ready] = await Promise.all([
      client.readContract({
        address: contracts.StakingPool,
        abi: POOL_ABI,
        functionName: "depositableEther",
      }),
      client.readContract({ ...deposits, functionName: "waitingKeys" }),
      client.readContract({ ...registry, functionName: "depositableKeys" }),
    ]);
    const affordable = Number(depositable / VALIDATOR_WEI - waiting);
    const count = Math.min(affordable, Number(ready), MAX_KEYS_PER_CALL);
    if (count <= 0) return { keys: 0, publicKeys: [], signatures: [], operatorIds: [] };
    const { result } = await client.simulateContract({
      ...registry,
      functionName: "takeKeys",
      args: [BigInt(count)],
      account: contracts.BeaconDeposits,
    });
    const [pubkeys, signatures, operatorIds] = result;
    return {
      keys: operatorIds.length,
      publicKeys: operatorIds.map((_, index) => slice(pubkeys, index, PUBKEY_BYTES)),
      signatures: operatorIds.map((_, index) => slice(signatures, index, SIGNATURE_BYTES)),
      operatorIds,
    };
  }

  /** Unix seconds of the last pre-deposit; 0 when it is longer ago than is asked about. */
  async #lastPreDeposit(lookbackSeconds: number): Promise<number> {
    const { client, beacon, contracts, fromBlock } = this.#keeper.protocol;
    const { secondsPerSlot } = await beacon.parameters();
    const head = await client.getBlockNumber({ cacheTime: 0 });
    const oldest = head - BigInt(Math.ceil(lookbackSeconds / secondsPerSlot));
    for (const range of blockRangesBack(oldest > fromBlock ? oldest : fromBlock, head)) {
      const events = await client.getContractEvents({
        address: contracts.BeaconDeposits,
        abi: DEPOSITS_ABI,
        eventName: "PreDeposited",
        ...range,
        strict: true,
      });
      const last = events.at(-1);
      if (last) return Number((await client.getBlock({ blockNumber: last.blockNumber })).timestamp);
    }
    return 0;
  }

  /** Seconds since the last pre-deposit; Infinity when it is longer ago than anything waits. */
  async #secondsSinceLast(): Promise<number> {
    const { protocol, settings } = this.#keeper;
    const last = await this.#lastPreDeposit(settings.deposits.maxWaitSeconds);
    return last === 0 ? Infinity : Number((await protocol.client.getBlock()).timestamp) - last;
  }

  async #stillIn(state: number, validators: readonly FleetValidator[]): Promise<FleetValidator[]> {
    const { client, contracts } = this.#keeper.protocol;
    const states = await Promise.all(
      validators.map((validator) =>
        client.readContract({
          address: contracts.OperatorRegistry,
          abi: REGISTRY_ABI,
          functionName: "keyOf",
          args: [hashOf(validator)],
        }),
      ),
    );
    return validators.filter((_, index) => states[index]?.[2] === state);
  }

  /** Whether the beacon chain shows a validator as it must be: with the vault's credentials, neither slashed nor leaving. */
  async #isOurs({ record }: FleetValidator): Promise<boolean> {
    if (!record || record.slashed || record.exitEpoch !== Infinity) return false;
    const { client, contracts } = this.#keeper.protocol;
    return await client.readContract({
      address: contracts.WithdrawalVault,
      abi: WITHDRAWAL_VAULT_ABI,
      functionName: "isOwnCredentials",
      args: [record.withdrawalCredentials],
    });
  }
}

function hashOf({ key }: FleetValidator): Hex {
  return keccak256(key.publicKey);
}

function slice(bytes: Hex, index: number, size: number): Hex {
  return sliceHex(bytes, index * size, (index + 1) * size);
}
