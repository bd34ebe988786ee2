import { setTimeout as sleep } from "node:timers/promises";
import {
  createPublicClient,
  formatEther,
  getAddress,
  http,
  parseAbi,
  parseAbiItem,
  type Address,
  type Block,
  type Hex,
  type PublicClient,
} from "viem";
import { z } from "zod";
import { readBuiltCode } from "../components/protocol/built-code.ts";
import { isProxied, PROTOCOL_CONTRACTS, sourceName, type ProtocolContract } from "../components/protocol/contracts.ts";
import { errorMessage } from "../lib/errors.ts";
import { BeaconClient, type BeaconValidator } from "../provider/beacon/api.ts";
import { KeymanagerClient } from "../provider/beacon/keymanager.ts";
import { openSender, type TransactionSender } from "../provider/chain/sender.ts";
import { accountOf, ownValidators, type Network } from "./network.ts";

/** One claim about a network, with what was read and where. Nothing in it comes from the stack's own state. */
export interface Proof {
  readonly claim: string;
  /** Where the value was read. */
  readonly source: string;
  readonly value: string;
  readonly holds: boolean;
}

/** A validator of ours as the chain and its validator client see it. */
export interface ValidatorReport {
  readonly pubkey: Hex;
  readonly node: string;
  /** Status of the beacon API; `unknown` while the beacon chain has not seen the deposit. */
  readonly status: string;
  readonly index?: number;
  readonly withdrawalCredentials: string;
  readonly feeRecipient: string;
  readonly balanceGwei: string;
}

/** How far back a block of ours is looked for, in blocks. */
const PROPOSAL_WINDOW = 96n;
const POOL_ABI = parseAbi(["function sharePrice() view returns (uint256)"]);
const SETTLED = parseAbiItem(
  "event RewardSettled(uint256 indexed refSlot, uint256 gain, uint256 loss, uint256 rewards, uint256 fromBonds, uint256 covered, uint256 protocolFee, uint256 operatorFee, uint256 sharePrice)",
);
const CLAIMED = parseAbiItem(
  "event WithdrawalClaimed(uint256 indexed requestId, address indexed owner, address indexed recipient, uint256 assets)",
);
/** Wei per 1e18 shares before any reward. */
const INITIAL_SHARE_PRICE = 10n ** 18n;

const syncingSchema = z.object({ data: z.object({ head_slot: z.coerce.number() }) });
const headersSchema = z.object({
  data: z.array(z.object({ header: z.object({ message: z.object({ proposer_index: z.coerce.number() }) }) })),
});

/** Reads a devnet from its clients. */
export class NetworkReader {
  readonly network: Network;
  readonly execution: PublicClient;
  readonly beacon: BeaconClient;

  constructor(network: Network) {
    this.network = network;
    this.execution = createPublicClient({ transport: http(network.executionRpc, { retryCount: 2, timeout: 60_000 }) });
    this.beacon = new BeaconClient(network.beaconApi);
  }

  /** The sender of one of the stack's accounts. */
  async senderOf(account: string): Promise<TransactionSender> {
    return await openSender(
      { rpcUrl: this.network.executionRpc, chainId: await this.execution.getChainId() },
      { keyFile: accountOf(this.network, account).keyFile },
    );
  }

  /** Slot of the beacon node's head. */
  async headSlot(): Promise<number> {
    return syncingSchema.parse(await this.beacon.get("/eth/v1/node/syncing")).data.head_slot;
  }

  /** The validators of our operators, with what is known of each. */
  async validators(): Promise<ValidatorReport[]> {
    const own = ownValidators(this.network);
    const seen = new Map<string, BeaconValidator>();
    for (const validator of await this.beacon.validators(own.map(({ publicKey }) => publicKey)))
      seen.set(validator.publicKey, validator);
    return await Promise.all(
      own.map(async ({ publicKey, node }) => {
        const keymanager = this.network.nodes.find(({ name }) => name === node)?.keymanager;
        const validator = seen.get(publicKey);
        return {
          pubkey: publicKey,
          node,
          status: validator?.status ?? "unknown",
          ...(validator ? { index: validator.index } : {}),
          withdrawalCredentials: validator?.withdrawalCredentials ?? "",
          feeRecipient: keymanager ? getAddress(await new KeymanagerClient(keymanager).getFeeRecipient(publicKey)) : "",
          balanceGwei: String(validator?.balanceGwei ?? 0n),
        };
      }),
    );
  }

