import type { ExecutionSpec, Place } from "../spec.ts";

/** Ports by the settings that choose them, within their node: `consensus[1].restPort`. */
export function portsOf(setting: string, ports: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(ports).map(([name, port]) => [`${setting}.${name}`, port]));
}

/** The ports of an execution client. */
export function executionPorts(
  { rpcPort, enginePort, p2pPort }: ExecutionSpec,
  { index }: Place,
): Record<string, number> {
  return portsOf(`execution[${index}]`, { rpcPort, enginePort, p2pPort });
}
