import { setTimeout as sleep } from "node:timers/promises";
import { formatEther, keccak256, parseAbi, type Address, type Hex, type PublicClient } from "viem";
import { z } from "zod";
import type { ProtocolContract } from "../components/protocol/contracts.ts";
import { BeaconClient } from "../provider/beacon/api.ts";
import { CheckFailure, type Check, type Reading } from "./checks.ts";
import { getJson, shownUrl } from "./probe.ts";

/** Shares whose worth in wei is a rate in rays (ShareMath.RAY): the rate begins at one, and only a loss brings it below. */
const RAY = 10n ** 27n;
/** From this state of a key on its deposit was sent (IOperatorRegistry.KeyState.Taken). */
const TAKEN = 2;
const INVALID = 5;
/** How long a head is waited for, in slots: one may be empty with nothing wrong, two in a row hardly are. */
const HEAD_SLOTS = 2;

const VIEWS = parseAbi([
  "function totalSupply() view returns (uint256)",
  "function totalPooledEther() view returns (uint256)",
  "function convertToAssets(uint256 shares) view returns (uint256)",
  "function bufferedEther() view returns (uint256)",
  "function lastFrameTime() view returns (uint256)",
  "function staleAfter() view returns (uint256)",
  "function members() view returns (address[])",
  "function quorum() view returns (uint256)",
  "function paused() view returns (bool)",
  "function pausedUntil() view returns (uint256)",
  "function claimsHeldUntil() view returns (uint256)",
  "function keyOf(bytes32 pubkeyHash) view returns (uint256 operatorId, uint256 index, uint8 state)",
]);

const COMMITTEES = ["ReportConsensus", "LossReview", "Guardians"] as const;
const PAUSABLE = ["StakingPool", "BeaconDeposits", "RewardDistribution", "ServiceLevel"] as const;

const syncingSchema = z.object({ data: z.object({ head_slot: z.coerce.number() }) });

/** A running stack, from its outputs and settings. */
export interface SmokeTarget {
  readonly client: PublicClient;
  readonly chainId: number;
  readonly addresses: Readonly<Record<ProtocolContract | "DepositContract", Address>>;
  readonly timelocks: Readonly<Record<string, Address>>;
  /** A beacon node; public stacks have theirs on the machines' loopback. */
  readonly beaconApi: string | undefined;
  readonly secondsPerSlot: number;
  readonly validators: readonly Hex[];
}

/** How long the slowest check may take, in milliseconds: the one that waits for the head. */
export function patience({ secondsPerSlot }: Pick<SmokeTarget, "secondsPerSlot">): number {
  return (HEAD_SLOTS * secondsPerSlot + 20) * 1_000;
}

/** Whether a stack does what it is for. Every check only reads. */
export function smokeChecks(target: SmokeTarget): Check[] {
  return [
    chainCheck(target),
    ...Object.entries({ ...target.addresses, ...target.timelocks }).map(([name, address]) =>
      codeCheck(target, name, address),
    ),
    ...poolChecks(target),
    ...COMMITTEES.map((name) => quorumCheck(target, name)),
    ...PAUSABLE.map((name) => pauseCheck(target, name)),
    holdCheck(target),
    staleCheck(target),
    ...beaconChecks(target),
  ];
}

function chainCheck({ client, chainId }: SmokeTarget): Check {
  return {
    what: "the execution client is on the stack's chain",
    fix: "Name a client of the stack's network with -- --rpc URL.",
    read: async () => {
      const found = await client.getChainId();
      if (found !== chainId) throw new CheckFailure(`chain id ${found}, not ${chainId}`);
      return `chain id ${found}`;
    },
  };
}

function codeCheck({ client }: SmokeTarget, name: string, address: Address): Check {
  return {
    what: `${name} has code`,
    fix: "Run `up`; if it changes nothing, find out whether the client is on the chain that the stack was deployed to.",
    read: async () => {
      const code = (await client.getCode({ address })) ?? "0x";
      if (code === "0x") throw new CheckFailure(`none at ${address}`);
      return `${address}, ${(code.length - 2) / 2} bytes`;
    },
  };
}

