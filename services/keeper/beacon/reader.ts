import type { Hex } from "viem";
import { z } from "zod";
import {
  BeaconApiError,
  type BeaconClient,
  type ChainFacts,
  type VersionedBytes,
} from "../../../provider/beacon/api.ts";
import { blockSchema, type BeaconBlock } from "./block.ts";

/** FAR_FUTURE_EPOCH (phase0/beacon-chain.md, Constants): no such epoch comes. */
export const FAR_FUTURE_EPOCH = 2n ** 64n - 1n;
/** Validators of one request: some 2 MB of an answer, so that memory does not grow with the fleet. */
const VALIDATORS_PER_REQUEST = 4_000;
/** Empty slots in a row beyond which no block is looked for: a node that lacks blocks would be asked for each slot since genesis. */
const MAX_EMPTY_SLOTS = 256;
/** Of one request to a node that takes them in the URL only, of which servers accept some 8 KiB. */
const VALIDATORS_PER_URL = 64;

/** Constants of a chain that participation depends on. Epochs are Infinity where a fork is not scheduled. */
export interface ChainParameters extends ChainFacts {
  readonly denebForkEpoch: number;
  readonly electraForkEpoch: number;
  /** GENESIS_FORK_VERSION, 4 bytes in hex: deposits are signed for it. */
  readonly genesisForkVersion: Hex;
  /** MAX_SEED_LOOKAHEAD: epochs between the start of an exit and the exit, without a queue. */
  readonly maxSeedLookahead: number;
  /** SHARD_COMMITTEE_PERIOD: epochs of activity before which no validator can exit. */
  readonly shardCommitteePeriod: number;
  /** Forks that the node's configuration knows, by name, with their epochs. */
  readonly forkEpochs: Readonly<Record<string, number>>;
}

/** A block's header, as far as the keeper looks. */
export interface BlockHeader {
  readonly slot: number;
  readonly root: Hex;
  readonly parentRoot: Hex;
  readonly stateRoot: Hex;
  readonly bodyRoot: Hex;
  /** Validator index. */
  readonly proposerIndex: number;
}

/** A validator of a beacon state. */
export interface ValidatorRecord {
  readonly index: number;
  readonly publicKey: Hex;
  /** Status of the beacon API. */
  readonly status: string;
  readonly withdrawalCredentials: Hex;
  readonly balanceGwei: bigint;
  readonly effectiveBalanceGwei: bigint;
  readonly slashed: boolean;
  /** Infinity when none is set, as all three. */
  readonly activationEpoch: number;
  readonly exitEpoch: number;
  readonly withdrawableEpoch: number;
}

/** Part of a slot's committees. */
export interface Committee {
  readonly slot: number;
  readonly index: number;
  readonly validators: readonly number[];
}

/** An unsigned integer as the beacon API writes it. Coercion would take an empty string for 0, and a balance for lost. */
const decimal = z.string().regex(/^\d+$/, "must be a decimal number");
const amount = decimal.transform(BigInt);
const epoch = decimal.transform((text) => (BigInt(text) === FAR_FUTURE_EPOCH ? Infinity : Number(text)));
const root = z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value), "must be 32 bytes");
const headerSchema = z.object({
  data: z.object({
    root,
    header: z.object({
      message: z.object({
        slot: z.coerce.number(),
        proposer_index: z.coerce.number(),
        parent_root: root,
        state_root: root,
        body_root: root,
      }),
    }),
  }),
});
const finalitySchema = z.object({ data: z.object({ finalized: z.object({ epoch: z.coerce.number() }) }) });
const depositContractSchema = z.object({ data: z.object({ chain_id: z.coerce.number(), address: z.string() }) });
const syncCommitteeSchema = z.object({ data: z.object({ validators: z.array(z.coerce.number()) }) });
const syncingSchema = z.object({ data: z.object({ head_slot: z.coerce.number(), sync_distance: z.coerce.number() }) });
const specSchema = z.object({ data: z.record(z.string(), z.unknown()) });
const proposersSchema = z.object({
  data: z.array(z.object({ slot: z.coerce.number(), validator_index: z.coerce.number() })),
});
const validatorSchema = z.object({
  index: decimal.transform(Number),
  balance: amount,
  status: z.string(),
  validator: z.object({
    pubkey: z.string(),
    withdrawal_credentials: z.string(),
    effective_balance: amount,
    slashed: z.boolean(),
    activation_epoch: epoch,
    exit_epoch: epoch,
    withdrawable_epoch: epoch,
  }),
});
const validatorsSchema = z.object({ data: z.array(validatorSchema) });
/** As it comes: a million indices are not looked at one by one. */
interface CommitteesAnswer {
  readonly data: readonly { readonly index: string; readonly slot: string; readonly validators: readonly string[] }[];
}

/** Reads what the keeper's loops need of a beacon node. */
export class BeaconReader {
  readonly client: BeaconClient;
  #parameters: Promise<ChainParameters> | undefined;
  /** Whether the node takes the keys of validators in a body. */
  #takesBodies = true;

