/** What to look at, by rules that docs/ANALYTICS.md lists. Pure. */
import type { OperatorReport } from "./report.ts";

/** What Prometheus says of a stack's machines; see prometheus.ts. */
export interface Observation {
  readonly kind: "execution-peers" | "consensus-peers" | "fork" | "relay" | "disk";
  /** Node, host or relay. */
  readonly subject: string;
  readonly value: number;
}

export interface Recommendation {
  /** Lower-case words joined by hyphens; docs/ANALYTICS.md has an entry for each. */
  readonly rule: string;
  /** The operator, node or host that it is about. */
  readonly subject: string;
  readonly found: string;
  readonly advice: string;
}

/** Bounds of the rules; those of Prometheus are the alerts' (monitoring/rules). */
export const BOUNDS = {
  /** The service level's: below it a window is breached. */
  attestationRate: 0.997,
  effectiveness: 0.95,
  /** Slots. */
  inclusionDistance: 1.1,
  /** Of what may be missed in a window. */
  allowanceUsed: 0.5,
  executionPeers: 5,
  consensusPeers: 10,
  relayErrors: 0.5,
  freeDisk: 0.08,
} as const;

type Rule = (operator: OperatorReport) => Omit<Recommendation, "rule" | "subject"> | undefined;

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

const OPERATOR_RULES: Readonly<Record<string, Rule>> = {
  "double-attestation": ({ tally }) =>
    tally.contradictions === 0
      ? undefined
      : {
          found: `${tally.contradictions} epochs with contradicting attestations`,
          advice: "Stop both validator clients now: a key is on two of them, and will be slashed.",
        },
  "fee-recipient": ({ tally }) =>
    tally.strayedBlocks === 0
      ? undefined
      : {
          found: `${tally.strayedBlocks} blocks that paid somebody else than the ExecutionRewardsVault`,
          advice: "Run up: it sets the fee recipient. Look who changed it.",
        },
  "attestation-rate": ({ attestationRate: rate }) =>
    rate === undefined || rate >= BOUNDS.attestationRate
      ? undefined
      : {
          found: `attestations in ${percent(rate)} of epochs`,
          advice: "Look for outages of the validator client, its signer and its beacon nodes; add a standby.",
        },
  effectiveness: ({ effectiveness }) =>
    effectiveness === undefined || effectiveness >= BOUNDS.effectiveness
      ? undefined
      : {
          found: `effectiveness ${percent(effectiveness)}`,
          advice: "Attestations come late or vote wrongly: look at peers, the clock, and how fast blocks are executed.",
        },
  "inclusion-distance": ({ inclusionDistance: slots }) =>
    slots === undefined || slots <= BOUNDS.inclusionDistance
      ? undefined
      : {
          found: `attestations are included after ${slots.toFixed(2)} slots`,
          advice: "Look at the beacon node's peers and uplink; compare with other nodes at the same time.",
        },
  "missed-proposals": ({ tally }) =>
    tally.missedProposals === 0
      ? undefined
      : {
          found: `${tally.missedProposals} of ${tally.proposalDuties} proposals missed`,
          advice: "Look at the validator client's log of those slots, and at relays that answer late.",
        },
  "service-level": ({ standing: { missedEpochs, allowedEpochs } }) =>
    missedEpochs <= allowedEpochs * BOUNDS.allowanceUsed
      ? undefined
      : {
          found: `${missedEpochs} of ${allowedEpochs} validator-epochs that may be missed in this window`,
          advice: "Put maintenance off to the next window (docs/SLA_ENFORCEMENT.md).",
        },
};

interface ObservationRule {
  readonly rule: string;
  readonly isFine: (value: number) => boolean;
  readonly found: (value: number) => string;
  readonly advice: string;
}

const OBSERVATION_RULES: Readonly<Record<Observation["kind"], ObservationRule>> = {
  "execution-peers": {
    rule: "execution-peers",
    isFine: (peers) => peers >= BOUNDS.executionPeers,
    found: (peers) => `${peers} execution peers`,
    advice: "Open the p2p port (TCP and UDP) to the world; a client of a forked-off version finds none.",
  },
  "consensus-peers": {
    rule: "consensus-peers",
    isFine: (peers) => peers >= BOUNDS.consensusPeers,
    found: (peers) => `${peers} consensus peers`,
    advice: "Open the p2p port (TCP and UDP) to the world; a client of a forked-off version finds none.",
  },
  fork: {
    rule: "client-behind-fork",
    isFine: (follows) => follows === 1,
    found: () => "its version does not follow the next fork",
    advice: "Set image.tag to a release for the fork before it comes.",
  },
  relay: {
    rule: "relay-errors",
    isFine: (share) => share <= BOUNDS.relayErrors,
    found: (share) => `${percent(share)} of its answers are errors`,
    advice: "Take the relay out, or see that another one is there.",
  },
  disk: {
    rule: "disk",
    isFine: (share) => share >= BOUNDS.freeDisk,
    found: (share) => `${percent(share)} of the disk is free`,
    advice: "Raise dataVolume.sizeGiB, or prune the execution client.",
  },
};

/** The names of all rules, for the docs' test. */
export const RULE_NAMES: readonly string[] = [
  ...Object.keys(OPERATOR_RULES),
  ...Object.values(OBSERVATION_RULES).map(({ rule }) => rule),
];

/** What to look at: first what concerns keys, then what costs. */
export function recommend(
  operators: readonly OperatorReport[],
  observations: readonly Observation[],
): Recommendation[] {
  const own = Object.entries(OPERATOR_RULES).flatMap(([rule, check]) =>
    operators.flatMap((operator) => {
      const found = check(operator);
      return found ? [{ rule, subject: operator.name, ...found }] : [];
    }),
  );
  const observed = observations.flatMap(({ kind, subject, value }) => {
    const { rule, isFine, found, advice } = OBSERVATION_RULES[kind];
    return isFine(value) ? [] : [{ rule, subject, found: found(value), advice }];
  });
  return [...own, ...observed];
}
