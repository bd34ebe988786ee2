import type { NodeInput, NodeSettings } from "./schema.ts";

/** Ports of the first node's primary clients: the clients' own defaults, except where those of two clients are the same. */
const FIRST = {
  execution: { rpcPort: 8545, enginePort: 8551, p2pPort: 30_303 },
  consensus: { restPort: 9596, p2pPort: 9000, metricsPort: 8008 },
  validator: { keymanagerPort: 5062, metricsPort: 8009 },
} as const;

/** Port of the first keeper. */
const FIRST_KEEPER = 7380;

/**
 * How far the ports of the next place are from the one before. The last two digits of the first ports all differ, so that no two
 * places' ports meet.
 */
const STEP = 100;

/** Places of a node: its primary and its standby. */
const PLACES_OF_NODE = 2;

/**
 * A node with every port set: those of its settings, and for the others the default of its place in the list.
 * @param index place of the node in the list of nodes: another place has other defaults
 */
export function withPorts(node: NodeInput, index: number): NodeSettings {
  return {
    name: node.name,
    execution: node.execution.map((client, place) => ({ ...at(FIRST.execution, index, place), ...given(client) })),
    consensus: node.consensus.map((client, place) => ({ ...at(FIRST.consensus, index, place), ...given(client) })),
    validator: { ...at(FIRST.validator, index, 0), ...given(node.validator) },
  };
}

/** A keeper with its name and port set. @param index place in the list of keepers */
export function withKeeperPort(
  keeper: { readonly name?: string | undefined; readonly port?: number | undefined },
  index: number,
): { readonly name: string; readonly port: number } {
  return { name: keeper.name ?? `keeper-${index + 1}`, port: keeper.port ?? FIRST_KEEPER + index * STEP };
}

function at<Ports extends Readonly<Record<string, number>>>(first: Ports, node: number, place: number) {
  const distance = (node * PLACES_OF_NODE + place) * STEP;
  return Object.fromEntries(Object.entries(first).map(([name, port]) => [name, port + distance])) as {
    [Name in keyof Ports]: number;
  };
}

/** What is set, without what is there as undefined: that would hide a default. */
function given<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
