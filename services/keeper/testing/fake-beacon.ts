import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { keccak256, stringToHex, type Address, type Hex } from "viem";

export const SLOTS_PER_EPOCH = 8;
export const SECONDS_PER_SLOT = 12;
export const MAX_SEED_LOOKAHEAD = 1;
const FAR_FUTURE_EPOCH = String(2n ** 64n - 1n);

/** A validator of the fake chain. */
export interface FakeValidator {
  readonly publicKey: Hex;
  readonly activationEpoch: number;
  exitEpoch: number;
  slashed: boolean;
  withdrawableEpoch: number;
}

/** What a request is answered with instead. */
export type Disturbance = { readonly status: number } | "hang up" | undefined;

/**
 * A beacon node in this process, for tests: an Electra chain of eight slots an epoch on which every epoch is justified by its end, behind
 * the beacon API. Balances differ from slot to slot, so that who reads another state than the right one says something else.
 */
export class FakeBeacon {
  readonly genesisTime: number;
  readonly validators: FakeValidator[] = [];
  /** Slots without a block. */
  readonly empty = new Set<number>();
  /** Who does not attest. */
  isAbsent: (index: number, epoch: number) => boolean = () => false;
  /** Voluntary exits by the slot of their block. */
  readonly exits = new Map<number, number[]>();
  /** Slot of the head. */
  head = 0;
  /** States and duties before this slot are pruned. */
  oldestState = 0;
  /** Blocks before this slot are not there, as at a node that began at a checkpoint. */
  oldestBlock = 0;
  /** Whether it takes validators' keys in a body. */
  takesBodies = true;
  /** Changes a validator's record before it is sent. */
  edit: (record: Record<string, unknown>) => void = () => undefined;
  disturb: (path: string) => Disturbance = () => undefined;
  /** Holds a request up before it is looked at, and before its answer leaves. */
  gate: () => Promise<void> = () => Promise.resolve();
  requests: string[] = [];
  /** A slot's state in SSZ, of which its block has the root. */
  real: { readonly slot: number; readonly fork: string; readonly bytes: Uint8Array } | undefined;
  #server: Server | undefined;

  constructor(
    genesisTime: number,
    readonly network: { readonly chainId: number; readonly depositContract: Address },
  ) {
    this.genesisTime = genesisTime;
  }

  /** Gives a slot a state of its own. @param root hash tree root of the state */
  realState(slot: number, fork: string, bytes: Uint8Array, root: Hex): void {
    this.real = { slot, fork, bytes };
    realRoots.set(slot, root);
    slots.set(`state ${root}`, slot);
  }

