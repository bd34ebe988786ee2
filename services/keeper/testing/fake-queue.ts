import { parseEther, type Hex } from "viem";
import { POOL_ABI, QUEUE_ABI, REGISTRY_ABI, WITHDRAWAL_VAULT_ABI } from "../protocol/abi.ts";
import type { FakeExecution, MemoryContract } from "./fake-execution.ts";
import { reader, type FakeProtocol } from "./fake-protocol.ts";

/** The withdrawal queue, the pool's ether, requests for exits and the vault that makes validators leave, in memory (contracts/src). */
export class FakeQueue {
  /** Wei that requests are worth. */
  queued = 0n;
  /** Wei in the pool. */
  buffered = 0n;
  /** Whether this stack's accounts have the roles. */
  hasRoles = true;
  /** Wei of a withdrawal request (EIP-7002); undefined before the fork. */
  fee: bigint | undefined = 1n;
  available = 16n;
  lastFrameTime = 0;
  staleAfter = 86_400;
  readonly requestedExits = new Map<number, number>();
  /** Keys that were asked to leave by the vault. */
  readonly forced: Hex[] = [];
  staleFrames = 0;

  constructor(execution: FakeExecution, protocol: FakeProtocol) {
    const { addresses } = protocol;
    const registry = execution.contracts.get(addresses.OperatorRegistry.toLowerCase());
    const contracts: Readonly<Record<string, MemoryContract>> = {
      [addresses.WithdrawalQueue]: reader(QUEUE_ABI, { queuedShares: () => this.queued }),
      [addresses.StakingPool]: {
        ...reader(POOL_ABI, {
          bufferedEther: () => this.buffered,
          convertToAssets: ([shares]) => shares,
          lastFrameTime: () => BigInt(this.lastFrameTime),
          staleAfter: () => BigInt(this.staleAfter),
          "check:processStaleFrame": () => {
            if (execution.genesisTime + execution.head * 12 < this.lastFrameTime + this.staleAfter)
              throw new Error("not stale");
          },
        }),
        write: () => {
          this.staleFrames += 1;
          this.lastFrameTime = execution.genesisTime + execution.head * 12;
        },
      },
      [addresses.OperatorRegistry]: {
        abi: REGISTRY_ABI,
        read: (name, args, block) => {
          if (name === "hasRole") return this.hasRoles;
          const answer = registry?.read(name, args, block);
          if (name !== "operator") return answer;
          return { ...(answer as object), requestedExits: BigInt(this.requestedExits.get(Number(args[0])) ?? 0) };
        },
        write: (_, [operatorId, requestedExits]) => {
          this.requestedExits.set(Number(operatorId), Number(requestedExits));
          execution.emit(addresses.OperatorRegistry, REGISTRY_ABI, "ExitsRequested", { operatorId, requestedExits });
        },
      },
      [addresses.WithdrawalVault]: {
        ...reader(WITHDRAWAL_VAULT_ABI, {
          hasRole: () => this.hasRoles,
          withdrawalRequestFee: () => {
            if (this.fee === undefined) throw new Error("no such predeploy");
            return this.fee;
          },
          availableRequests: () => this.available,
        }),
        write: (_, [pubkeys]) => {
          for (const key of (pubkeys as Hex).slice(2).match(/.{96}/g) ?? []) this.forced.push(`0x${key}`);
        },
      },
    };
    for (const [address, contract] of Object.entries(contracts))
      execution.contracts.set(address.toLowerCase(), contract);
    // Vaults are empty: what comes is validators' balances only.
    execution.balanceAt = (account) =>
      [addresses.WithdrawalVault, addresses.ExecutionRewardsVault].some(
        (vault) => vault.toLowerCase() === account.toLowerCase(),
      )
        ? 0n
        : parseEther("1000");
  }
}
