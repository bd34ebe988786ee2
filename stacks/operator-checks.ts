import { formatEther, parseEther } from "viem";
import { repeatedNames, type Entry } from "./entries.ts";
import type { PublicNodeSettings, PublicOperatorSettings, PublicSettings } from "./public-schema.ts";
import type { SettingsFault } from "./settings.ts";

/** An operator as the settings of any network have it. */
interface OperatorKeys {
  readonly name: string;
  /** Ether. */
  readonly bond: string;
  readonly keys: readonly { readonly node: string; readonly count: number }[];
}

/**
 * Faults of operators: names twice, ranges whose node cannot sign, a bond below what its keys need.
 * @param nodes names of the nodes with a validator client; none while the list of nodes has faults itself
 * @param bondPerKey ether; undefined where it is not this stack's to say
 */
export function operatorFaults(
  operators: readonly Entry<OperatorKeys>[],
  nodes: readonly string[],
  bondPerKey: string | undefined,
): SettingsFault[] {
  const faults = repeatedNames("operators", operators);
  for (const { index, value } of operators) {
    value.keys.forEach(({ node }, position) => {
      if (nodes.length > 0 && !nodes.includes(node)) {
        faults.push({
          path: `operators[${index}].keys[${position}].node`,
          value: node,
          remedy: `must name one of the nodes with a validator client: ${nodes.join(", ")}`,
        });
      }
    });
    if (bondPerKey === undefined) continue;
    const keys = value.keys.reduce((sum, { count }) => sum + count, 0);
    const needed = BigInt(keys) * parseEther(bondPerKey);
    if (parseEther(value.bond) < needed) {
      faults.push({
        path: `operators[${index}].bond`,
        value: value.bond,
        remedy: `must be at least ${formatEther(needed)} ether: ${keys} keys at protocol.bondPerKey = ${bondPerKey}`,
      });
    }
  }
  return faults;
}

/** The same on a public network, and what else its operators need: accounts, and a protocol that they can register with. */
export function publicOperatorFaults(
  operators: readonly Entry<PublicOperatorSettings>[],
  nodes: readonly Entry<PublicNodeSettings>[],
  protocol: PublicSettings["protocol"],
  deployment: PublicSettings["deployment"],
): SettingsFault[] {
  const signing = nodes.filter(({ value }) => value.validator).map(({ value }) => value.name);
  const faults = operatorFaults(operators, signing, protocol?.bondPerKey);
  if (operators.length > 0 && nodes.length > 0 && signing.length === 0)
    faults.push({
      path: "operators",
      value: operators.map(({ value }) => value.name),
      remedy: "must be absent while no node has a validator client: nobody would sign with the keys",
    });
  const [place, accounts] = protocol
    ? (["protocol", protocol.accounts] as const)
    : (["deployment", deployment?.accounts ?? {}] as const);
  if (protocol || deployment) {
    for (const manager of new Set(operators.map(({ value }) => value.manager))) {
      if (Object.hasOwn(accounts, manager)) continue;
      faults.push({
        path: `${place}.accounts.${manager}`,
        value: undefined,
        remedy: "must exist: it is the manager of an operator",
      });
    }
  }
  if (operators.length > 0 && deployment) {
    for (const setting of ["operatorRegistry", "stakingPool", "rpcUrl"] as const)
      if (deployment[setting] === undefined)
        faults.push({
          path: `deployment.${setting}`,
          value: undefined,
          remedy: "must be set for operators: their keys are registered there",
        });
  }
  return faults;
}
