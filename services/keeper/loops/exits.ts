import { keccak256, toBytes, type Hex } from "viem";
import { errorMessage } from "../../../lib/errors.ts";
import type { Keeper } from "../keeper.ts";
import { POOL_ABI, QUEUE_ABI, REGISTRY_ABI, WITHDRAWAL_VAULT_ABI } from "../protocol/abi.ts";
import { chooseExits, exitsNeeded, type ExitCandidate } from "../protocol/economics.ts";
import { exitsAskedUntil } from "../protocol/exits-asked.ts";
import type { FleetValidator, FleetView } from "../protocol/fleet.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";

const OPERATOR_MANAGER_ROLE = keccak256(toBytes("OPERATOR_MANAGER_ROLE"));
const EXIT_ROLE = keccak256(toBytes("EXIT_ROLE"));
const WEI_PER_GWEI = 10n ** 9n;
/** Epochs after which an exit that the chain does not show is asked for again. */
const FORCED_EPOCHS = 4;
/** Requests of one transaction: what one block takes (EIP-7002). */
const REQUESTS_AT_A_TIME = 16;

/**
 * Gets validators to leave when requests cannot be paid otherwise: asks operators, and when one is late, the beacon chain itself
 * (EIP-7002). The first needs OPERATOR_MANAGER_ROLE, the second EXIT_ROLE; without them it only shows what is needed.
 */
export class ExitsLoop implements Loop {
  readonly name = "exits";
  readonly pace = "epoch";
  readonly #keeper: Keeper;
  /** Epochs in which exits were asked of the chain: it shows them only in a later state. */
  readonly #forced = new Map<Hex, number>();

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  async run(): Promise<Outcome> {
    const { fleet, clock } = this.#keeper;
    const view = await fleet.view(await clock.stableBlock());
    const asked = await this.#ask(view);
    const forced = await this.#force(view);
    if (asked === "acted" || forced === "acted") return "acted";
    return asked === "waiting" || forced === "waiting" ? "waiting" : "idle";
  }

  async #ask(view: FleetView): Promise<Outcome> {
    const { protocol, accounts, log } = this.#keeper;
    const { client, contracts } = protocol;
    const pool = { address: contracts.StakingPool, abi: POOL_ABI } as const;
    const [shares, buffered, withdrawalVault, executionVault] = await Promise.all([
      client.readContract({ address: contracts.WithdrawalQueue, abi: QUEUE_ABI, functionName: "queuedShares" }),
      client.readContract({ ...pool, functionName: "bufferedEther" }),
      client.getBalance({ address: contracts.WithdrawalVault }),
      client.getBalance({ address: contracts.ExecutionRewardsVault }),
    ]);
    const queued = await client.readContract({ ...pool, functionName: "convertToAssets", args: [shares] });
    const candidates = await this.#candidates(view);
    const leaving = [...view.byIndex.values()].filter(isLeaving);
    const exits = exitsNeeded({
      queued,
      buffered,
      withdrawalVault,
      executionVault,
      leaving: leaving.reduce((sum, { record }) => sum + record.balanceGwei * WEI_PER_GWEI, 0n),
      askedExits: candidates.reduce((sum, { askedExits }) => sum + askedExits, 0),
    });
    if (exits === 0) return "idle";
    const manager = accounts.operatorManager;
    if (!manager || !(await this.#has(contracts.OperatorRegistry, OPERATOR_MANAGER_ROLE, manager.address))) {
      log.warn({ loop: this.name, exits }, "validators have to leave, and this keeper may not ask their operators");
      return "waiting";
    }
    let acted = false;
    for (const [operatorId, requestedExits] of chooseExits(candidates, exits))
      acted =
        (await manager.send({
          contract: "OperatorRegistry",
          abi: REGISTRY_ABI,
          functionName: "requestExits",
          args: [BigInt(operatorId), BigInt(requestedExits)],
          purpose: `Asking operator ${operatorId} for exits, ${requestedExits} since the beginning`,
        })) || acted;
    return acted ? "acted" : "waiting";
  }