  async start(): Promise<this> {
    realRoots.clear();
    this.#server = createServer((request, response) => {
      void this.#pass(request).then(([status, body]) => {
        if (status === 0) request.socket.destroy();
        else if (body instanceof Uint8Array)
          response
            .writeHead(status, {
              "content-type": "application/octet-stream",
              "content-length": body.length,
              "eth-consensus-version": this.real?.fork ?? "",
            })
            .end(body);
        else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    }).listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  get finalizedEpoch(): number {
    return Math.max(0, Math.floor(this.head / SLOTS_PER_EPOCH) - 2);
  }

  /** Gwei that a validator has after a slot. */
  balanceAt(index: number, slot: number): bigint {
    return 32_000_000_000n + BigInt(slot) * BigInt(1 + index);
  }

  /** The newest slot with a block, at or before another. */
  lastBlock(slot: number): number {
    let at = Math.min(slot, this.head);
    while (at > 0 && this.empty.has(at)) at--;
    return at;
  }

  async #pass(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    await this.gate();
    const answer = await this.#handle(request);
    await this.gate();
    return answer;
  }

  async #handle(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://beacon");
    this.requests.push(`${request.method} ${request.url}`);
    const disturbance = this.disturb(`${request.method} ${request.url}`);
    if (disturbance === "hang up") return [0, undefined];
    if (disturbance) return [disturbance.status, { message: "unavailable" }];
    const [, , version, area, what, id = "", sub] = pathname.split("/");
    if (area === "debug") {
      const slot = slotOf("state", sub ?? id, this.head);
      return this.real && slot === this.real.slot ? [200, this.real.bytes] : NOT_FOUND;
    }
    if (area === "config") return [200, { data: what === "spec" ? SPEC : this.#depositContract() }];
    if (area === "node")
      return [200, { data: { head_slot: String(this.head), sync_distance: "0", is_syncing: false } }];
    if (area !== "beacon") return NOT_FOUND;
    if (what === "genesis")
      return [200, { data: { genesis_time: String(this.genesisTime), genesis_validators_root: ROOT } }];
    if (what === "headers") return this.#header(id);
    if (what === "blocks" && version === "v2") return this.#block(Number(id));
    if (what !== "states") return NOT_FOUND;
    if (sub === "finality_checkpoints")
      return [200, { data: { finalized: { epoch: String(this.finalizedEpoch), root: ROOT } } }];
    const slot = id === "head" ? this.lastBlock(this.head) : slotOf("state", id, this.head);
    if (slot === undefined || slot < this.oldestState) return NOT_FOUND;
    if (sub === "pending_deposits") return [200, { data: [] }];
    if (sub === "committees") return [200, { data: this.#committees(Number(searchParams.get("epoch"))) }];
    if (sub !== "validators") return NOT_FOUND;
    if (request.method === "POST" && !this.takesBodies) return [405, { message: "method not allowed" }];
    const ids =
      request.method === "POST"
        ? (JSON.parse(Buffer.concat(chunks).toString()) as { ids: string[] }).ids
        : searchParams.getAll("id");
    return [200, { data: this.#records(new Set(ids), slot) }];
  }

  #depositContract(): unknown {
    return { chain_id: String(this.network.chainId), address: this.network.depositContract };
  }

  #header(id: string): [number, unknown] {
    const slot =
      id === "head" ? this.lastBlock(this.head) : id.startsWith("0x") ? slotOf("block", id, this.head) : Number(id);
    if (slot === undefined || !this.#hasBlock(slot)) return NOT_FOUND;
    const message = {
      slot: String(slot),
      proposer_index: "0",
      body_root: rootOf("body", slot),
      parent_root: slot === 0 ? ROOT : rootOf("block", this.lastBlock(slot - 1)),
      state_root: rootOf("state", slot),
    };
    return [200, { data: { root: rootOf("block", slot), header: { message } } }];
  }

  #hasBlock(slot: number): boolean {
    return slot <= this.head && slot >= this.oldestBlock && !this.empty.has(slot);
  }

  #block(slot: number): [number, unknown] {
    if (!this.#hasBlock(slot) || slot === 0) return NOT_FOUND;
    const parent = this.lastBlock(slot - 1);
    const body = {
      // Everybody's attestations of the slots since the parent.
      attestations: Array.from({ length: slot - parent }, (_, index) => this.#attestation(parent + index)),
      attester_slashings: [],
      proposer_slashings: [],
      voluntary_exits: (this.exits.get(slot) ?? []).map((index) => ({ message: { validator_index: String(index) } })),
      execution_payload: {
        block_number: String(slot),
        fee_recipient: `0x${"00".repeat(20)}`,
        timestamp: String(this.genesisTime + slot * SECONDS_PER_SLOT),
        withdrawals: [],
      },
      execution_requests: { withdrawals: [] },
    };
    const message = {
      slot: String(slot),
      proposer_index: "0",
      parent_root: rootOf("block", parent),
      state_root: rootOf("state", slot),
      body,
    };
    return [200, { data: { message } }];
  }

  #attestation(slot: number): unknown {
    const epoch = Math.floor(slot / SLOTS_PER_EPOCH);
    const members = this.#committee(slot);
    const bits = new Uint8Array(Math.floor(members.length / 8) + 1);
    const set = (index: number): void => void (bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7)));
    members.forEach((index, position) => {
      if (!this.isAbsent(index, epoch)) set(position);
    });
    set(members.length);
    return {
      aggregation_bits: `0x${Buffer.from(bits).toString("hex")}`,
      committee_bits: "0x01",
      data: {
        slot: String(slot),
        index: "0",
        beacon_block_root: rootOf("block", this.lastBlock(slot)),
        source: { epoch: String(Math.max(0, epoch - 1)) },
        target: { epoch: String(epoch), root: rootOf("block", this.lastBlock(epoch * SLOTS_PER_EPOCH)) },
      },
    };
  }

  /** One committee a slot: every eighth validator, shifted by one each epoch. */
  #committee(slot: number): number[] {
    const epoch = Math.floor(slot / SLOTS_PER_EPOCH);
    return this.validators.flatMap(({ activationEpoch, exitEpoch }, index) =>
      activationEpoch <= epoch && epoch < exitEpoch && (index + epoch) % SLOTS_PER_EPOCH === slot % SLOTS_PER_EPOCH
        ? [index]
        : [],
    );
  }

  #committees(epoch: number): unknown[] {
    return Array.from({ length: SLOTS_PER_EPOCH }, (_, index) => epoch * SLOTS_PER_EPOCH + index).map((slot) => ({
      slot: String(slot),
      index: "0",
      validators: this.#committee(slot).map(String),
    }));
  }

  #records(ids: ReadonlySet<string>, slot: number): unknown[] {
    const epochOf = (epoch: number): string => (epoch === Infinity ? FAR_FUTURE_EPOCH : String(epoch));
    // An exit that comes later is not in the state yet; its block sets it.
    const begun = new Set([...this.exits].flatMap(([at, indices]) => (at <= slot ? indices : [])));
    const announced = new Set([...this.exits.values()].flat());
    return this.validators.flatMap((validator, index) => {
      const { publicKey, activationEpoch, exitEpoch, slashed, withdrawableEpoch } = validator;
      if (!ids.has(publicKey) && !ids.has(String(index))) return [];
      const record = {
        index: String(index),
        balance: String(this.balanceAt(index, slot)),
        status: "active_ongoing",
        validator: {
          pubkey: publicKey,
          withdrawal_credentials: ROOT,
          effective_balance: "32000000000",
          slashed,
          activation_epoch: epochOf(activationEpoch),
          exit_epoch: epochOf(announced.has(index) && !begun.has(index) ? Infinity : exitEpoch),
          withdrawable_epoch: epochOf(withdrawableEpoch),
        },
      };
      this.edit(record);
      return [record];
    });
  }
}