  /** The newest block that one of these validators proposed with a fee recipient, among the last {@link PROPOSAL_WINDOW}. */
  async proposalBy(
    indices: readonly number[],
    feeRecipient: Address,
  ): Promise<{ block: Block; slot: number; proposer: number } | undefined> {
    const head = await this.execution.getBlockNumber({ cacheTime: 0 });
    for (let number = head; number > 0n && number + PROPOSAL_WINDOW > head; number--) {
      const block = await this.execution.getBlock({ blockNumber: number });
      if (getAddress(block.miner) !== getAddress(feeRecipient)) continue;
      const slot = (Number(block.timestamp) - this.network.genesisTime) / this.network.secondsPerSlot;
      const { data } = headersSchema.parse(await this.beacon.get(`/eth/v1/beacon/headers?slot=${slot}`));
      const proposer = data[0]?.header.message.proposer_index;
      if (proposer !== undefined && indices.includes(proposer)) return { block, slot, proposer };
    }
    return undefined;
  }

  /** Wei that reached the rewards vault since genesis: what it holds and what was settled from it. */
  async rewardsReceived(reports = this.reports()): Promise<{ balance: bigint; settled: bigint }> {
    const { ExecutionRewardsVault } = this.network.contracts;
    return {
      balance: await this.execution.getBalance({ address: ExecutionRewardsVault }),
      settled: (await reports).reduce((sum, { rewards }) => sum + rewards, 0n),
    };
  }

  /** What settled reports brought, in wei, oldest first. */
  async reports(): Promise<{ refSlot: bigint; gain: bigint; rewards: bigint; fees: bigint }[]> {
    const logs = await this.execution.getLogs({
      address: this.network.contracts.RewardDistribution,
      event: SETTLED,
      fromBlock: 0n,
      toBlock: "latest",
    });
    return logs.map(({ args }) => ({
      refSlot: args.refSlot ?? 0n,
      gain: args.gain ?? 0n,
      rewards: args.rewards ?? 0n,
      fees: (args.protocolFee ?? 0n) + (args.operatorFee ?? 0n),
    }));
  }

  /** Withdrawals that were paid, in wei. */
  async claims(): Promise<{ requestId: bigint; assets: bigint }[]> {
    const logs = await this.execution.getLogs({
      address: this.network.contracts.WithdrawalQueue,
      event: CLAIMED,
      fromBlock: 0n,
      toBlock: "latest",
    });
    return logs.map(({ args }) => ({ requestId: args.requestId ?? 0n, assets: args.assets ?? 0n }));
  }

  /** Wei per 1e18 shares. */
  async sharePrice(): Promise<bigint> {
    return await this.execution.readContract({
      address: this.network.contracts.StakingPool,
      abi: POOL_ABI,
      functionName: "sharePrice",
    });
  }
}

