import { join } from "node:path";
import type { NetworkSpec, NodeSpec, ProcessSpec } from "../spec.ts";

/** geth from the PATH as the execution client of a devnet. */
export function renderGeth(node: NodeSpec, { chainId, files }: NetworkSpec): ProcessSpec {
  const { rpcPort, enginePort, p2pPort } = node.execution;
  const dataDirectory = join(files.directory, "execution");
  return {
    name: `${node.name}-execution`,
    command: "geth",
    // The path scheme forgets its blocks when it is killed on a young chain; the hash scheme with archive loses only a few.
    prepare: ["init", "--state.scheme=hash", "--datadir", dataDirectory, files.executionGenesisFile],
    args: [
      "--datadir",
      dataDirectory,
      "--networkid",
      String(chainId),
      "--state.scheme=hash",
      "--gcmode=archive",
      "--syncmode=full",
      "--nodiscover",
      "--maxpeers=0",
      "--ipcdisable",
      "--cache=64",
      "--port",
      String(p2pPort),
      "--http",
      "--http.addr=127.0.0.1",
      "--http.port",
      String(rpcPort),
      "--http.api=eth,net,web3,txpool",
      "--authrpc.addr=127.0.0.1",
      "--authrpc.port",
      String(enginePort),
      "--authrpc.jwtsecret",
      files.jwtFile,
      "--miner.gasprice=1",
    ],
    environment: {},
    ports: { "execution.rpcPort": rpcPort, "execution.enginePort": enginePort, "execution.p2pPort": p2pPort },
    readiness: { url: `http://127.0.0.1:${rpcPort}`, kind: "json-rpc", timeoutSeconds: 60 },
    stopGraceSeconds: 10,
  };
}
