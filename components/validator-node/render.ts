import { renderEthereumjs } from "./clients/ethereumjs.ts";
import { renderGeth } from "./clients/geth.ts";
import { lodestarTokenFile, renderLodestarBeaconNode, renderLodestarValidatorClient } from "./clients/lodestar.ts";
import type { NetworkSpec, NodeSpec, ProcessSpec } from "./spec.ts";

/** A node as processes of this machine. */
export interface RenderedNode {
  readonly execution: ProcessSpec;
  readonly beacon: ProcessSpec;
  readonly validator: ProcessSpec;
  readonly executionRpc: string;
  readonly beaconApi: string;
  readonly keymanager: { readonly url: string; readonly tokenFile: string };
}

/** Turns a node's specification into the processes that run it. Pure: same specification, same result. */
export function renderNode(node: NodeSpec, network: NetworkSpec): RenderedNode {
  const renderExecution = { ethereumjs: renderEthereumjs, geth: renderGeth }[node.execution.client];
  return {
    execution: renderExecution(node, network),
    beacon: renderLodestarBeaconNode(node, network),
    validator: renderLodestarValidatorClient(node, network),
    executionRpc: `http://127.0.0.1:${node.execution.rpcPort}`,
    beaconApi: `http://127.0.0.1:${node.consensus.restPort}`,
    keymanager: { url: `http://127.0.0.1:${node.validator.keymanagerPort}`, tokenFile: lodestarTokenFile(network) },
  };
}
