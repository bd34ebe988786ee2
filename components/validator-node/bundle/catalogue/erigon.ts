import { executionMemory, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ExecutionDefinition } from "./types.ts";

/** Erigon 3. Options: https://docs.erigon.tech/fundamentals/configuring-erigon */
export const erigon: ExecutionDefinition = {
  image: "erigon",
  // The image's own STOPSIGNAL.
  stopSignal: "SIGINT",
  // No published figure of its use; its database is mapped into memory, which the kernel gives back under pressure.
  memoryMiB: executionMemory(16_384, 8_192),
  readOnly: true,
  healthCheck: tcpCheck(PORTS.executionRpc),
  metricsPath: "/debug/metrics/prometheus",
  args: ({ network, p2pPort }) => [
    `--chain=${network}`,
    `--datadir=${DATA}`,
    "--prune.mode=full",
    // Caplin, its own consensus client, would start otherwise.
    "--externalcl=true",
    `--port=${p2pPort}`,
    "--nat=any",
    "--http",
    "--http.addr=0.0.0.0",
    `--http.port=${PORTS.executionRpc}`,
    // Its engine API wants `engine` in this list, too.
    "--http.api=web3,eth,net,engine",
    "--http.vhosts=*",
    "--authrpc.addr=0.0.0.0",
    `--authrpc.port=${PORTS.engine}`,
    "--authrpc.vhosts=*",
    `--authrpc.jwtsecret=${JWT}`,
    "--metrics",
    "--metrics.addr=0.0.0.0",
    `--metrics.port=${PORTS.executionMetrics}`,
  ],
};
