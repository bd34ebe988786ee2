import { join } from "node:path";
import type { ExecutionSpec, NetworkSpec, Place, ProcessSpec } from "../spec.ts";
import { executionPorts } from "./ports.ts";

/** EthereumJS as an execution client of a devnet: the one that comes with npm. */
export function renderEthereumjs(client: ExecutionSpec, place: Place, { files }: NetworkSpec): ProcessSpec {
  const { rpcPort, enginePort, p2pPort } = client;
  return {
    name: place.process,
    command: "node",
    args: [
      "devnet/clients/ethereumjs.mjs",
      "--gethGenesis",
      files.executionGenesisFile,
      "--dataDir",
      join(files.directory, place.folder),
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
    ports: executionPorts(client, place),
    readiness: { url: `http://127.0.0.1:${rpcPort}`, kind: "json-rpc", timeoutSeconds: 60 },
    stopGraceSeconds: 10,
  };
}