function poolChecks({ client, addresses }: SmokeTarget): Check[] {
  const pool = { address: addresses.StakingPool, abi: VIEWS } as const;
  const supplyOf = (): Promise<bigint> => client.readContract({ ...pool, functionName: "totalSupply" });
  const pooledOf = (): Promise<bigint> => client.readContract({ ...pool, functionName: "totalPooledEther" });
  const ask = "Compare with the last reports (`npm run verify`, RewardSettled events) before anybody stakes more.";
  return [
    {
      what: "StakingPool has ether for its shares",
      fix: ask,
      read: async () => {
        const [supply, pooled] = await Promise.all([supplyOf(), pooledOf()]);
        const figure = `${formatEther(supply)} ethSTAKE for ${formatEther(pooled)} ETH`;
        if (supply > 0n && pooled === 0n) throw new CheckFailure(figure);
        return figure;
      },
    },
    {
      what: "StakingPool's rate is not below one",
      fix: `A loss was settled. ${ask}`,
      read: async () => {
        const rate = await client.readContract({ ...pool, functionName: "convertToAssets", args: [RAY] });
        const figure = `${formatRay(rate)} ETH a share`;
        if (rate < RAY) throw new CheckFailure(figure);
        return figure;
      },
    },
    {
      what: "StakingPool holds what it has not sent to validators",
      fix: "Stop: the pool counts ether that is not there. Pause it (docs/RUNBOOK.md) and find out where it went.",
      read: async () => {
        const [buffered, balance] = await Promise.all([
          client.readContract({ ...pool, functionName: "bufferedEther" }),
          client.getBalance({ address: pool.address }),
        ]);
        const figure = `${formatEther(balance)} ETH for ${formatEther(buffered)} ETH`;
        if (balance < buffered) throw new CheckFailure(figure);
        return figure;
      },
    },
  ];
}

function quorumCheck({ client, addresses }: SmokeTarget, name: (typeof COMMITTEES)[number]): Check {
  const committee = { address: addresses[name], abi: VIEWS } as const;
  return {
    what: `${name} can reach its quorum`,
    fix: "Add members to the committee or lower its least quorum: without a quorum it decides nothing.",
    read: async () => {
      const [members, quorum] = await Promise.all([
        client.readContract({ ...committee, functionName: "members" }),
        client.readContract({ ...committee, functionName: "quorum" }),
      ]);
      const figure = `${quorum.toString()} of ${members.length} members`;
      const isMajority = 2n * quorum > BigInt(members.length);
      if (BigInt(members.length) < quorum || !isMajority) throw new CheckFailure(figure);
      return figure;
    },
  };
}

function pauseCheck({ client, addresses }: SmokeTarget, name: (typeof PAUSABLE)[number]): Check {
  const contract = { address: addresses[name], abi: VIEWS } as const;
  return {
    what: `${name} is not paused`,
    fix: "Ask the guardian why; the pause ends by itself, or by unpause() of the resumer.",
    read: async () => {
      if (!(await client.readContract({ ...contract, functionName: "paused" }))) return "not paused";
      const until = await client.readContract({ ...contract, functionName: "pausedUntil" });
      throw new CheckFailure(`paused until ${formatTime(until)}`);
    },
  };
}

function holdCheck({ client, addresses }: SmokeTarget): Check {
  return {
    what: "WithdrawalQueue pays claims",
    fix: "The guardians hold claims: ask them why. The hold ends by itself.",
    read: async () => {
      const [until, now] = await Promise.all([
        client.readContract({ address: addresses.WithdrawalQueue, abi: VIEWS, functionName: "claimsHeldUntil" }),
        chainTime(client),
      ]);
      if (until > now) throw new CheckFailure(`held until ${formatTime(until)}`);
      return until === 0n ? "never held" : `last held until ${formatTime(until)}`;
    },
  };
}