  /** Operators with what they have been asked for as of now: the view may be older than our own last request. */
  async #candidates(view: FleetView): Promise<(ExitCandidate & { readonly askedExits: number })[]> {
    const { client, contracts } = this.#keeper.protocol;
    return await Promise.all(
      [...view.operators.values()].map(async ({ operatorId, suspended, target }) => {
        const own = [...view.byIndex.values()].filter(({ key }) => key.operatorId === operatorId);
        const left = own.filter(isLeaving).length;
        const operator = await client.readContract({
          address: contracts.OperatorRegistry,
          abi: REGISTRY_ABI,
          functionName: "operator",
          args: [BigInt(operatorId)],
        });
        const requestedExits = Number(operator.requestedExits);
        const askedExits = Math.max(0, requestedExits - left);
        return { operatorId, suspended, target, requestedExits, askedExits, staying: own.length - left - askedExits };
      }),
    );
  }

  /** Makes the validators of late operators leave. */
  async #force(view: FleetView): Promise<Outcome> {
    const { protocol, accounts, settings, log } = this.#keeper;
    const { client, contracts } = protocol;
    const account = accounts.exits;
    const vault = { address: contracts.WithdrawalVault, abi: WITHDRAWAL_VAULT_ABI } as const;
    const late = await this.#late(view);
    if (late.length === 0) return "idle";
    if (!account || !(await this.#has(contracts.WithdrawalVault, EXIT_ROLE, account.address))) {
      log.warn({ loop: this.name, exits: late.length }, "operators are late, and this keeper may not exit for them");
      return "waiting";
    }
    const maxFee = BigInt(settings.exits.maxFeeWei);
    const fee = await client
      .readContract({ ...vault, functionName: "withdrawalRequestFee" })
      .catch((error: unknown) => {
        log.warn(
          { loop: this.name, error: errorMessage(error) },
          "the chain takes no exits from withdrawal credentials",
        );
        return undefined;
      });
    if (fee === undefined || fee > maxFee) return "waiting";
    const available = Number(await client.readContract({ ...vault, functionName: "availableRequests" }));
    const chosen = late.slice(0, Math.min(available, REQUESTS_AT_A_TIME));
    if (chosen.length === 0) return "waiting";
    const pubkeys: Hex = `0x${chosen.map(({ key }) => key.publicKey.slice(2)).join("")}`;
    const sent = await account.send({
      contract: "WithdrawalVault",
      abi: WITHDRAWAL_VAULT_ABI,
      functionName: "requestExits",
      args: [pubkeys, maxFee],
      // The fee rises with each request of a block; what is left comes back.
      value: maxFee * BigInt(chosen.length),
      purpose: `Exiting ${chosen.length} validators of late operators`,
    });
    if (!sent) return "waiting";
    const epoch = await this.#epoch();
    for (const { key } of chosen) this.#forced.set(key.publicKey, epoch);
    return "acted";
  }

  /** The oldest validators of operators whose time for exits has passed, as many as are missing. */
  async #late(view: FleetView): Promise<FleetValidator[]> {
    const { protocol, clock, settings } = this.#keeper;
    const { shardCommitteePeriod } = await protocol.beacon.parameters();
    const epoch = await this.#epoch();
    const { timestamp } = await protocol.client.getBlock();
    const askedUntil = Number(timestamp) - settings.exits.deadlineSeconds;
    const block = await clock.stableBlock();
    const late: FleetValidator[] = [];
    for (const { operatorId, requestedExits } of view.operators.values()) {
      if (requestedExits === 0) continue;
      const overdue = await exitsAskedUntil(protocol, operatorId, askedUntil, block);
      const own = [...view.byIndex.values()].filter(({ key }) => key.operatorId === operatorId);
      const staying = own.filter((validator) => !isLeaving(validator));
      // Those that the chain was asked for and does not show yet are on their way: nobody else leaves in their place.
      const isAsked = ({ key }: FleetValidator): boolean =>
        (this.#forced.get(key.publicKey) ?? -Infinity) + FORCED_EPOCHS > epoch;
      const missing = overdue - (own.length - staying.length) - staying.filter(isAsked).length;
      late.push(
        ...staying
          .filter((validator) => !isAsked(validator))
          .filter(({ record }) => record.activationEpoch + shardCommitteePeriod <= epoch)
          .sort((left, right) => left.record.index - right.record.index)
          .slice(0, Math.max(0, missing)),
      );
    }
    return late;
  }

  async #epoch(): Promise<number> {
    const { beacon } = this.#keeper.protocol;
    const { slotsPerEpoch } = await beacon.parameters();
    return Math.floor((await beacon.head()).slot / slotsPerEpoch);
  }

  async #has(address: `0x${string}`, role: Hex, account: `0x${string}`): Promise<boolean> {
    return await this.#keeper.protocol.client.readContract({
      address,
      abi: REGISTRY_ABI,
      functionName: "hasRole",
      args: [role, account],
    });
  }
}

function isLeaving({ record }: { readonly record: { readonly exitEpoch: number } }): boolean {
  return record.exitEpoch !== Infinity;
}