  constructor(client: BeaconClient) {
    this.client = client;
  }

  /** The chain's constants; asked for once. */
  async parameters(): Promise<ChainParameters> {
    this.#parameters ??= this.#readParameters();
    this.#parameters.catch(() => (this.#parameters = undefined));
    return await this.#parameters;
  }

  /** Where the node counts deposits: which execution chain it belongs to. */
  async depositContract(): Promise<{ readonly chainId: number; readonly address: string }> {
    const answer = await this.client.get("/eth/v1/config/deposit_contract");
    const { chain_id: chainId, address } = depositContractSchema.parse(answer).data;
    return { chainId, address };
  }

  /** A block's header; undefined when there is none. @param block `head`, a slot, or a root */
  async header(block: string | number): Promise<BlockHeader | undefined> {
    const answer = await this.#unlessMissing(`/eth/v1/beacon/headers/${block}`);
    if (answer === undefined) return undefined;
    const { data } = headerSchema.parse(answer);
    const { slot, proposer_index: proposerIndex, ...roots } = data.header.message;
    const { parent_root: parentRoot, state_root: stateRoot, body_root: bodyRoot } = roots;
    const found = { slot, root: data.root, parentRoot, stateRoot, bodyRoot, proposerIndex };
    // A node may answer with the newest block before an empty slot.
    return typeof block === "number" && found.slot !== block ? undefined : found;
  }

  /** The newest header at or before a slot; undefined when the slots before it are empty for longer than is looked. */
  async headerUntil(slot: number): Promise<BlockHeader | undefined> {
    for (let at = slot; at >= Math.max(0, slot - MAX_EMPTY_SLOTS); at--) {
      const header = await this.header(at);
      if (header) return header;
    }
    return undefined;
  }

  /**
   * The newest header at or before a slot, and no earlier one: what comes after it names it as its parent. A node that moves final blocks
   * to its archive lacks some for a moment, and its answer is the same as for an empty slot.
   * @throws BeaconApiError when the node lacks blocks around the slot
   */
  async lastHeader(slot: number): Promise<BlockHeader> {
    const header = await this.headerUntil(slot);
    if (header?.slot === slot) return header;
    // Whatever stands still behind the slot would otherwise be taken for the chain's last block.
    const next = header && (await this.headerFrom(slot + 1));
    if (next?.parentRoot !== header?.root || !header)
      throw new BeaconApiError(this.client.url, `lacks blocks up to slot ${slot}: ask another node, or later`);
    return header;
  }

  /**
   * The first header at or after a slot; undefined when there is none yet.
   * @throws BeaconApiError when the slots after it are empty for longer than is looked: a node that lacks old blocks
   */
  async headerFrom(slot: number): Promise<BlockHeader | undefined> {
    const head = await this.head();
    for (let at = slot; at <= Math.min(head.slot, slot + MAX_EMPTY_SLOTS); at++) {
      const header = await this.header(at);
      if (header) return header;
    }
    if (head.slot > slot + MAX_EMPTY_SLOTS)
      throw new BeaconApiError(this.client.url, `lacks blocks after slot ${slot}: ask another node, or later`);
    return undefined;
  }

  /** The head's header. */
  async head(): Promise<BlockHeader> {
    const header = await this.header("head");
    if (!header) throw new BeaconApiError(this.client.url, "has no head");
    return header;
  }

  /** The block of a slot; undefined when it is empty. */
  async block(slot: number): Promise<BeaconBlock | undefined> {
    const answer = await this.#unlessMissing(`/eth/v2/beacon/blocks/${slot}`);
    if (answer === undefined) return undefined;
    const block = blockSchema.parse(answer);
    return block.slot === slot ? block : undefined;
  }

  /**
   * A block's whole state in SSZ: some 300 MB on public networks.
   * @param isWanted by the fork that the state is of, as the beacon API names it: what is not is not read
   */
  async state(slot: number, stateRoot: Hex, isWanted: (fork: string) => boolean): Promise<VersionedBytes> {
    const path = (id: string | number): string => `/eth/v2/debug/beacon/states/${id}`;
    return await this.client.bytes(path(stateRoot), isWanted).catch(async (error: unknown) => {
      // Some nodes find old states by slot only.
      if (!(error instanceof BeaconApiError) || ![400, 404].includes(error.data.status ?? 0)) throw error;
      return await this.client.bytes(path(slot), isWanted);
    });
  }

  /** The block of a header that the node gave. @throws BeaconApiError while it does not have it */
  async blockOf({ slot }: BlockHeader): Promise<BeaconBlock> {
    const block = await this.block(slot);
    if (!block) throw new BeaconApiError(this.client.url, `has the header of slot ${slot}, and not its block`);
    return block;
  }

