import { join } from "node:path";
import type { ExecutionSpec, NetworkSpec, Place, ProcessSpec } from "../spec.ts";
import { executionPorts } from "./ports.ts";

/** Most characters that macOS allows for the path of a socket, and geth accepts; Linux allows four more. */
const LONGEST_SOCKET_PATH = 103;

/** geth from the PATH as an execution client of a devnet. */
export function renderGeth(client: ExecutionSpec, place: Place, { chainId, files }: NetworkSpec): ProcessSpec {
  const { rpcPort, enginePort, p2pPort } = client;
  const dataDirectory = join(files.directory, place.folder);
  const ipcPath = gethSocket(place.folder, files);
  return {
    name: place.process,
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
      // The launcher of the beacon nodes makes the geths of a network peers, over this socket: its user alone can open it.
      ...(ipcPath
        ? ["--maxpeers=16", "--netrestrict=127.0.0.0/8", "--nat=none", `--ipcpath=${ipcPath}`]
        : ["--maxpeers=0", "--ipcdisable"]),
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
    ports: executionPorts(client, place),
    readiness: { url: `http://127.0.0.1:${rpcPort}`, kind: "json-rpc", timeoutSeconds: 60 },
    stopGraceSeconds: 10,
  };
}

/** Where geth takes administrative calls; undefined when the path is too long for a socket. */
export function gethSocket(folder: string, { directory }: NetworkSpec["files"]): string | undefined {
  const path = join(directory, folder, "geth.ipc");
  return path.length <= LONGEST_SOCKET_PATH ? path : undefined;
}
