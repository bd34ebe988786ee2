/** How far validators are apart: one provider's or region's outage must not take too many of them. Pure. */
import type { FleetRules, HostFault, HostNeed } from "./faults.ts";
import type { HostSpec } from "./spec.ts";

/** A fleet of so few hosts cannot be spread. */
const SMALL_FLEET = 2;

/** Where hosts with validators are, as far as one outage may reach. */
function provider({ name, target }: HostSpec): string {
  // Who runs a machine of one's own is not known: each counts for itself.
  return target.kind === "ssh" || target.kind === "local" ? `${target.kind} ${name}` : target.kind;
}

function region(host: HostSpec): string {
  const { target } = host;
  switch (target.kind) {
    case "hetzner":
      return `${target.kind} ${target.location}`;
    case "aws":
    case "digitalocean":
      return `${target.kind} ${target.region}`;
    default:
      return provider(host);
  }
}

/** Faults of the spread; none for fleets of one or two hosts with validators. */
export function spreadFaults(
  hosts: readonly HostSpec[],
  needs: Readonly<Record<string, HostNeed>>,
  { maxProviderShare, maxRegionShare }: FleetRules,
): HostFault[] {
  const weighted = hosts
    .map((host, index) => ({ host, index, nodes: needs[host.name]?.validatorNodes ?? 1 }))
    .filter(({ host, nodes }) => host.hasValidators && nodes > 0);
  const total = weighted.reduce((sum, { nodes }) => sum + nodes, 0);
  const check = (
    setting: keyof FleetRules,
    most: number | undefined,
    what: string,
    placeOf: (host: HostSpec) => string,
  ) => {
    if (most === undefined) return [];
    if (!(most > 0 && most <= 1)) {
      return [{ path: `fleet.${setting}`, value: most, message: "must be a share above 0 and at most 1, e.g. 0.5" }];
    }
    if (weighted.length <= SMALL_FLEET) return [];
    return [...new Set(weighted.map(({ host }) => placeOf(host)))].flatMap((place): HostFault[] => {
      const here = weighted.filter(({ host }) => placeOf(host) === place);
      const nodes = here.reduce((sum, item) => sum + item.nodes, 0);
      // The little more is for shares that floating point cannot hold.
      if (nodes <= total * most + 1e-6) return [];
      const names = here.map(({ host }) => host.name).join(", ");
      const allowed = Math.floor(total * most + 1e-6);
      const message = `allows ${allowed} of ${total} nodes with validators at one ${what}, and ${place} has ${nodes} (${names}): move ${nodes - allowed}, or raise it`;
      return [{ path: `fleet.${setting}`, value: most, message }];
    });
  };
  return [
    ...check("maxProviderShare", maxProviderShare, "provider", provider),
    ...check("maxRegionShare", maxRegionShare, "region", region),
  ];
}
