/** A report: what was seen, and what it amounts to. Pure. */
import { allowance, penaltyDue, type PenaltyTerms } from "../../lib/penalty.ts";
import type { Counts } from "../keeper/service-level/count.ts";
import { figuresOf, NO_TALLY, sumTallies, type Earnings, type Figures, type Tally } from "./figures.ts";
import { recommend, type Observation, type Recommendation } from "./recommend.ts";

/** One validator, as it was seen. */
export interface SeenValidator {
  readonly index: number;
  readonly publicKey: string;
  readonly operatorId: number;
  /** Of the beacon API. */
  readonly status: string;
  readonly tally: Tally;
  readonly earnings: Earnings | undefined;
}

/** The present window of the service level. */
export interface SeenWindow {
  readonly window: number;
  readonly windowEpochs: bigint;
  /** Epochs of it that are over, and how many of them were counted. */
  readonly epochsOver: number;
  readonly epochsCounted: number;
  readonly terms: PenaltyTerms;
  readonly bondPerKey: bigint;
  readonly counts: ReadonlyMap<number, Counts>;
}

/** One operator, as the contracts have it. */
export interface SeenOperator {
  readonly operatorId: number;
  readonly name: string;
  readonly bondWei: bigint;
  readonly breaches: number;
  readonly suspended: boolean;
  /** Charged for its service level since the deployment. */
  readonly chargedWei: bigint;
}

/** Everything that a report is made of. */
export interface Seen {
  readonly stack: string;
  readonly chainId: number;
  readonly firstEpoch: number;
  readonly lastEpoch: number;
  readonly secondsPerEpoch: number;
  /** Epochs of the range whose duties the beacon node does not know any more. */
  readonly unknownEpochs: number;
  /** Who told of attestations: the chain's blocks and states, or a keeper, by what it counted since its start. */
  readonly participation: "chain" | "keeper";
  readonly operators: readonly SeenOperator[];
  readonly validators: readonly SeenValidator[];
  readonly window: SeenWindow;
  /** From Prometheus; empty without. */
  readonly observations: readonly Observation[];
}

/** How an operator stands in the present window, by the epochs that were counted. */
export interface Standing {
  readonly window: number;
  readonly epochsOver: number;
  readonly epochsCounted: number;
  readonly assignedEpochs: number;
  readonly missedEpochs: number;
  /** What may be missed, by the epochs that were counted. */
  readonly allowedEpochs: number;
  /** What the window would cost if it ended now. */
  readonly penaltyWei: bigint;
}

export interface ValidatorReport extends Figures {
  readonly index: number;
  readonly publicKey: string;
  readonly operator: string;
  readonly status: string;
  readonly tally: Tally;
}

export interface OperatorReport extends Figures {
  readonly operatorId: number;
  readonly name: string;
  readonly validators: number;
  readonly tally: Tally;
  readonly bondWei: bigint;
  readonly standing: Standing;
  readonly chargedWei: bigint;
  readonly breaches: number;
  readonly suspended: boolean;
}

export interface Report
  extends Pick<
    Seen,
    "stack" | "chainId" | "firstEpoch" | "lastEpoch" | "unknownEpochs" | "participation" | "secondsPerEpoch"
  > {
  readonly operators: readonly OperatorReport[];
  readonly validators: readonly ValidatorReport[];
  readonly recommendations: readonly Recommendation[];
}

/** Makes a report. */
export function reportOf(seen: Seen): Report {
  const { stack, chainId, firstEpoch, lastEpoch, unknownEpochs, participation, secondsPerEpoch } = seen;
  const names = new Map(seen.operators.map(({ operatorId, name }) => [operatorId, name]));
  const validators = seen.validators.map(
    ({ tally, earnings, operatorId, ...validator }): ValidatorReport => ({
      ...validator,
      operator: names.get(operatorId) ?? String(operatorId),
      tally,
      ...figuresOf(tally, [earnings], seen),
    }),
  );
  const operators = seen.operators.map((operator): OperatorReport => {
    const own = seen.validators.filter(({ operatorId }) => operatorId === operator.operatorId);
    const tally = own.length > 0 ? sumTallies(own.map((each) => each.tally)) : NO_TALLY;
    return {
      ...operator,
      validators: own.length,
      tally,
      standing: standingOf(operator.operatorId, seen.window),
      ...figuresOf(
        tally,
        own.map(({ earnings }) => earnings),
        seen,
      ),
    };
  });
  return {
    stack,
    chainId,
    firstEpoch,
    lastEpoch,
    unknownEpochs,
    participation,
    secondsPerEpoch,
    operators,
    validators,
    recommendations: recommend(operators, seen.observations),
  };
}

function standingOf(operatorId: number, seen: SeenWindow): Standing {
  const { assigned, missed } = seen.counts.get(operatorId) ?? { assigned: 0, missed: 0 };
  const { window, windowEpochs, epochsOver, epochsCounted, terms, bondPerKey } = seen;
  return {
    window,
    epochsOver,
    epochsCounted,
    assignedEpochs: assigned,
    missedEpochs: missed,
    allowedEpochs: Number(allowance(BigInt(assigned), windowEpochs, terms.allowedDowntimeBps)),
    penaltyWei: assigned === 0 ? 0n : penaltyDue(BigInt(missed), BigInt(assigned), windowEpochs, bondPerKey, terms),
  };
}