const ROOT: Hex = `0x${"00".repeat(32)}`;
const NOT_FOUND: [number, unknown] = [404, { message: "not found" }];
const SPEC = {
  SECONDS_PER_SLOT: String(SECONDS_PER_SLOT),
  SLOTS_PER_EPOCH: String(SLOTS_PER_EPOCH),
  CAPELLA_FORK_VERSION: "0x03000000",
  GENESIS_FORK_VERSION: "0x00000000",
  DENEB_FORK_EPOCH: "0",
  ELECTRA_FORK_EPOCH: "0",
  MAX_SEED_LOOKAHEAD: String(MAX_SEED_LOOKAHEAD),
};

const slots = new Map<string, number>();
/** Roots of states that are real, by slot. */
const realRoots = new Map<number, Hex>();

/** A root that names a slot's block or state. */
function rootOf(kind: "block" | "body" | "state", slot: number): Hex {
  const real = kind === "state" ? realRoots.get(slot) : undefined;
  const root = real ?? keccak256(stringToHex(`${kind} ${slot}`));
  slots.set(`${kind} ${root}`, slot);
  return root;
}

function slotOf(kind: "block" | "state", root: string, head: number): number | undefined {
  const slot = slots.get(`${kind} ${root}`);
  return slot !== undefined && slot <= head ? slot : undefined;
}
