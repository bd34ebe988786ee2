/** A keeper's counters: what it noted in time, where the beacon node does not know duties of old epochs any more. */
import { EthstakeError } from "../../lib/errors.ts";
import type { Counts } from "../keeper/service-level/count.ts";
import { NO_TALLY, type Tally } from "./figures.ts";

/** A keeper does not answer. */
export class KeeperUnreachableError extends EthstakeError<{ url: string }> {
  readonly code = "KEEPER_UNREACHABLE";
  constructor(url: string, problem: string, cause?: unknown) {
    super(`The keeper at ${url} ${problem}.`, { url }, { cause });
  }
}

/** What a keeper counted since its start. */
export interface KeeperCounters {
  /** By validator index; none above its perValidatorLimit. */
  readonly tallies: ReadonlyMap<number, Tally>;
  /** Of the present window, by operator. */
  readonly window: ReadonlyMap<number, Counts>;
}

const TIMEOUT_MS = 10_000;
/** Fields of a tally by the metric that counts them. */
const TALLIED: Readonly<Record<string, keyof Tally>> = {
  ethstake_validator_epochs_assigned_total: "assigned",
  ethstake_validator_epochs_missed_total: "missed",
  ethstake_validator_source_hits_total: "source",
  ethstake_validator_target_hits_total: "target",
  ethstake_validator_head_hits_total: "head",
  ethstake_validator_inclusion_distance_sum: "distance",
  ethstake_validator_inclusion_distance_count: "included",
  ethstake_validator_duplicate_attestations_total: "contradictions",
};

/** Asks a keeper. @param url its own, without /metrics @throws {@link KeeperUnreachableError} */
export async function askKeeper(url: string): Promise<KeeperCounters> {
  const target = new URL("metrics", url.endsWith("/") ? url : `${url}/`);
  const response = await fetch(target, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" }).catch(
    (cause: unknown) => {
      throw new KeeperUnreachableError(url, "does not answer", cause);
    },
  );
  if (!response.ok) throw new KeeperUnreachableError(url, `answered ${response.status}`);
  return parseCounters(await response.text());
}

/** Reads counters from Prometheus' text format. */
export function parseCounters(text: string): KeeperCounters {
  const tallies = new Map<number, Tally>();
  const window = new Map<number, Counts>();
  for (const line of text.split("\n")) {
    const [, name = "", labels = "", number = ""] = /^(\w+)\{(.*)\} (\S+)/.exec(line) ?? [];
    const value = Number(number);
    const label = (key: string): number | undefined => {
      const found = new RegExp(`(?:^|,)${key}="(\\d+)"`).exec(labels)?.[1];
      return found === undefined ? undefined : Number(found);
    };
    const field = TALLIED[name];
    const index = label("validator_index");
    const operatorId = label("operator_id");
    if (field !== undefined && index !== undefined)
      tallies.set(index, { ...(tallies.get(index) ?? NO_TALLY), [field]: value });
    const counted = /^ethstake_operator_window_(assigned|missed)_epochs$/.exec(name)?.[1];
    if (counted !== undefined && operatorId !== undefined)
      window.set(operatorId, { ...(window.get(operatorId) ?? { assigned: 0, missed: 0 }), [counted]: value });
  }
  return { tallies, window };
}

/** A tally whose attestations are a keeper's; blocks are the chain's. */
export function withKeeper(chain: Tally, keeper: Tally): Tally {
  const { proposed, proposalDuties, missedProposals, strayedBlocks } = chain;
  return { ...keeper, proposed, proposalDuties, missedProposals, strayedBlocks };
}
