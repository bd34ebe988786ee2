import { join } from "node:path";
import { renderEthereumjs } from "./clients/ethereumjs.ts";
import { gethSocket, renderGeth } from "./clients/geth.ts";
import { lodestarTokenFile, renderLodestarBeaconNode, renderLodestarValidatorClient } from "./clients/lodestar.ts";
import type { NetworkSpec, NodeSpec, Place, ProcessSpec } from "./spec.ts";

/** A node as processes of this machine. */
export interface RenderedNode {
  /** The primary first, as everywhere. */
  readonly execution: readonly ProcessSpec[];
  readonly beacons: readonly RenderedBeacon[];
  readonly validator: ProcessSpec;
  /** JSON-RPC of each execution client. */
  readonly executionRpcs: readonly string[];
  /** API of each beacon node, in the order in which the validator client turns to them. */
  readonly beaconApis: readonly string[];
  readonly keymanager: { readonly url: string; readonly tokenFile: string };
}

/** A beacon node, and which of the node's execution clients it drives. */
export interface RenderedBeacon {
  readonly process: ProcessSpec;
  readonly executionIndex: number;
}

/** Turns a node's specification into the processes that run it. Pure: same specification, same result. */
export function renderNode(node: NodeSpec, network: NetworkSpec): RenderedNode {
  const execution = node.execution.map((client, index) => {
    const render = { ethereumjs: renderEthereumjs, geth: renderGeth }[client.client];
    return render(client, placeOf(node, "execution", index), network);
  });
  const beacons = node.consensus.map((client, index): RenderedBeacon => {
    // A standby has the standby execution client where there is one, as on public networks (bundle/render.ts).
    const executionIndex = Math.min(index, node.execution.length - 1);
    const driven = node.execution[executionIndex];
    if (!driven) throw new Error(`node ${node.name} has no execution client`);
    const { folder } = placeOf(node, "execution", executionIndex);
    const ipcPath = driven.client === "geth" ? gethSocket(folder, network.files) : undefined;
    const place = placeOf(node, "beacon", index);
    return { process: renderLodestarBeaconNode(client, { ...driven, ipcPath }, place, network), executionIndex };
  });
  const beaconApis = node.consensus.map(({ restPort }) => `http://127.0.0.1:${restPort}`);
  const { index: _index, ...place } = placeOf(node, "validator", 0);
  return {
    execution,
    beacons,
    validator: renderLodestarValidatorClient(node.validator, beaconApis, place, network),
    executionRpcs: node.execution.map(({ rpcPort }) => `http://127.0.0.1:${rpcPort}`),
    beaconApis,
    keymanager: {
      url: `http://127.0.0.1:${node.validator.keymanagerPort}`,
      tokenFile: lodestarTokenFile(place, network),
    },
  };
}

/** Names and folders of a client: `node-1-beacon-standby` keeps its data in `beacon/node-1-standby`. */
function placeOf({ name }: NodeSpec, kind: "execution" | "beacon" | "validator", index: number): Place {
  const suffix = index === 0 ? "" : "-standby";
  return { index, process: `${name}-${kind}${suffix}`, folder: join(kind, `${name}${suffix}`) };
}
