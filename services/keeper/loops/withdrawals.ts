import type { Keeper } from "../keeper.ts";
import { POOL_ABI } from "../protocol/abi.ts";
import type { Loop, Outcome } from "../runtime/loop.ts";

/**
 * Keeps withdrawals going when reports do not come: after `staleAfter` seconds without one anyone may finalise requests with the ether at
 * hand. While reports come, they name the last request to finalise themselves.
 */
export class WithdrawalsLoop implements Loop {
  readonly name = "withdrawals";
  readonly pace = "epoch";
  readonly #keeper: Keeper;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  async run(): Promise<Outcome> {
    const { protocol, accounts, turns } = this.#keeper;
    const pool = { address: protocol.contracts.StakingPool, abi: POOL_ABI } as const;
    const [lastFrameTime, staleAfter, { timestamp }] = await Promise.all([
      protocol.client.readContract({ ...pool, functionName: "lastFrameTime" }),
      protocol.client.readContract({ ...pool, functionName: "staleAfter" }),
      protocol.client.getBlock(),
    ]);
    if (timestamp < lastFrameTime + staleAfter) return "idle";
    if (!(await turns.isMine(`stale ${lastFrameTime}`))) return "waiting";
    const sent = await accounts.member.send({
      contract: "StakingPool",
      abi: POOL_ABI,
      functionName: "processStaleFrame",
      args: [],
      purpose: `Processing a frame: the last one was at ${lastFrameTime}`,
    });
    return sent ? "acted" : "waiting";
  }
}
