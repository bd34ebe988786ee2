import { executionMemory, wgetCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ExecutionDefinition } from "./types.ts";

/** geth. Options: https://geth.ethereum.org/docs/fundamentals/command-line-options */
export const geth: ExecutionDefinition = {
  image: "geth",
  stopSignal: "SIGTERM",
  // About 8 GiB in use on mainnet.
  memoryMiB: executionMemory(10_240, 6_144),
  readOnly: true,
  // geth answers an empty GET with 200, for health checks.
  healthCheck: wgetCheck(PORTS.executionRpc, "/"),
  metricsPath: "/debug/metrics/prometheus",
  args: ({ network, p2pPort }) => [
    `--${network}`,
    `--datadir=${DATA}`,
    `--port=${p2pPort}`,
    "--http",
    "--http.addr=0.0.0.0",
    `--http.port=${PORTS.executionRpc}`,
    "--http.api=eth,net,web3",
    "--authrpc.addr=0.0.0.0",
    `--authrpc.port=${PORTS.engine}`,
    "--authrpc.vhosts=*",
    `--authrpc.jwtsecret=${JWT}`,
    "--metrics",
    "--metrics.addr=0.0.0.0",
    `--metrics.port=${PORTS.executionMetrics}`,
    "--ipcdisable",
    // Hoodi was born merged: there is nothing before the merge to leave out.
    ...(network === "hoodi" ? [] : ["--history.chain=postmerge"]),
  ],
};
