import { executionMemory, tcpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ExecutionDefinition } from "./types.ts";

/** Reth. Options: https://reth.rs/cli/reth/node */
export const reth: ExecutionDefinition = {
  image: "reth",
  stopSignal: "SIGINT",
  // No published figure of its use; its database is mapped into memory, which the kernel gives back under pressure.
  memoryMiB: executionMemory(16_384, 8_192),
  readOnly: true,
  healthCheck: tcpCheck(PORTS.executionRpc),
  metricsPath: "/metrics",
  args: ({ network, p2pPort }) => [
    "node",
    `--chain=${network}`,
    `--datadir=${DATA}`,
    // Without it Reth is an archive node.
    "--full",
    `--port=${p2pPort}`,
    `--discovery.port=${p2pPort}`,
    `--discovery.v5.port=${p2pPort}`,
    "--http",
    "--http.addr=0.0.0.0",
    `--http.port=${PORTS.executionRpc}`,
    "--http.api=eth,net,web3",
    "--authrpc.addr=0.0.0.0",
    `--authrpc.port=${PORTS.engine}`,
    `--authrpc.jwtsecret=${JWT}`,
    `--metrics=0.0.0.0:${PORTS.executionMetrics}`,
    "--ipcdisable",
    // Its log files would go to a home that cannot be written; Docker keeps the log.
    "--log.file.max-files=0",
  ],
};
