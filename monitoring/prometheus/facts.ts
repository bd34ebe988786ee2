import { renderYaml } from "../yaml.ts";

/** Whether a client of a node follows the next fork, which the stack knows from its tags (components/validator-node/bundle/forks.ts). */
export interface ForkFact {
  readonly operator: string;
  readonly host: string;
  readonly node: string;
  readonly job: string;
  readonly client: string;
  readonly role: string;
  /** As the keeper names it in `ethstake_chain_next_fork_epoch`. */
  readonly fork: string;
  readonly follows: boolean;
}

/**
 * What a stack knows and nobody exposes, as constant series. Versions of clients cannot be compared in PromQL, and Besu does not even
 * expose its own; the stack compares tags when it is planned.
 */
export function renderFacts(stack: string, network: string, facts: readonly ForkFact[]): string {
  return renderYaml({
    groups: [
      {
        name: "ethstake-facts",
        rules: facts.map(({ follows, ...labels }) => ({
          record: "ethstake_client_follows_fork",
          expr: `vector(${follows ? 1 : 0})`,
          labels: { stack, network, ...labels },
        })),
      },
    ],
  });
}
