/** Labels that tell one target from another. Metrics of clients have more, which rules take away: each client has its own. */
export const TARGET = "stack, network, operator, host, node, client, role, job, instance";

/** Labels of a stack. */
export const STACK = "stack, network";

/** Labels of an operator. */
export const OPERATOR = "stack, network, operator";

/** Labels of a validator, as keepers give them. */
export const VALIDATOR = "stack, network, operator, operator_id, pubkey, validator_index";

/**
 * What several keepers say about the same thing, as one: their median. One keeper that fails or lies neither raises an alert nor hides
 * one while the others are right. Counters are turned into increases before, keeper by keeper: each counts from its own start.
 */
export function median(labels: string, expr: string): string {
  return `quantile by (${labels}) (0.5, ${expr})`;
}
