import { parseEther } from "viem";
import { repeatedNames, wellFormed, type Entry } from "./entries.ts";
import {
  devnetMonitoringSchema,
  keeperSchema,
  nodeSchema,
  operatorSchema,
  protocolSchema,
  type NodeSettings,
  type ProtocolSettings,
} from "./schema.ts";
import { operatorFaults } from "./operator-checks.ts";
import { withKeeperPort, withPorts } from "./ports.ts";
import type { SettingsFault } from "./settings.ts";

/** More than half of a devnet's three oracle members. */
const MAJORITY = 2;
/** Ether of one validator's deposit. */
const DEPOSIT_ETHER = parseEther("32");

/**
 * Faults between settings: names that point nowhere, ports used twice, a bond below what its keys need. Looks only at entries that
 * are well-formed by themselves, so that they are found in the same run as the others.
 */
export function crossChecks(raw: Readonly<Record<string, unknown>>): SettingsFault[] {
  const nodes = wellFormed(raw["nodes"], nodeSchema).map(({ index, value }) => ({
    index,
    value: withPorts(value, index),
  }));
  const operators = wellFormed(raw["operators"], operatorSchema);
  const protocol = protocolSchema.safeParse(raw["protocol"] ?? {});
  const testStake = protocolSchema.shape.stakeCap.safeParse(raw["testStake"] ?? "72");
  const keepers = wellFormed(raw["keepers"] ?? [{}, {}, {}], keeperSchema).map(({ index, value }) => ({
    index,
    value: withKeeperPort(value, index),
  }));
  const faults = [
    ...repeatedNames("nodes", nodes),
    ...repeatedNames("keepers", keepers),
    ...repeatedPorts(nodes, keepers, devnetMonitoringSchema.safeParse(raw["monitoring"] ?? {}).data),
    ...operatorFaults(
      operators,
      nodes.map(({ value }) => value.name),
      protocol.data?.bondPerKey,
    ),
  ];
  if (protocol.success) faults.push(...protocolFaults(protocol.data, raw["protocol"]));
  const quorum = Math.max(protocol.data?.oracleQuorum ?? 0, MAJORITY);
  if (Array.isArray(raw["keepers"]) && raw["keepers"].length < quorum)
    faults.push({
      path: "keepers",
      value: raw["keepers"],
      remedy: `must be at least ${quorum}: fewer make no quorum, and nothing would be reported`,
    });
  if (protocol.success && testStake.success) {
    if (parseEther(testStake.data) > parseEther(protocol.data.stakeCap)) {
      faults.push({
        path: "testStake",
        value: raw["testStake"],
        remedy: `must not be above protocol.stakeCap = ${protocol.data.stakeCap}`,
      });
    }
    if (parseEther(protocol.data.minimumStake) > parseEther(testStake.data)) {
      faults.push({
        path: "protocol.minimumStake",
        value: valueOf(raw["protocol"], "minimumStake"),
        remedy: `must not be above testStake = ${testStake.data}`,
      });
    }
    const deposits = operators.reduce((sum, { value }) => sum + keyCount(value.keys), 0);
    if (parseEther(testStake.data) < BigInt(deposits) * DEPOSIT_ETHER) {
      faults.push({
        path: "testStake",
        value: raw["testStake"],
        remedy: `must be at least ${deposits * 32}: 32 ether for each of the ${deposits} keys`,
      });
    }
  }
  return faults;
}

/** What the contracts would refuse: parameters that bound each other. */
export function protocolFaults(protocol: ProtocolSettings, raw: unknown): SettingsFault[] {
  const fault = (setting: keyof ProtocolSettings, remedy: string): SettingsFault => ({
    path: `protocol.${setting}`,
    value: valueOf(raw, setting),
    remedy,
  });
  const faults: SettingsFault[] = [];
  const within = (
    setting: "minimumStake" | "bondPerKey" | "stakeRateLimit" | "reserve" | "stakeCap",
    from: string,
    to: string,
  ): void => {
    const value = parseEther(protocol[setting]);
    if (value < parseEther(from) || value > parseEther(to))
      faults.push(fault(setting, `must be between ${from} and ${to} ether: the contracts' own bounds`));
  };
  within("stakeCap", "0", "10000000");
  within("minimumStake", "0.001", "32");
  within("stakeRateLimit", "0", "400000");
  within("reserve", "0", "100000");
  within("bondPerKey", "1", "32");
  if (protocol.epochsPerFrame < protocol.minEpochsPerFrame) {
    faults.push(
      fault("epochsPerFrame", `must not be below protocol.minEpochsPerFrame = ${protocol.minEpochsPerFrame}`),
    );
  }
  if (protocol.appealSeconds < protocol.minAppealSeconds) {
    faults.push(fault("appealSeconds", `must not be below protocol.minAppealSeconds = ${protocol.minAppealSeconds}`));
  }
  if (protocol.appealSeconds >= protocol.bondCooldownSeconds) {
    faults.push(
      fault(
        "appealSeconds",
        `must be below protocol.bondCooldownSeconds = ${protocol.bondCooldownSeconds}: a bond must not leave before its penalty`,
      ),
    );
  }
  return faults;
}

/** Ports that two clients would have, those that are defaults included. */
function repeatedPorts(
  nodes: readonly Entry<NodeSettings>[],
  keepers: readonly Entry<{ readonly port: number }>[],
  monitoring: { readonly prometheusPort: number; readonly alertmanagerPort: number } | undefined,
): SettingsFault[] {
  const seen = new Map<number, string>();
  const faults: SettingsFault[] = [];
  const look = (client: object, place: string): void => {
    for (const [setting, port] of Object.entries(client)) {
      if (typeof port !== "number") continue;
      const path = `${place}.${setting}`;
      const other = seen.get(port);
      if (other) faults.push({ path, value: port, remedy: `is also ${other}; every port can be used once` });
      else seen.set(port, path);
    }
  };
  for (const { index, value } of nodes) {
    value.execution.forEach((client, place) => look(client, `nodes[${index}].execution[${place}]`));
    value.consensus.forEach((client, place) => look(client, `nodes[${index}].consensus[${place}]`));
    look(value.validator, `nodes[${index}].validator`);
  }
  for (const { index, value } of keepers) look(value, `keepers[${index}]`);
  if (monitoring) {
    const { prometheusPort, alertmanagerPort } = monitoring;
    look({ prometheusPort, alertmanagerPort }, "monitoring");
  }
  return faults;
}

function valueOf(settings: unknown, key: string): unknown {
  return typeof settings === "object" && settings !== null ? (settings as Record<string, unknown>)[key] : undefined;
}

function keyCount(keys: readonly { readonly count: number }[]): number {
  return keys.reduce((sum, { count }) => sum + count, 0);
}
