import { executionMemory, httpCheck } from "./common.ts";
import { DATA, JWT, PORTS, type ExecutionDefinition } from "./types.ts";

/** Besu. Options: https://besu.hyperledger.org/public-networks/reference/cli/options */
export const besu: ExecutionDefinition = {
  image: "besu",
  // The image's entry script starts as root, sets owners and drops; this container is not root to begin with.
  entrypoint: ["/opt/besu/bin/besu"],
  stopSignal: "SIGTERM",
  // About 10 GiB in use on mainnet.
  memoryMiB: executionMemory(12_288, 8_192),
  readOnly: true,
  executableTmp: true,
  // 5 GiB of heap are enough on mainnet; RocksDB takes the rest.
  environment: (memoryMiB) => ({ JAVA_OPTS: `-Xmx${Math.min(5_120, Math.floor(memoryMiB * 0.45))}m` }),
  healthCheck: httpCheck(PORTS.executionRpc, "/liveness"),
  metricsPath: "/metrics",
  args: ({ network, p2pPort }) => [
    `--network=${network}`,
    `--data-path=${DATA}`,
    `--p2p-port=${p2pPort}`,
    "--nat-method=DOCKER",
    "--rpc-http-enabled=true",
    "--rpc-http-host=0.0.0.0",
    `--rpc-http-port=${PORTS.executionRpc}`,
    // Also guards the metrics, which Prometheus asks for by the host's address.
    "--host-allowlist=*",
    "--engine-host-allowlist=*",
    `--engine-rpc-port=${PORTS.engine}`,
    `--engine-jwt-secret=${JWT}`,
    "--metrics-enabled=true",
    "--metrics-host=0.0.0.0",
    `--metrics-port=${PORTS.executionMetrics}`,
  ],
};