function staleCheck({ client, addresses }: SmokeTarget): Check {
  const pool = { address: addresses.StakingPool, abi: VIEWS } as const;
  return {
    what: "the last frame is not stale",
    fix: "Get the oracle members to report: until they do anyone may process stale frames, at the old rate.",
    read: async () => {
      const [last, staleAfter, now] = await Promise.all([
        client.readContract({ ...pool, functionName: "lastFrameTime" }),
        client.readContract({ ...pool, functionName: "staleAfter" }),
        chainTime(client),
      ]);
      const figure = `${formatTime(last)}, stale after ${staleAfter.toString()} s`;
      if (now >= last + staleAfter) throw new CheckFailure(figure);
      return figure;
    },
  };
}

function beaconChecks(target: SmokeTarget): Check[] {
  const { beaconApi, validators, secondsPerSlot } = target;
  const skipped = { skipped: "no beacon node: name one with -- --beacon URL" };
  const node = beaconApi === undefined ? "the beacon node" : `beacon node ${shownUrl(beaconApi)}`;
  return [
    {
      what: `${node}'s head advances`,
      fix: "Look at the logs of the beacon node and of its execution client.",
      read: async (signal) =>
        beaconApi === undefined ? skipped : await headAdvances(beaconApi, secondsPerSlot, signal),
    },
    ...validators.map(
      (publicKey): Check => ({
        what: `the beacon chain knows ${publicKey.slice(0, 10)}…${publicKey.slice(-4)}`,
        fix: "Wait until its deposit is processed; if it was sent long ago, check the deposit (`npm run verify`).",
        read: async () => (beaconApi === undefined ? skipped : await knows(target, beaconApi, publicKey)),
      }),
    ),
  ];
}

async function headAdvances(beaconApi: string, secondsPerSlot: number, signal: AbortSignal): Promise<Reading> {
  const headSlot = async (): Promise<number> =>
    (await getJson(beaconApi, "/eth/v1/node/syncing", syncingSchema, signal)).data.head_slot;
  const first = await headSlot();
  const deadline = Date.now() + HEAD_SLOTS * secondsPerSlot * 1_000;
  let last = first;
  while (last <= first && Date.now() < deadline) {
    await sleep(Math.min(500, secondsPerSlot * 100), undefined, { signal });
    last = await headSlot();
  }
  if (last <= first) throw new CheckFailure(`still at slot ${first} after ${HEAD_SLOTS} slots`);
  return `slot ${first}, then ${last}`;
}

/** A key that is in the settings but whose deposit was not sent yet is no fault. */
async function knows({ client, addresses }: SmokeTarget, beaconApi: string, publicKey: Hex): Promise<Reading> {
  const [validator] = await new BeaconClient(beaconApi).validators([publicKey]);
  if (validator) return `${validator.status}, ${formatEther(validator.balanceGwei, "gwei")} ETH`;
  const [, , state] = await client.readContract({
    address: addresses.OperatorRegistry,
    abi: VIEWS,
    functionName: "keyOf",
    args: [keccak256(publicKey)],
  });
  if (state < TAKEN) return { skipped: "its deposit was not sent yet" };
  throw new CheckFailure(state === INVALID ? "unknown, and found invalid" : "unknown, though its deposit was sent");
}

async function chainTime(client: PublicClient): Promise<bigint> {
  return (await client.getBlock({ blockTag: "latest" })).timestamp;
}

/** Unix seconds as a time of UTC; what no calendar has stays a number. */
function formatTime(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1_000);
  return Number.isNaN(date.getTime()) ? seconds.toString() : date.toISOString().replace(".000Z", "Z");
}

/** A ray as a decimal number. */
function formatRay(rate: bigint): string {
  const [whole, rest] = [rate / RAY, (rate % RAY).toString().padStart(27, "0").replace(/0+$/, "")];
  return rest === "" ? whole.toString() : `${whole.toString()}.${rest}`;
}
