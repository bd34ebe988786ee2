import type { ContractFunctionReturnType } from "viem";
import { PENALTY_PENDING, SERVICE_LEVEL_ABI } from "./abi.ts";
import type { Protocol } from "./protocol.ts";

/** A penalty that waits for its appeal, or for somebody to execute it. */
export interface OpenPenalty {
  readonly id: bigint;
  readonly penalty: ContractFunctionReturnType<typeof SERVICE_LEVEL_ABI, "view", "penalty">;
}

/** Finds pending penalties, and does not look again at those that are closed: they stay so. */
export class OpenPenalties {
  readonly #protocol: Protocol;
  /** Penalties below it are closed. */
  #first = 1n;

  constructor(protocol: Protocol) {
    this.#protocol = protocol;
  }

  /** In the order in which they were made. */
  async find(): Promise<OpenPenalty[]> {
    const { client, contracts } = this.#protocol;
    const contract = { address: contracts.ServiceLevel, abi: SERVICE_LEVEL_ABI } as const;
    const count = await client.readContract({ ...contract, functionName: "penaltyCount" });
    const open: OpenPenalty[] = [];
    for (let id = this.#first; id <= count; id++) {
      const penalty = await client.readContract({ ...contract, functionName: "penalty", args: [id] });
      if (penalty.state === PENALTY_PENDING) open.push({ id, penalty });
    }
    this.#first = open[0]?.id ?? count + 1n;
    return open;
  }
}