  /** The newest finalised epoch: blocks before its first slot do not change any more. */
  async finalizedEpoch(): Promise<number> {
    const answer = await this.client.get("/eth/v1/beacon/states/head/finality_checkpoints");
    return finalitySchema.parse(answer).data.finalized.epoch;
  }

  /** Committees of an epoch, by a state of that epoch or a neighbour. @param state `head` or a root */
  async committees(state: string, epoch: number): Promise<Committee[]> {
    const path = `/eth/v1/beacon/states/${state}/committees?epoch=${epoch}`;
    const { data } = (await this.client.get(path)) as CommitteesAnswer;
    return data.map(({ index, slot, validators }) => ({
      index: Number(index),
      slot: Number(slot),
      validators: validators.map(Number),
    }));
  }

  /** Who proposes in the slots of an epoch: this one or the next. */
  async proposers(epoch: number): Promise<{ slot: number; index: number }[]> {
    const answer = await this.client.get(`/eth/v1/validator/duties/proposer/${epoch}`);
    return proposersSchema.parse(answer).data.map(({ slot, validator_index: index }) => ({ slot, index }));
  }

  /** Members of the sync committee of a state's period. */
  async syncCommittee(): Promise<ReadonlySet<number>> {
    const answer = await this.client.get("/eth/v1/beacon/states/head/sync_committees");
    return new Set(syncCommitteeSchema.parse(answer).data.validators);
  }

  /** The slot that the node's clock is in, and its head's. */
  async syncing(): Promise<{ readonly head: number; readonly clock: number }> {
    const { data } = syncingSchema.parse(await this.client.get("/eth/v1/node/syncing"));
    return { head: data.head_slot, clock: data.head_slot + data.sync_distance };
  }

  /**
   * Validators of a state, a part at a time. Those that it does not know are left out.
   * @param state `head` or a root: parts of one state belong together
   * @param ids public keys or indices
   */
  async *validators(state: string, ids: readonly (Hex | number)[]): AsyncGenerator<ValidatorRecord[]> {
    for (let start = 0; start < ids.length; ) {
      const size = this.#takesBodies ? VALIDATORS_PER_REQUEST : VALIDATORS_PER_URL;
      const part = ids.slice(start, start + size).map(String);
      const answer = await this.#someValidators(state, part);
      if (answer === undefined) continue;
      start += size;
      yield validatorsSchema.parse(answer).data.map(({ index, balance, status, validator }) => ({
        index,
        publicKey: validator.pubkey.toLowerCase() as Hex,
        status,
        withdrawalCredentials: validator.withdrawal_credentials as Hex,
        balanceGwei: balance,
        effectiveBalanceGwei: validator.effective_balance,
        slashed: validator.slashed,
        activationEpoch: validator.activation_epoch,
        exitEpoch: validator.exit_epoch,
        withdrawableEpoch: validator.withdrawable_epoch,
      }));
    }
  }

  /** Undefined when the node has turned out not to take bodies: ask for fewer. */
  async #someValidators(state: string, ids: readonly string[]): Promise<unknown> {
    const path = `/eth/v1/beacon/states/${state}/validators`;
    const byUrl = async (some: readonly string[]): Promise<unknown> =>
      await this.client.get(`${path}?${some.map((id) => `id=${id}`).join("&")}`);
    if (!this.#takesBodies) return await byUrl(ids);
    try {
      return await this.client.post(path, { ids });
    } catch (error) {
      // Before beacon-APIs 2.5 there was the GET only.
      if (!(error instanceof BeaconApiError) || ![404, 405].includes(error.data.status ?? 0)) throw error;
      // Or it has no such state: then this fails as well, and says nothing of bodies.
      await byUrl(ids.slice(0, 1));
      this.#takesBodies = false;
      return undefined;
    }
  }

  async #readParameters(): Promise<ChainParameters> {
    const facts = await this.client.chainFacts();
    const { data } = specSchema.parse(await this.client.get("/eth/v1/config/spec"));
    const forkEpochs = Object.fromEntries(
      Object.entries(data).flatMap(([name, value]) => {
        const fork = /^(\w+)_FORK_EPOCH$/.exec(name)?.[1];
        return fork !== undefined && typeof value === "string" ? [[fork.toLowerCase(), epoch.parse(value)]] : [];
      }),
    );
    return {
      ...facts,
      denebForkEpoch: forkEpochs["deneb"] ?? Infinity,
      electraForkEpoch: forkEpochs["electra"] ?? Infinity,
      genesisForkVersion: z.string().parse(data["GENESIS_FORK_VERSION"]) as Hex,
      maxSeedLookahead: Number(data["MAX_SEED_LOOKAHEAD"] ?? 4),
      shardCommitteePeriod: Number(data["SHARD_COMMITTEE_PERIOD"] ?? 256),
      forkEpochs,
    };
  }

  async #unlessMissing(path: string): Promise<unknown> {
    try {
      return await this.client.get(path);
    } catch (error) {
      if (error instanceof BeaconApiError && error.data.status === 404) return undefined;
      throw error;
    }
  }
}
