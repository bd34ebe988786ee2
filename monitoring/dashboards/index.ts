import type { Board } from "./panels.ts";
import { fleet, node } from "./operations.ts";
import { keepers, protocol } from "./protocol.ts";
import { blockProposals, slashingRisk, validatorUptime } from "./validators.ts";

/** Dashboards by name of file. */
export function dashboards(): Map<string, Board> {
  return new Map([
    ["validator_uptime.json", validatorUptime()],
    ["block_proposals.json", blockProposals()],
    ["slashing_risk.json", slashingRisk()],
    ["fleet.json", fleet()],
    ["protocol.json", protocol()],
    ["keepers.json", keepers()],
    ["node.json", node()],
  ]);
}

/** Dashboards as Grafana's provisioning reads them, by name of file. */
export function dashboardFiles(): Map<string, string> {
  return new Map([...dashboards()].map(([name, board]) => [name, `${JSON.stringify(board, null, 2)}\n`]));
}
