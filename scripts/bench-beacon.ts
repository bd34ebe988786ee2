import { createServer, type IncomingMessage, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

export const SLOTS_PER_EPOCH = 32;
const COMMITTEES_PER_SLOT = 64;
/** Validators of the network, of which the protocol's are a part: about as many as mainnet has. */
export const NETWORK = 1_000_000;
/** Aggregates of each block: what Electra allows. */
const ATTESTATIONS_PER_BLOCK = 8;
/** One validator of so many is absent. */
export const ABSENT_ONE_IN = 1_000;
export const HEAD = 10 * SLOTS_PER_EPOCH - 1;
const ROOT = `0x${"00".repeat(32)}`;

/** A public key that no validator has, of the right length. */
export function publicKeyOf(index: number): `0x${string}` {
  return `0x${"ab".repeat(40)}${index.toString(16).padStart(16, "0")}`;
}

/** Gwei that a validator has. */
export function balanceOf(index: number): bigint {
  return 32_000_000_000n + BigInt(index);
}

/** Root of a slot's block. */
export function rootOf(slot: number): string {
  return `0x${slot.toString(16).padStart(64, "0")}`;
}

/** Members of a committee: validators of one remainder, and each 64th of these. */
function membersOf(slot: number, committee: number): number[] {
  const members: number[] = [];
  for (let at = committee; at * SLOTS_PER_EPOCH < NETWORK; at += COMMITTEES_PER_SLOT)
    members.push(at * SLOTS_PER_EPOCH + (slot % SLOTS_PER_EPOCH));
  return members;
}

/**
 * A beacon node with a network of a million validators, as far as the keeper's pass over all validators and its evaluation of an epoch
 * ask it. Answers are made before they are measured.
 */
export class BenchBeacon {
  readonly #records = new Map<string, string>();
  readonly #committees = new Map<number, string>();
  readonly #blocks = new Map<number, string>();
  #server: Server | undefined;

  /**
   * @param validators of the protocol
   * @param epochs whose committees it is asked for
   */
  constructor(validators: number, epochs: readonly number[]) {
    for (let index = 0; index < validators; index++)
      this.#records.set(publicKeyOf(index), JSON.stringify(recordOf(index)));
    for (const epoch of epochs) {
      const data = Array.from({ length: SLOTS_PER_EPOCH * COMMITTEES_PER_SLOT }, (_, at) => {
        const slot = epoch * SLOTS_PER_EPOCH + Math.floor(at / COMMITTEES_PER_SLOT);
        const index = at % COMMITTEES_PER_SLOT;
        return { index: String(index), slot: String(slot), validators: membersOf(slot, index).map(String) };
      });
      this.#committees.set(epoch, JSON.stringify({ execution_optimistic: false, finalized: true, data }));
    }
    for (let slot = 1; slot <= HEAD; slot++) this.#blocks.set(slot, JSON.stringify(blockAt(slot)));
  }

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      void this.#answer(request).then((body) =>
        body === undefined ? response.writeHead(404).end("{}") : response.end(body),
      );
    }).listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage): Promise<string | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://beacon");
    const last = pathname.split("/").at(-1) ?? "";
    if (pathname.includes("/blocks/")) return this.#blocks.get(Number(last));
    if (pathname.includes("/headers/")) return JSON.stringify(headerAt(last === "head" ? HEAD : Number(last)));
    if (last === "committees") return this.#committees.get(Number(searchParams.get("epoch")));
    if (last === "genesis") return JSON.stringify({ data: { genesis_time: "0", genesis_validators_root: ROOT } });
    if (last === "spec") return JSON.stringify({ data: SPEC });
    if (last !== "validators") return undefined;
    const { ids } = JSON.parse(Buffer.concat(chunks).toString()) as { ids: string[] };
    return `{"data":[${ids.flatMap((id) => this.#records.get(id) ?? []).join(",")}]}`;
  }
}

const SPEC = {
  SECONDS_PER_SLOT: "12",
  SLOTS_PER_EPOCH: String(SLOTS_PER_EPOCH),
  CAPELLA_FORK_VERSION: "0x03000000",
  GENESIS_FORK_VERSION: "0x00000000",
  DENEB_FORK_EPOCH: "0",
  ELECTRA_FORK_EPOCH: "0",
  MAX_SEED_LOOKAHEAD: "4",
};

function recordOf(index: number): object {
  const far = "18446744073709551615";
  return {
    index: String(index),
    balance: String(balanceOf(index)),
    status: "active_ongoing",
    validator: {
      pubkey: publicKeyOf(index),
      withdrawal_credentials: `0x01${"00".repeat(31)}`,
      effective_balance: "32000000000",
      slashed: false,
      activation_eligibility_epoch: "0",
      activation_epoch: "0",
      exit_epoch: far,
      withdrawable_epoch: far,
    },
  };
}

function headerAt(slot: number): object {
  const message = { slot: String(slot), parent_root: rootOf(slot - 1), state_root: rootOf(slot) };
  return { data: { root: rootOf(slot), header: { message } } };
}

/** A block with the attestations of the slot before it, in as many aggregates as fit. */
function blockAt(slot: number): object {
  const attestations = Array.from({ length: ATTESTATIONS_PER_BLOCK }, (_, part) => attestationOf(slot - 1, part));
  const message = {
    slot: String(slot),
    proposer_index: "0",
    parent_root: rootOf(slot - 1),
    state_root: rootOf(slot),
    body: {
      attestations,
      attester_slashings: [],
      proposer_slashings: [],
      voluntary_exits: [],
      execution_payload: {
        block_number: String(slot),
        fee_recipient: `0x${"00".repeat(20)}`,
        timestamp: String(slot * 12),
        withdrawals: Array.from({ length: 16 }, (_, index) => ({ validator_index: String(index), amount: "1000000" })),
      },
      execution_requests: { withdrawals: [] },
    },
  };
  return { data: { message } };
}

const aggregates = new Map<string, string>();

/** The bits of an aggregate. They are the same in each epoch. */
function bitsOf(slot: number, part: number): string {
  const key = `${slot % SLOTS_PER_EPOCH} ${part}`;
  const known = aggregates.get(key);
  if (known !== undefined) return known;
  const members = Array.from({ length: COMMITTEES_PER_SLOT }, (_, committee) => membersOf(slot, committee)).flat();
  const bits = new Uint8Array((members.length >> 3) + 1);
  const set = (at: number): void => void (bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7)));
  members.forEach((index, at) => {
    if (at % ATTESTATIONS_PER_BLOCK === part && index % ABSENT_ONE_IN !== 0) set(at);
  });
  set(members.length);
  const hex = `0x${Buffer.from(bits).toString("hex")}`;
  aggregates.set(key, hex);
  return hex;
}

function attestationOf(slot: number, part: number): object {
  const epoch = Math.floor(slot / SLOTS_PER_EPOCH);
  return {
    aggregation_bits: bitsOf(slot, part),
    committee_bits: `0x${"ff".repeat(COMMITTEES_PER_SLOT / 8)}`,
    data: {
      slot: String(slot),
      index: "0",
      beacon_block_root: rootOf(slot),
      source: { epoch: String(Math.max(0, epoch - 1)), root: ROOT },
      target: { epoch: String(epoch), root: rootOf(epoch * SLOTS_PER_EPOCH) },
    },
    signature: `0x${"00".repeat(96)}`,
  };
}
