import { join } from "node:path";
import type { NetworkSpec, NodeSpec, ProcessSpec } from "../spec.ts";

/** EthereumJS as the execution client of a devnet: the one that comes with npm. */
export function renderEthereumjs(node: NodeSpec, { files }: NetworkSpec): ProcessSpec {
  const { rpcPort, enginePort, p2pPort } = node.execution;
  return {
    name: `${node.name}-execution`,
    command: "node",
    args: [
      "node_modules/@ethereumjs/client/dist/esm/bin/cli.js",
      "--gethGenesis",
      files.executionGenesisFile,
      "--dataDir",
      join(files.directory, "execution"),
      "--saveReceipts",
      "true",
      "--isSingleNode",
      "true",
      "--discV4",
      "false",
      "--discDns",
      "false",
      "--mine",
      "false",
      "--port",
      String(p2pPort),
      "--rpc",
      "--rpcAddr",
      "127.0.0.1",
      "--rpcPort",
      String(rpcPort),
      "--rpcEngine",
      "--rpcEngineAddr",
      "127.0.0.1",
      "--rpcEnginePort",
      String(enginePort),
      "--jwtSecret",
      files.jwtFile,
    ],
    environment: {},
    ports: { "execution.rpcPort": rpcPort, "execution.enginePort": enginePort, "execution.p2pPort": p2pPort },
    readiness: { url: `http://127.0.0.1:${rpcPort}`, kind: "json-rpc", timeoutSeconds: 60 },
    stopGraceSeconds: 10,
  };
}
