import { executionMemory, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ExecutionDefinition } from "./types.ts";

/** Nethermind. Options: https://docs.nethermind.io/fundamentals/configuration */
export const nethermind: ExecutionDefinition = {
  image: "nethermind",
  stopSignal: "SIGINT",
  // About 7 GiB in use on mainnet, more while it prunes.
  memoryMiB: executionMemory(12_288, 8_192),
  // .NET writes beside the binary and in /tmp in ways that differ by version.
  readOnly: false,
  // /health says 503 for as long as it syncs, which can be hours; a port that answers is what a container can be judged by.
  healthCheck: tcpCheck(PORTS.executionRpc),
  metricsPath: "/metrics",
  args: ({ network, p2pPort }) => [
    `--config=${network}`,
    // Databases, keys and logs all go below it.
    `--data-dir=${DATA}`,
    `--Network.P2PPort=${p2pPort}`,
    `--Network.DiscoveryPort=${p2pPort}`,
    "--JsonRpc.Enabled=true",
    "--JsonRpc.Host=0.0.0.0",
    `--JsonRpc.Port=${PORTS.executionRpc}`,
    "--JsonRpc.EngineHost=0.0.0.0",
    `--JsonRpc.EnginePort=${PORTS.engine}`,
    `--JsonRpc.JwtSecretFile=${JWT}`,
    "--Metrics.Enabled=true",
    "--Metrics.ExposeHost=0.0.0.0",
    `--Metrics.ExposePort=${PORTS.executionMetrics}`,
    "--HealthChecks.Enabled=true",
  ],
};
