import { GATEWAY_MEMORY_MIB } from "../components/gateway/index.ts";
import { hostFaults } from "../components/host/faults.ts";
import { bundleFaults } from "../components/validator-node/bundle/faults.ts";
import { renderBundle } from "../components/validator-node/bundle/render.ts";
import { monitoringNeed, monitoringPortFaults } from "./monitoring-checks.ts";
import { needsOf } from "./needs.ts";
import type { PublicSettings } from "./public-schema.ts";
import { bundleSpecs, hostSpecs } from "./public-specs.ts";
import type { SettingsFault } from "./settings.ts";

/**
 * What is wrong with a stack's machines and nodes once their settings are well-formed: sizes, spread, clients that do not go together, keys
 * on two nodes, forks that a client does not follow.
 * @param now Unix seconds
 */
export function machineFaults(settings: PublicSettings, now: number): SettingsFault[] {
  const bundles = bundleSpecs(settings);
  const placed = bundles.map((spec, index) => ({ host: settings.nodes[index]?.host ?? "", spec }));
  const nodes = bundleFaults(placed, now, settings.acknowledgedForks).map(({ path, value, message }) => ({
    path: settingOf(settings, path),
    value,
    remedy: message,
  }));
  // Ports come from rendering, which a node with faults may not survive.
  if (nodes.length > 0) return nodes;
  const needs = Object.fromEntries(
    settings.hosts.map(({ name }) => [
      name,
      needsOf(
        placed.filter(({ host }) => host === name).map(({ spec }) => spec),
        (settings.gateway?.host === name ? GATEWAY_MEMORY_MIB : 0) +
          settings.keepers.filter(({ host }) => host === name).reduce((sum, { memoryMiB }) => sum + memoryMiB, 0) +
          monitoringNeed(settings, name).memoryMiB,
        monitoringNeed(settings, name).diskGiB,
      ),
    ]),
  );
  const hosts = hostSpecs(settings, (node) => renderBundle(node).ports);
  return [
    ...hostFaults(hosts, needs, settings.fleet).map(({ path, value, message }) => ({ path, value, remedy: message })),
    ...monitoringPortFaults(settings, placed, hosts),
  ];
}

/** A fault's path begins with the node's name; the settings have a list. */
function settingOf({ nodes }: PublicSettings, path: string): string {
  const [name = ""] = path.split(".");
  const index = nodes.findIndex((node) => node.name === name);
  if (index < 0) return path;
  return `nodes[${index}]${path.slice(name.length)}`.replace(".validator.signer.", ".validator.web3signer.");
}
