import { setTimeout as sleep } from "node:timers/promises";
import {
  encodeFunctionData,
  keccak256,
  numberToHex,
  pad,
  parseAbi,
  stringToHex,
  zeroHash,
  type Address,
  type Hex,
  type PublicClient,
} from "viem";
import { EthstakeError } from "../../lib/errors.ts";
import type { TransactionRequest, TransactionSender } from "./sender.ts";

/** OpenZeppelin's TimelockController. */
export const TIMELOCK_ABI = parseAbi([
  "function getMinDelay() view returns (uint256)",
  "function getTimestamp(bytes32 id) view returns (uint256)",
  "function hashOperation(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt) view returns (bytes32)",
  "function schedule(address target, uint256 value, bytes data, bytes32 predecessor, bytes32 salt, uint256 delay)",
  "function execute(address target, uint256 value, bytes payload, bytes32 predecessor, bytes32 salt) payable",
]);
const ACCESS_ABI = parseAbi([
  "function hasRole(bytes32 role, address account) view returns (bool)",
  "function grantRole(bytes32 role, address account)",
]);

/** TimelockController's timestamp of an operation that was executed. */
const DONE = 1n;
/** How long an operation is waited for within one run, in seconds; a longer delay ends the run, and a later one goes on. */
const PATIENCE_SECONDS = 120n;

/** An operation waits in a timelock: scheduled, and not yet ripe. */
export class TimelockPendingError extends EthstakeError<{ timelock: Address; operation: Hex; readyAt: number }> {
  readonly code = "TIMELOCK_PENDING";
  constructor(purpose: string, timelock: Address, operation: Hex, readyAt: number) {
    super(
      `"${purpose}" is scheduled in timelock ${timelock} as ${operation} and cannot be executed before ${new Date(readyAt * 1_000).toISOString()}.`,
      { timelock, operation, readyAt },
      { remedy: "Run again after that; until then a canceller can stop it." },
    );
  }
}

/** By what right a call is made. */
export interface Authority {
  /** Timelock that the call goes through where the account may not make it itself; the account is its proposer and executor. */
  readonly timelock?: Address | undefined;
  /** Role that the call needs: while the account is still the target's admin, at the first set-up, it grants it to itself. */
  readonly role?: string | undefined;
}

/**
 * Makes a call with the right that the account has: its own, the admin's during the first set-up, or the timelock's, in which the call
 * is scheduled and, once ripe, executed. Safe to interrupt: what the timelock has already is not scheduled again.
 * @throws {@link TimelockPendingError} when the timelock's delay is longer than a run waits
 */
export async function sendWithAuthority(
  client: PublicClient,
  sender: TransactionSender,
  request: TransactionRequest,
  { timelock, role }: Authority,
  log: (message: string) => void,
): Promise<void> {
  if (!timelock || (await mayCall(client, sender, request))) {
    await sender.send(request);
    return;
  }
  if (role && (await isAdmin(client, sender, request.to))) {
    await sender.send({
      purpose: `Granting ${role} on ${request.to} for the set-up`,
      to: request.to,
      data: encodeFunctionData({
        abi: ACCESS_ABI,
        functionName: "grantRole",
        args: [keccak256(stringToHex(role)), sender.account.address],
      }),
    });
    await sender.send(request);
    return;
  }
  const operation = await openOperation(client, timelock, request);
  if (operation.readyAt === 0n) {
    const delay = await client.readContract({ address: timelock, abi: TIMELOCK_ABI, functionName: "getMinDelay" });
    log(`scheduling "${request.purpose}" in timelock ${timelock}, ${delay} s ahead`);
    await sender.send({
      purpose: `Scheduling "${request.purpose}"`,
      to: timelock,
      data: encodeFunctionData({
        abi: TIMELOCK_ABI,
        functionName: "schedule",
        args: [request.to, request.value ?? 0n, request.data ?? "0x", zeroHash, operation.salt, delay],
      }),
    });
  }
  await awaitRipe(client, timelock, operation.id, request.purpose);
  await sender.send({
    purpose: request.purpose,
    to: timelock,
    value: request.value ?? 0n,
    data: encodeFunctionData({
      abi: TIMELOCK_ABI,
      functionName: "execute",
      args: [request.to, request.value ?? 0n, request.data ?? "0x", zeroHash, operation.salt],
    }),
    ...(request.abi ? { abi: request.abi } : {}),
  });
}

/** Whether the account may make a call itself, by simulating it. */
async function mayCall(client: PublicClient, sender: TransactionSender, request: TransactionRequest): Promise<boolean> {
  try {
    await client.call({
      account: sender.account.address,
      to: request.to,
      data: request.data ?? "0x",
      value: request.value ?? 0n,
    });
    return true;
  } catch {
    return false;
  }
}

async function isAdmin(client: PublicClient, sender: TransactionSender, target: Address): Promise<boolean> {
  return await client
    .readContract({
      address: target,
      abi: ACCESS_ABI,
      functionName: "hasRole",
      args: [zeroHash, sender.account.address],
    })
    .catch(() => false);
}

interface Operation {
  readonly id: Hex;
  readonly salt: Hex;
  /** Unix time from which it can be executed; 0 when it is not scheduled. */
  readonly readyAt: bigint;
}

/** The operation for a call that was not executed yet: the same call may have been made before, under an earlier salt. */
async function openOperation(
  client: PublicClient,
  timelock: Address,
  { to, value = 0n, data = "0x" }: TransactionRequest,
): Promise<Operation> {
  const read = { address: timelock, abi: TIMELOCK_ABI } as const;
  for (let attempt = 0n; ; attempt++) {
    const salt = pad(numberToHex(attempt), { size: 32 });
    const id = await client.readContract({
      ...read,
      functionName: "hashOperation",
      args: [to, value, data, zeroHash, salt],
    });
    const readyAt = await client.readContract({ ...read, functionName: "getTimestamp", args: [id] });
    if (readyAt !== DONE) return { id, salt, readyAt };
  }
}

async function awaitRipe(client: PublicClient, timelock: Address, id: Hex, purpose: string): Promise<void> {
  const readyAt = await client.readContract({
    address: timelock,
    abi: TIMELOCK_ABI,
    functionName: "getTimestamp",
    args: [id],
  });
  for (;;) {
    // The chain's clock decides, not ours.
    const { timestamp } = await client.getBlock({ blockTag: "latest" });
    if (timestamp >= readyAt) return;
    if (readyAt - timestamp > PATIENCE_SECONDS) throw new TimelockPendingError(purpose, timelock, id, Number(readyAt));
    await sleep(500);
  }
}
