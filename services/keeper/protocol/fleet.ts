import type { Hex } from "viem";
import type { ValidatorRecord } from "../beacon/reader.ts";
import { KEY_STATE, REGISTRY_ABI } from "./abi.ts";
import type { TakenKey } from "./registry.ts";
import type { Protocol } from "./protocol.ts";

/** Reads of the registry made at a time. */
const READS_AT_A_TIME = 25;

/** An operator, as the registry has it. Amounts in wei. */
export interface OperatorRecord {
  readonly operatorId: number;
  readonly name: string;
  readonly bond: bigint;
  readonly totalKeys: number;
  readonly vettedKeys: number;
  readonly takenKeys: number;
  readonly depositedKeys: number;
  readonly invalidKeys: number;
  readonly exitedKeys: number;
  readonly stuckKeys: number;
  readonly requestedExits: number;
  readonly suspended: boolean;
  /** Most validators it shall have; undefined without a target. */
  readonly target: number | undefined;
}

/** One of the protocol's validators: its key in the registry, and what the beacon chain has of it. */
export interface FleetValidator {
  readonly key: TakenKey;
  /** Unix seconds at which its key came to its state. */
  readonly since: number;
  /** Undefined while the beacon chain does not know it. */
  readonly record: ValidatorRecord | undefined;
}

/** The protocol's operators and validators at one time. */
export interface FleetView {
  readonly validators: readonly FleetValidator[];
  /** Those that the beacon chain knows and whose deposits are complete, by index. */
  readonly byIndex: ReadonlyMap<number, FleetValidator & { readonly record: ValidatorRecord }>;
  readonly operators: ReadonlyMap<number, OperatorRecord>;
}

/** Operators and validators, read anew once an epoch at most. */
export class Fleet {
  readonly #protocol: Protocol;
  readonly #times = new Map<bigint, number>();
  #view: { readonly epoch: number; readonly block: bigint; readonly view: Promise<FleetView> } | undefined;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** @param stableBlock registry's events up to it count */
  async view(stableBlock: bigint): Promise<FleetView> {
    const { beacon } = this.#protocol;
    const { slotsPerEpoch } = await beacon.parameters();
    const head = await beacon.head();
    const epoch = Math.floor(head.slot / slotsPerEpoch);
    if (this.#view?.epoch !== epoch) {
      const view = this.#read(head.stateRoot, stableBlock);
      this.#view = { epoch, block: stableBlock, view };
      view.catch(() => (this.#view = undefined));
    }
    return await this.#view.view;
  }

  async #read(state: Hex, stableBlock: bigint): Promise<FleetView> {
    const { beacon, registry } = this.#protocol;
    const taken = (await registry.keysAt(stableBlock)).filter(({ state: at }) => at !== KEY_STATE.invalid);
    const records = new Map<Hex, ValidatorRecord>();
    for await (const part of beacon.validators(
      state,
      taken.map(({ publicKey }) => publicKey),
    ))
      for (const record of part) records.set(record.publicKey, record);
    const validators: FleetValidator[] = [];
    for (const key of taken)
      validators.push({ key, since: await this.#timeOf(key.since.block), record: records.get(key.publicKey) });
    const byIndex = new Map(
      validators.flatMap(({ record, ...validator }) =>
        record && validator.key.state === KEY_STATE.deposited
          ? [[record.index, { ...validator, record }] as const]
          : [],
      ),
    );
    return { validators, byIndex, operators: await this.#operators() };
  }

  async #operators(): Promise<Map<number, OperatorRecord>> {
    const { client, contracts } = this.#protocol;
    const registry = { address: contracts.OperatorRegistry, abi: REGISTRY_ABI } as const;
    const count = Number(await client.readContract({ ...registry, functionName: "operatorCount" }));
    const operators = new Map<number, OperatorRecord>();
    for (let first = 1; first <= count; first += READS_AT_A_TIME) {
      const ids = Array.from({ length: Math.min(READS_AT_A_TIME, count - first + 1) }, (_, index) => first + index);
      const read = await Promise.all(
        ids.map((id) => client.readContract({ ...registry, functionName: "operator", args: [BigInt(id)] })),
      );
      read.forEach((operator, index) => {
        const operatorId = ids[index] ?? 0;
        operators.set(operatorId, {
          operatorId,
          name: operator.name,
          bond: operator.bond,
          totalKeys: Number(operator.totalKeys),
          vettedKeys: Number(operator.vettedKeys),
          takenKeys: Number(operator.takenKeys),
          depositedKeys: Number(operator.depositedKeys),
          invalidKeys: Number(operator.invalidKeys),
          exitedKeys: Number(operator.exitedKeys),
          stuckKeys: Number(operator.stuckKeys),
          requestedExits: Number(operator.requestedExits),
          suspended: operator.suspended,
          target: operator.hasTarget ? Number(operator.targetKeys) : undefined,
        });
      });
    }
    return operators;
  }

  async #timeOf(block: bigint): Promise<number> {
    const known = this.#times.get(block);
    if (known !== undefined) return known;
    const { timestamp } = await this.#protocol.client.getBlock({ blockNumber: block });
    this.#times.set(block, Number(timestamp));
    return Number(timestamp);
  }
}
