import type { MevBoostSettings, PublicNetwork } from "../spec.ts";
import { fixedMemory, wgetCheck } from "./common.ts";
import { PORTS, type ContainerFacts } from "./types.ts";

/** mev-boost. Options: https://github.com/flashbots/mev-boost/blob/develop/cli/flags.go */
export const mevBoost: ContainerFacts = {
  image: "mev-boost",
  stopSignal: "SIGTERM",
  memoryMiB: fixedMemory(512),
  readOnly: true,
  // With -relay-check the status is that of the relays: a node whose relays are all gone shows it.
  healthCheck: wgetCheck(PORTS.mevBoost, "/eth/v1/builder/status"),
  metricsPath: "/metrics",
};

/** mev-boost's command line. */
export function mevBoostArgs(network: PublicNetwork, settings: MevBoostSettings): string[] {
  return [
    "-addr",
    `0.0.0.0:${PORTS.mevBoost}`,
    `-${network}`,
    "-relay-check",
    "-relays",
    settings.relays.join(","),
    "-min-bid",
    settings.minBidEther,
    "-metrics",
    "-metrics-addr",
    `0.0.0.0:${PORTS.mevBoostMetrics}`,
  ];
}