/** Reads everything that a devnet promises. A source that does not answer makes its claim fail; it does not stop the others. */
export async function prove(reader: NetworkReader): Promise<{ proofs: Proof[]; validators: ValidatorReport[] }> {
  const { network } = reader;
  const validators = await reader.validators().catch(() => [] as ValidatorReport[]);
  // Two proofs need them, and a search through all blocks is slow: they are read once. Who waits for them reports a failure.
  const reports = reader.reports();
  reports.catch(() => undefined);
  const proofs = await Promise.all([
    attempt("the head advances", `beacon node ${network.beaconApi}/eth/v1/node/syncing, twice`, () =>
      headAdvances(reader),
    ),
    ...PROTOCOL_CONTRACTS.map((name) =>
      attempt(
        `${name} carries the built code`,
        `eth_getCode${isProxied(name) ? " and the EIP-1967 slot" : ""} of ${network.contracts[name]}`,
        () => carriesBuiltCode(reader, name),
      ),
    ),
    ...validators.map((validator) =>
      attempt(
        `deposit of ${short(validator.pubkey)} is in the beacon state with the vault's credentials`,
        "beacon node /eth/v1/beacon/states/head/validators",
        () =>
          Promise.resolve({
            value: `${validator.status}, ${validator.withdrawalCredentials || "not seen"}`,
            holds:
              /^(pending|active)/.test(validator.status) &&
              validator.withdrawalCredentials.toLowerCase() === network.withdrawalCredentials.toLowerCase(),
          }),
      ),
    ),
    ...validators.map((validator) =>
      attempt(
        `fee recipient of ${short(validator.pubkey)} is ExecutionRewardsVault`,
        "validator client, keymanager API",
        () =>
          Promise.resolve({
            value: validator.feeRecipient,
            holds: validator.feeRecipient === getAddress(network.contracts.ExecutionRewardsVault),
          }),
      ),
    ),
    attempt(
      "a block proposed by one of them pays ExecutionRewardsVault",
      "eth_getBlockByNumber and beacon node /eth/v1/beacon/headers",
      () => proposed(reader, validators),
    ),
    attempt("ExecutionRewardsVault received fees", "eth_getBalance and RewardSettled events", async () => {
      const { balance, settled } = await reader.rewardsReceived(reports);
      return {
        value: `${formatEther(balance + settled)} ETH (${formatEther(settled)} settled)`,
        holds: balance + settled > 0n,
      };
    }),
    attempt("a quorum's report was settled, fees and all", "RewardSettled events of RewardDistribution", async () => {
      const settled = await reports;
      const sum = (pick: (report: (typeof settled)[number]) => bigint): string =>
        formatEther(settled.reduce((total, report) => total + pick(report), 0n));
      return {
        value: `${settled.length} reports: ${sum(({ gain }) => gain)} ETH from consensus, ${sum(({ rewards }) => rewards)} from execution, ${sum(({ fees }) => fees)} fees`,
        holds: settled.some(({ gain, rewards, fees }) => gain + rewards > 0n && fees > 0n),
      };
    }),
    attempt(
      "a withdrawal was requested, finalised and paid",
      "WithdrawalClaimed events of WithdrawalQueue",
      async () => {
        const [claim] = await reader.claims();
        return claim
          ? { value: `request ${claim.requestId} paid ${formatEther(claim.assets)} ETH`, holds: claim.assets > 0n }
          : { value: "none yet", holds: false };
      },
    ),
    attempt("the share price rose", "StakingPool.sharePrice()", async () => {
      const price = await reader.sharePrice();
      return { value: `${formatEther(price)} ETH`, holds: price > INITIAL_SHARE_PRICE };
    }),
  ]);
  return { proofs, validators };
}

interface Reading {
  readonly value: string;
  readonly holds: boolean;
}

async function attempt(claim: string, source: string, read: () => Promise<Reading>): Promise<Proof> {
  try {
    return { claim, source, ...(await read()) };
  } catch (error) {
    return { claim, source, value: errorMessage(error).split("\n")[0] ?? "", holds: false };
  }
}

async function headAdvances(reader: NetworkReader): Promise<Reading> {
  const first = await reader.headSlot();
  const deadline = Date.now() + reader.network.secondsPerSlot * 4_000;
  let last = first;
  while (last <= first && Date.now() < deadline) {
    await sleep(250);
    last = await reader.headSlot();
  }
  return { value: `slot ${first}, then ${last}`, holds: last > first };
}

async function carriesBuiltCode(reader: NetworkReader, name: ProtocolContract): Promise<Reading> {
  const address = reader.network.contracts[name];
  const proxied = isProxied(name);
  const { implementation, size, isBuilt } = await readBuiltCode(reader.execution, address, {
    source: sourceName(name),
    proxied,
  });
  return {
    value: proxied ? `proxy ${address}, implementation ${implementation}, ${size} bytes` : `${address}, ${size} bytes`,
    holds: isBuilt,
  };
}

async function proposed(reader: NetworkReader, validators: readonly ValidatorReport[]): Promise<Reading> {
  const indices = validators.flatMap(({ index }) => (index === undefined ? [] : [index]));
  const found = await reader.proposalBy(indices, reader.network.contracts.ExecutionRewardsVault);
  if (!found) return { value: `none in the last ${PROPOSAL_WINDOW} blocks`, holds: false };
  return { value: `slot ${found.slot}, block ${found.block.number ?? "?"}, validator ${found.proposer}`, holds: true };
}

function short(publicKey: Hex): string {
  return `${publicKey.slice(0, 10)}…`;
}
